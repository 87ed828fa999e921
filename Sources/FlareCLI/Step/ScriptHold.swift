import FlareClient
import FlareModel
import Synchronization

/// The connection that tells the engine that a script is being run, and this command that it must stop.
///
/// An engine that went away is not started for it: the next step does that.
final class ScriptHold: Sendable {
    private let run: ShellAttachmentBody
    private let shell: Shell
    private let onRevoked: @Sendable (String) -> Void
    private let phase = Mutex(Phase.held)

    private enum Phase {
        case held
        case revoked
        /// The script has ended, and its instance will with it.
        case released
    }

    init(run: ShellAttachmentBody, shell: Shell, onRevoked: @escaping @Sendable (String) -> Void) {
        self.run = run
        self.shell = shell
        self.onRevoked = onRevoked
    }

    /// Ends the holding, unless the instance was taken away before; returns whether it was.
    func release() -> Bool {
        phase.withLock { phase in
            if phase == .held { phase = .released }
            return phase == .revoked
        }
    }

    /// Holds until cancelled or revoked.
    func hold() async {
        while !Task.isCancelled, phase.withLock({ $0 == .held }) {
            do {
                try await holdOnce()
            } catch let error as FlareError where error.code == .instanceNotFound || error.code == .workflowNotFound {
                revoke("the instance was deleted")
            } catch {
                // The engine has gone, or is about to come back.
            }
            // Cancelled when the script has ended: then there is nothing to hold.
            guard (try? await StepEngine.pause(.milliseconds(200))) != nil else { return }
        }
    }

    private func holdOnce() async throws {
        guard let info = shell.launcher.running() else { return }
        let path = StepInstance(workflow: run.workflow, id: run.instance, attachment: run.attachment).path
        let response = try await EngineClient(socketPath: info.socketPath).send(
            "GET",
            path + "/hold",
            query: [("attachment", "\(run.attachment)")]
        )
        for try await line in try await response.check().lines() {
            let word = try FlareJSON.decode(ShellHoldBody.self, from: line)
            if word.event == .revoked { revoke(word.message ?? "the instance was taken away") }
        }
    }

    private func revoke(_ reason: String) {
        let isNews = phase.withLock { phase in
            guard phase == .held else { return false }
            phase = .revoked
            return true
        }
        if isNews { onRevoked(reason) }
    }
}

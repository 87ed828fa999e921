import FlareModel
import FoundationEssentials
import Glibc

/// The program `flare-engine`: one engine on one state directory, until it is told to stop.
package enum EngineProgram {
    /// Runs until a graceful stop.
    ///
    /// Returns the exit status of the process.
    package static func run(_ options: EngineOptions) async -> Int32 {
        // Everything that the engine creates is the owner's alone, the socket too.
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        let readiness = Readiness(descriptor: options.readyDescriptor)
        do {
            try createDirectories(options.state)
            try await Engine(options, readiness: readiness).run()
            // An engine that could not announce itself has stopped by itself.
            if let failure = readiness.failure { throw failure }
            return 0
        } catch {
            let failure =
                error as? FlareError ?? FlareError(.internalError, "the engine failed: \(error)", cause: error)
            readiness.failed(failure)
            let hint = failure.hint.map { "  \($0)\n" } ?? ""
            let text = Array("error: \(failure.message)\n\(hint)".utf8)
            _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            return failure.code.exitStatus
        }
    }

    private static func createDirectories(_ state: StateDirectory) throws {
        do {
            for path in [state.path, state.streams, state.objects, state.workers, state.runtime] {
                try FileManager.default.createDirectory(
                    atPath: path,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            }
        } catch {
            throw FlareError(
                .permissionDenied,
                "the state directory \(state.path) cannot be written",
                hint: "choose another with --state DIR or FLARE_STATE",
                cause: error
            )
        }
    }
}

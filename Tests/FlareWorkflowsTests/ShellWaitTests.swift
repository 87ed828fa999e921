import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Foundation
import Testing

@Suite("Pauses and bounds of scripts", .timeLimit(.minutes(5)))
struct ShellWaitTests {
    private func pause(
        _ kind: ShellStepBody.Kind,
        _ attachment: Int64?,
        seconds: Int64
    ) -> ShellStepBody {
        var body = ShellStepBody(
            call: Identifier.uuid(),
            process: ShellRunTests.gone,
            attachment: attachment,
            kind: kind,
            name: "go"
        )
        body.milliseconds = seconds * 1_000
        body.eventType = kind == .wait ? "go" : nil
        return body
    }

    @Test("a sleep keeps the deadline of its first sight over a lost runner")
    func sleeps() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let run = try await ShellRunTests.attach(service)
        let first = try await service.beginShellStep(pause(.sleep, run.attachment, seconds: 60), of: "one", "flow")
        #expect(first.decision == .wait)
        harness.time.advance(by: .seconds(40))
        let next = try await ShellRunTests.attach(service)
        let body = pause(.sleep, next.attachment, seconds: 60)
        #expect(try await service.beginShellStep(body, of: "one", "flow").until == first.until)
        harness.time.advance(by: .seconds(20))
        let end = try await service.awaitShellStep(body.call, of: "one", "flow", until: service.now + .seconds(60))
        #expect(end.decision == .done)
    }

    @Test("an event ends a wait, whether it came before or comes later, and is replayed")
    func waits() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let run = try await ShellRunTests.attach(service)
        let payload = try TaggedJSON.escape(json: Array(#"{"n":1}"#.utf8))
        let early = pause(.wait, run.attachment, seconds: 60)
        _ = try await service.sendEvent("go", payload: payload, to: "one", of: "flow")
        let first = try await service.beginShellStep(early, of: "one", "flow")
        #expect(first.payload == .object(["n": .integer(1)]))

        let late = pause(.wait, run.attachment, seconds: 60)
        #expect(try await service.beginShellStep(late, of: "one", "flow").decision == .wait)
        async let answer = service.awaitShellStep(late.call, of: "one", "flow", until: service.now + .seconds(60))
        _ = try await service.sendEvent("go", payload: Array("2".utf8), to: "one", of: "flow")
        #expect(try await answer.payload == .integer(2))

        let next = try await ShellRunTests.attach(service)
        let replay = pause(.wait, next.attachment, seconds: 60)
        #expect(try await service.beginShellStep(replay, of: "one", "flow").payload == .object(["n": .integer(1)]))
    }

    @Test("a wait that nothing came for fails, and waits anew in the next run of the script")
    func expires() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let run = try await ShellRunTests.attach(service)
        let body = pause(.wait, run.attachment, seconds: 60)
        _ = try await service.beginShellStep(body, of: "one", "flow")
        harness.time.advance(by: .seconds(60))
        let end = try await service.awaitShellStep(body.call, of: "one", "flow", until: service.now)
        #expect(end.decision == .failed)
        let next = try await ShellRunTests.attach(service)
        let again = pause(.wait, next.attachment, seconds: 60)
        #expect(try await service.beginShellStep(again, of: "one", "flow").until == service.now + .seconds(60))
    }

    @Test("output is kept up to its bound, and what is missing is counted")
    func bounded() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let run = try await ShellRunTests.attach(service)
        let large = String(repeating: "x", count: Limits.shellStepOutputBytesMax + 10)
        try await ShellRunTests.step(service, ShellRunTests.command("s", run.attachment), large)
        let next = try await ShellRunTests.attach(service)
        let replay = ShellRunTests.command("s", next.attachment)
        let answer = try await service.beginShellStep(replay, of: "one", "flow")
        #expect(answer.output?.map(\.bytes.count).reduce(0, +) == Limits.shellStepOutputBytesMax)
        #expect(answer.omittedBytes == 10)
    }

    @Test("steps without a script are known by their names alone, and refused beside one")
    func alone() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let body = ShellRunTests.command("s", nil)
        #expect(try await service.beginLoneStep(body, of: "ci", "shell").decision == .run)
        _ = try await service.endShellStep(ShellRunTests.end(body.call, "out"), of: "ci", "shell")
        let again = try await service.beginLoneStep(ShellRunTests.command("s", nil), of: "ci", "shell")
        #expect(again.decision == .done && again.occurrence == 1)
        await #expect(throws: FlareError.self) {
            try await service.create(NewInstance(id: "other", trigger: .api), of: "shell")
        }
    }

    @Test("terminating an instance refuses its next step, and it cannot be gone on with")
    func terminated() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let run = try await ShellRunTests.attach(service)
        _ = try await service.terminate("one", of: "flow")
        let error = await #expect(throws: FlareError.self) {
            try await service.beginShellStep(ShellRunTests.command("s", run.attachment), of: "one", "flow")
        }
        #expect(error?.message.contains("terminated") == true)
        await #expect(throws: FlareError.self) { try await ShellRunTests.attach(service) }
    }
}

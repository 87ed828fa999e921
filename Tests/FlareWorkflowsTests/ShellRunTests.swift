import FlareModel
import FlareStore
import FlareWorkflows
import Foundation
import Testing

@Suite("Runs of scripts", .timeLimit(.minutes(5)))
struct ShellRunTests {
    /// A process that was never there.
    static let gone = ProcessIdentity(pid: Int32.max, startTicks: 1)

    static func attach(_ service: WorkflowService, hash: String = "1") async throws -> ShellAttachmentBody {
        try await service.attachShell(
            ShellAttachBody(script: "/x/flow.sh", scriptHash: hash, instanceID: "one", params: nil, process: gone),
            to: "flow"
        )
    }

    static func command(
        _ name: String,
        _ attachment: Int64?,
        call: String = Identifier.uuid(),
        _ words: [String] = ["true"],
        key: String? = nil,
        retries: Int = 0,
        onChange: ShellStepBody.OnChange = .fail
    ) -> ShellStepBody {
        var body = ShellStepBody(
            call: call,
            process: gone,
            attachment: attachment,
            kind: .command,
            name: name,
            key: key
        )
        body.command = words
        body.config = StepConfig(
            retries: .init(limit: retries, delay: 1_000, backoff: .constant),
            timeout: 600_000
        )
        body.onChange = onChange
        return body
    }

    static func end(
        _ call: String,
        attempt: Int = 1,
        status: Int32 = 0,
        _ output: String = "",
        outcome: ShellAttemptEndBody.Outcome = .exited
    ) -> ShellAttemptEndBody {
        let piece = ShellOutputBody(stream: .stdout, bytes: Data(output.utf8))
        return ShellAttemptEndBody(
            call: call,
            attempt: attempt,
            outcome: outcome,
            exitStatus: status,
            output: output.isEmpty ? [] : [piece],
            omittedBytes: 0
        )
    }

    /// Runs a step to its end; nil when it was replayed.
    @discardableResult
    static func step(
        _ service: WorkflowService,
        _ body: ShellStepBody,
        status: Int32 = 0,
        _ output: String = ""
    ) async throws -> ShellStepAnswerBody? {
        let begun = try await service.beginShellStep(body, of: "one", "flow")
        guard begun.decision == .run else { return nil }
        let end = end(body.call, attempt: begun.attempt ?? 0, status: status, output)
        return try await service.endShellStep(end, of: "one", "flow")
    }

    @Test("a runner that is back before its first connection is known to be gone goes on running")
    func heldTwice() async throws {
        let (_, service) = try service()
        let attachment = try await Self.attach(service).attachment
        func hold() async -> Task<Void, any Error> {
            let isHeld = Wake()
            let task = Task {
                try await service.holdShell(attachment, of: "one", "flow") { word in
                    if word.event == .attached { isHeld.notify() }
                }
            }
            await isHeld.wait()
            return task
        }
        let (first, second) = (await hold(), await hold())
        first.cancel()
        _ = await first.result
        #expect(try await service.detail("one", of: "flow").status == .running)
        second.cancel()
        _ = await second.result
        #expect(try await service.detail("one", of: "flow").status == .queued)
    }

    @Test("whoever waits for a script to run is told when its runner comes back to a new engine")
    func waitsForRunner() async throws {
        let (_, service) = try service()
        let attachment = try await Self.attach(service).attachment
        let cut = ShellEndBody(attachment: attachment, exitStatus: nil)
        try await service.endShell(cut, of: "one", "flow")
        #expect(try await service.detail("one", of: "flow").status == .queued)
        async let waiting = service.wait(
            for: "one",
            of: "flow",
            goal: .status(.running),
            until: service.now + .seconds(60)
        )
        for _ in 0..<1_000 { await Task.yield() }
        let holding = Task { try await service.holdShell(attachment, of: "one", "flow") { _ in } }
        #expect(try await waiting.status == .running)
        holding.cancel()
        _ = await holding.result
    }

    private func service() throws -> (Harness, WorkflowService) {
        let harness = try Harness()
        return (harness, harness.service { _ in "null" })
    }

    @Test("each attachment counts the occurrences of a name anew, and a call told twice gets the same step")
    func occurrences() async throws {
        let (_, service) = try service()
        let first = try await Self.attach(service)
        let a = Self.command("loop", first.attachment)
        #expect(try await service.beginShellStep(a, of: "one", "flow").occurrence == 1)
        let again = try await service.beginShellStep(a, of: "one", "flow")
        #expect(again.occurrence == 1 && again.decision == .run && again.attempt == 1)
        _ = try await service.endShellStep(Self.end(a.call, "A"), of: "one", "flow")
        try await Self.step(service, Self.command("loop", first.attachment), "B")

        let second = try await Self.attach(service)
        #expect(second.attachment > first.attachment && !second.isNew && second.finishedSteps == 2)
        for text in ["A", "B"] {
            let body = Self.command("loop", second.attachment)
            let answer = try await service.beginShellStep(body, of: "one", "flow")
            #expect(answer.decision == .done)
            #expect(answer.output == [ShellOutputBody(stream: .stdout, bytes: Data(text.utf8))])
        }
        let third = try await service.beginShellStep(Self.command("loop", second.attachment), of: "one", "flow")
        #expect(third.decision == .run && third.occurrence == 3)
    }

    @Test("the engine does not try to run a script: no verification, no trigger, no backfill")
    func needsSomebody() async throws {
        let (_, service) = try service()
        _ = try await Self.attach(service)
        func refuses(_ verb: () async throws -> Void) async {
            let error = await #expect(throws: FlareError.self) { try await verb() }
            #expect(error?.message == "workflow \"flow\" is a script, which somebody has to run")
            #expect(error?.hint == "flare workflows run /x/flow.sh")
        }
        await refuses { _ = try await service.verify("flow", history: []) }
        await refuses { _ = try await service.addSchedule("* * * * *", of: .workflow("flow")) }
        await refuses { _ = try await service.triggered("flow") }
        #expect(try await service.schedules(of: .workflow("flow")).isEmpty)
    }

    @Test("an end that is told twice counts once, and one of a cut-off attempt not at all")
    func ends() async throws {
        let (_, service) = try service()
        let run = try await Self.attach(service)
        let body = Self.command("s", run.attachment)
        _ = try await service.beginShellStep(body, of: "one", "flow")
        for _ in 0..<2 {
            let answer = try await service.endShellStep(Self.end(body.call, "x"), of: "one", "flow")
            #expect(answer.decision == .done)
        }
        #expect(try await service.detail("one", of: "flow").steps.first?.attempts?.count == 1)

        let cut = Self.command("t", run.attachment)
        _ = try await service.beginShellStep(cut, of: "one", "flow")
        let next = try await Self.attach(service)
        let other = Self.command("t", next.attachment)
        #expect(try await service.beginShellStep(other, of: "one", "flow").attempt == 2)
        let late = await #expect(throws: FlareError.self) {
            try await service.endShellStep(Self.end(cut.call, "late"), of: "one", "flow")
        }
        #expect(late?.code == .inUse)
    }

    @Test("the steps of an earlier attachment are refused")
    func fenced() async throws {
        let (_, service) = try service()
        let old = try await Self.attach(service)
        _ = try await Self.attach(service)
        let error = await #expect(throws: FlareError.self) {
            try await service.beginShellStep(Self.command("s", old.attachment), of: "one", "flow")
        }
        #expect(error?.message == "another process has gone on with instance \"one\"")
    }

    @Test("while a process runs the script, another one is refused with its number")
    func two() async throws {
        let (_, service) = try service()
        let body = ShellAttachBody(
            script: "/x/flow.sh",
            scriptHash: "1",
            instanceID: "one",
            params: nil,
            process: .current
        )
        _ = try await service.attachShell(body, to: "flow")
        let error = await #expect(throws: FlareError.self) { try await Self.attach(service) }
        #expect(
            error?.message.hasSuffix("is being run by process \(ProcessInfo.processInfo.processIdentifier)") == true
        )
    }

    @Test("a step that fails is tried again after its delay, and all its attempts' output is kept")
    func retries() async throws {
        let (harness, service) = try service()
        let run = try await Self.attach(service)
        let body = Self.command("s", run.attachment, retries: 1)
        _ = try await service.beginShellStep(body, of: "one", "flow")
        let failed = try await service.endShellStep(Self.end(body.call, status: 3, "one "), of: "one", "flow")
        #expect(failed.decision == .wait)
        #expect(try await service.beginShellStep(body, of: "one", "flow").decision == .wait)
        harness.time.advance(by: .seconds(1))
        #expect(try await service.beginShellStep(body, of: "one", "flow").attempt == 2)
        let done = try await service.endShellStep(Self.end(body.call, attempt: 2, "two"), of: "one", "flow")
        #expect(done.decision == .done)
        let again = try await Self.attach(service)
        let replay = try await service.beginShellStep(Self.command("s", again.attachment), of: "one", "flow")
        #expect(replay.output?.map { String(decoding: $0.bytes, as: UTF8.self) }.joined() == "one two")
    }

    @Test("after an error the next run keeps what is complete, with its output, and does the failed step again")
    func goesOn() async throws {
        let (_, service) = try service()
        let run = try await Self.attach(service)
        try await Self.step(service, Self.command("a", run.attachment), "A")
        try await Self.step(service, Self.command("b", run.attachment), status: 3)
        try await service.endShell(ShellEndBody(attachment: run.attachment, exitStatus: 3), of: "one", "flow")
        #expect(try await service.get("one", of: "flow").status == .errored)

        let next = try await Self.attach(service, hash: "2")
        #expect(next.run == 2 && next.finishedSteps == 1)
        let kept = try await service.beginShellStep(Self.command("a", next.attachment), of: "one", "flow")
        #expect(kept.decision == .done)
        #expect(kept.output == [ShellOutputBody(stream: .stdout, bytes: Data("A".utf8))])
        #expect(try await Self.step(service, Self.command("b", next.attachment))?.decision == .done)
        let end = ShellEndBody(attachment: next.attachment, exitStatus: 0)
        for _ in 0..<2 { try await service.endShell(end, of: "one", "flow") }
        let detail = try await service.detail("one", of: "flow")
        #expect(detail.status == .complete && detail.run == 2)
        #expect(detail.steps.map { $0.attempts?.count } == [1, 1])
        #expect(try await Self.attach(service).status == .complete)
    }

    @Test("a changed command is refused with the difference, or run again, or left as it is")
    func changed() async throws {
        let (_, service) = try service()
        let run = try await Self.attach(service)
        try await Self.step(service, Self.command("s", run.attachment, ["echo", "a b"], key: "k"), "old")
        let other = ["echo", "c"]
        let error = await #expect(throws: FlareError.self) {
            try await service.beginShellStep(
                Self.command("s", run.attachment, other, key: "k"),
                of: "one",
                "flow"
            )
        }
        #expect(error?.message.hasSuffix("\n  - echo 'a b'\n  + echo c") == true)
        let keep = Self.command("s", run.attachment, other, key: "k", onChange: .keep)
        #expect(try await service.beginShellStep(keep, of: "one", "flow").decision == .done)
        let rerun = Self.command("s", run.attachment, other, key: "k", onChange: .rerun)
        let answer = try await service.beginShellStep(rerun, of: "one", "flow")
        #expect(answer.decision == .run && answer.attempt == 2)
        _ = try await service.endShellStep(Self.end(rerun.call, attempt: 2, "new"), of: "one", "flow")
        let now = Self.command("s", run.attachment, other, key: "k")
        let replay = try await service.beginShellStep(now, of: "one", "flow")
        #expect(replay.output == [ShellOutputBody(stream: .stdout, bytes: Data("new".utf8))])
    }
}

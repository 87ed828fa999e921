import FlareModel
import FlareStore
import FlareWorkers
import Foundation
import Synchronization
import Testing

@testable import FlareWorkflows

/// What the verbs of instances do to runs of scripts, which nothing but their own process goes on with.
@Suite("Verbs and runs of scripts", .timeLimit(.minutes(5)))
struct ScriptVerbsTests {
    @Test("a script is neither paused nor resumed, so that no Worker is ever looked for")
    func pausing() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "null" }
        let run = try await ShellRunTests.attach(service)
        for verb in [service.pause, service.resume] {
            let error = await #expect(throws: FlareError.self) { try await verb("one", "flow") }
            #expect(error?.code == .invalidArgument)
        }
        #expect(try await service.get("one", of: "flow").status == .running)
        try await service.endShell(ShellEndBody(attachment: run.attachment, exitStatus: 0), of: "one", "flow")
        #expect(try await service.get("one", of: "flow").status == .complete)
    }

    @Test("a replay waits for its script, keeps output and input, and the process of the run before is refused")
    func replaying() async throws {
        let harness = try Harness()
        let service = harness.service(
            invoke: { _ in InvocationResult(value: .object([:]), body: Array("null".utf8)) },
            // Of Workers; a script is none.
            keepsVersion: { _ in false }
        )
        let first = try await ShellRunTests.attach(service)
        try await ShellRunTests.step(service, ShellRunTests.command("a", first.attachment), "A")
        var order = ReplayOrder()
        order.start = .text("a")
        order.force = true
        order.input = Array("{\"n\":2}".utf8)
        try await harness.loop(service) { service in
            #expect(try await service.replay("one", of: "flow", order).run == 2)
            // Whatever the scheduler takes up, it takes up before this one.
            try await service.defineCode("code", harness)
            _ = try await service.create(NewInstance(id: "after", trigger: .api), of: "code")
            _ = try await service.wait(for: "after", of: "code", until: Timestamp(milliseconds: .max))
        }
        let waiting = try await service.detail("one", of: "flow")
        #expect(waiting.status == .queued && waiting.run == 2 && waiting.resumesAt == nil)

        let second = try await ShellRunTests.attach(service)
        #expect(second.run == 2 && second.params == .object(["n": .integer(2)]))
        let old = await #expect(throws: FlareError.self) {
            try await service.beginShellStep(ShellRunTests.command("b", first.attachment), of: "one", "flow")
        }
        #expect(old?.message == "another process has gone on with instance \"one\"")
        #expect(try await ShellRunTests.step(service, ShellRunTests.command("a", second.attachment), "A2") != nil)
        try await ShellRunTests.step(service, ShellRunTests.command("b", second.attachment), status: 3)
        try await service.endShell(ShellEndBody(attachment: second.attachment, exitStatus: 3), of: "one", "flow")

        let third = try await ShellRunTests.attach(service)
        #expect(third.run == 3 && third.params == .object(["n": .integer(2)]))
        order = ReplayOrder()
        order.start = .text("b")
        order.force = true
        order.asNew = true
        try await ShellRunTests.step(service, ShellRunTests.command("b", third.attachment), "B")
        let copy = try await service.replay("one", of: "flow", order).id
        let body = ShellAttachBody(
            script: "/x/flow.sh",
            scriptHash: "1",
            instanceID: copy,
            params: nil,
            process: ShellRunTests.gone
        )
        let other = try await service.attachShell(body, to: "flow")
        let kept = try await service.beginShellStep(
            ShellRunTests.command("a", other.attachment),
            of: copy,
            "flow"
        )
        #expect(kept.decision == .done)
        #expect(kept.output == [ShellOutputBody(stream: .stdout, bytes: Data("A2".utf8))])
    }

    @Test("a script gets no schedule, and one that it has keeps no other from its time")
    func schedules() async throws {
        let fixture = try await ScheduleFixture.make()
        let service = fixture.service
        let body = ShellAttachBody(
            script: "/x/script.sh",
            scriptHash: "1",
            instanceID: "one",
            params: nil,
            process: ShellRunTests.gone
        )
        _ = try await service.attachShell(body, to: "script")
        let error = await #expect(throws: FlareError.self) {
            try await service.addSchedule("* * * * *", of: .workflow("script"))
        }
        #expect(error?.code == .invalidArgument)
        // As one is that was added before its workflow became a script's.
        try await fixture.harness.database.write { [now = fixture.harness.time.now()] transaction in
            let cron = try CronExpression("* * * * *")
            let schedule = ScheduleRecord(target: .workflow("script"), cron: cron, source: .config, at: now)
            try schedule.save(in: transaction)
        }
        _ = try await service.addSchedule("* * * * *", of: .workflow("flow"))
        fixture.harness.time.advance(by: .seconds(60))
        _ = try await service.runDueSchedules()
        #expect(try await service.schedules(of: .workflow("flow")).first?.last?.status == "queued")
        #expect(try await service.schedules(of: .workflow("script")).isEmpty)
    }

    @Test("code of a deleted instance is never taken for that of a later one")
    func numbers() async throws {
        let harness = try Harness()
        let first = Mutex<Invocation?>(nil)
        let (second, end) = (Wake(), Wake())
        let service = harness.service(invoke: { invocation in
            let isFirst = first.withLock { first in
                defer { first = first ?? invocation }
                return first == nil
            }
            if !isFirst { second.notify() }
            await end.wait()
            return InvocationResult(value: .object([:]), body: Array("\"new\"".utf8))
        })
        try await harness.run(service) { service in
            try await harness.until(service) { _ in first.withLock { $0 != nil } }
            let call = try #require(first.withLock { $0?.onCall })
            _ = try await service.terminate("one", of: "flow")
            _ = try await service.deleteInstances(["one"], of: "flow")
            _ = try await service.create(NewInstance(id: "two", trigger: .api), of: "flow")
            await second.wait()
            let sleep = RunnerCall(
                method: "step.sleep",
                arguments: .object(["name": .string("nap"), "n": .integer(1), "ms": .integer(0)])
            )
            guard case .failure(let error) = try await ask(call, sleep) else {
                Issue.record("a call of the deleted instance was answered for the new one")
                return
            }
            #expect(error.message.hasPrefix("the instance no longer runs here"))
            end.notify()
            #expect(try await harness.until(service, "two") { $0.status.isFinal }.steps.isEmpty)
        }
    }
}

extension WorkflowService {
    fileprivate func defineCode(_ name: String, _ harness: Harness) async throws {
        try await harness.database.write {
            try self.define(name, worker: "worker", workerVersion: "v1", className: "Code", in: $0)
        }
    }
}

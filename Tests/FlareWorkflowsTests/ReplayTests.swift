import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

@Suite("Restarting and replaying", .timeLimit(.minutes(5)))
struct ReplayTests {
    /// Five steps of which the fourth fails while `isBroken`; tells which have run.
    private final class Plant: Sendable {
        let ran = Mutex<[String]>([])
        let isBroken = Mutex(true)
        /// Payloads in the order of the lives.
        let payloads = Mutex<[String]>([])

        @Sendable func run(_ step: FakeStep) async throws -> String {
            payloads.withLock { $0.append(step.payload) }
            var text = ""
            for name in ["one", "two", "three", "four", "five"] {
                text += try await step.run(name, config: Self.once) { _ in
                    self.ran.withLock { $0.append(name) }
                    if name == "four", self.isBroken.withLock({ $0 }) { throw JavaScriptError.thrown("no four") }
                    return "\"\(name)\""
                }
            }
            return text
        }

        private static let once: JSONValue = .object(["retries": .object(["limit": .integer(0)])])
        var names: [String] { ran.withLock { $0 } }
    }

    private func failed(_ body: (Harness, WorkflowService, Plant) async throws -> Void) async throws {
        let harness = try Harness()
        let plant = Plant()
        let service = harness.service(plant.run)
        try await harness.run(service, params: "{\"n\":1}") { service in
            try await harness.until(service) { $0.status == .errored }
            #expect(plant.names == ["one", "two", "three", "four"])
            plant.ran.withLock { $0 = [] }
            try await body(harness, service, plant)
        }
    }

    @Test("a run that failed at step 4 of 5 goes on there: steps 1 to 3 are not run again")
    func fromFailure() async throws {
        try await failed { harness, service, plant in
            plant.isBroken.withLock { $0 = false }
            let replayed = try await service.replay("one", of: "flow", ReplayOrder())
            #expect(replayed.run == 2)
            #expect(replayed.fromStep == "four")
            #expect([replayed.kept, replayed.again] == [3, 1])
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.status == .complete)
            #expect(plant.names == ["four", "five"])
            #expect(end.steps.map(\.output) == ["one", "two", "three", "four", "five"].map { .string($0) })
            #expect(end.steps.map(\.keptFrom) == [1, 1, 1, nil, nil])
            #expect(end.steps.map { $0.attempts?.count } == [1, 1, 1, 1, 1])
            #expect(end.runs.map(\.run) == [2, 1])
            #expect(end.runs.map(\.status) == [.complete, .errored])
            #expect(end.runs.map(\.reason) == ["replay", "first"])
            let before = try await service.detail("one", of: "flow", run: 1)
            #expect(before.status == .errored)
            #expect(before.steps.last?.error?.message == "no four")
            let third = await #expect(throws: FlareError.self) { try await service.detail("one", of: "flow", run: 3) }
            #expect(third?.hint == "its runs are 1 to 2")
        }
    }

    @Test("from a step that succeeded, it and what began after it run again; kept steps keep their first run")
    func fromStep() async throws {
        try await failed { harness, service, plant in
            plant.isBroken.withLock { $0 = false }
            _ = try await service.replay("one", of: "flow", ReplayOrder())
            try await harness.until(service) { $0.status == .complete }
            plant.ran.withLock { $0 = [] }
            var order = ReplayOrder()
            order.start = .text("two")
            #expect(try await service.replay("one", of: "flow", order).run == 3)
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(plant.names == ["two", "three", "four", "five"])
            #expect(end.steps.map(\.keptFrom) == [1, nil, nil, nil, nil])
        }
    }

    @Test("a step that was patched in a run from the beginning has its place behind those that ran before it")
    func patchedPlace() async throws {
        try await failed { harness, service, plant in
            plant.isBroken.withLock { $0 = false }
            var order = ReplayOrder()
            order.start = .beginning
            order.patches = [ReplayPatch(step: "three", value: Array("\"THREE\"".utf8))]
            _ = try await service.replay("one", of: "flow", order)
            try await harness.until(service) { $0.status == .complete }
            #expect(plant.names == ["one", "two", "four", "five"])
            for (start, kept) in [("three", 2), ("two", 1)] {
                var next = ReplayOrder()
                next.start = .text(start)
                let planned = try await service.plannedReplay("one", of: "flow", next)
                #expect(planned.steps?.map(\.name) == ["one", "two", "three", "four", "five"])
                #expect(planned.steps?.map(\.plan) == (0..<5).map { $0 < kept ? .kept : .again })
            }
        }
    }

    @Test("a given output takes the place of a recorded one, and of a step that failed; new input reaches the code")
    func patched() async throws {
        try await failed { harness, service, plant in
            var order = ReplayOrder()
            order.input = Array("{\"n\":2}".utf8)
            order.patches = [
                ReplayPatch(step: "two", value: Array("\"TWO\"".utf8)),
                ReplayPatch(step: "four#1", value: Array("\"FOUR\"".utf8)),
            ]
            let planned = try await service.plannedReplay("one", of: "flow", order)
            #expect(planned.steps?.map(\.plan) == [.kept, .patched, .kept, .patched])
            #expect(try await service.detail("one", of: "flow").run == 1)

            _ = try await service.replay("one", of: "flow", order)
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(plant.names == ["five"])
            #expect(end.steps.map(\.output) == ["one", "TWO", "three", "FOUR", "five"].map { .string($0) })
            #expect(end.steps.map(\.isPatched) == [nil, true, nil, true, nil])
            #expect(end.params["n"]?.integerValue == 2)
            #expect(try await service.detail("one", of: "flow", run: 1).params["n"]?.integerValue == 1)
            #expect(plant.payloads.withLock { $0.last } == "{\"n\":2}")
        }
    }

    @Test("as a new instance, the old one stays as it is and its finished steps are copied")
    func asNew() async throws {
        try await failed { harness, service, plant in
            plant.isBroken.withLock { $0 = false }
            var order = ReplayOrder()
            order.asNew = true
            let replayed = try await service.replay("one", of: "flow", order)
            #expect(replayed.source == "one")
            let end = try await harness.until(service, replayed.id) { $0.status.isFinal }
            #expect(end.status == .complete)
            #expect(plant.names == ["four", "five"])
            #expect(end.params["n"]?.integerValue == 1)
            #expect(try await service.detail("one", of: "flow").status == .errored)
            #expect(try await service.get("flow").instances == ["complete": 1, "errored": 1])
        }
    }

    @Test("a restart begins from the beginning or a step, also of a run that has not ended; an unknown step is told")
    func restart() async throws {
        let harness = try Harness()
        let ran = Mutex<[String]>([])
        let service = harness.service { step in
            for name in ["one", "two"] {
                _ = try await step.run(name) { _ in
                    ran.withLock { $0.append(name) }
                    return "1"
                }
            }
            return try await step.wait("sign", type: "go", milliseconds: 3_600_000)
        }
        try await harness.run(service) { service in
            try await harness.until(service) { $0.steps.count == 3 }
            let refused = await #expect(throws: FlareError.self) {
                try await service.replay("one", of: "flow", ReplayOrder())
            }
            #expect(refused?.code == .inUse)
            #expect(refused?.hint?.contains("--force") == true)
            let unknown = await #expect(throws: FlareError.self) {
                try await service.restart("one", of: "flow", from: StepReference(name: "twp"))
            }
            let missing = "(instance.cannot_restart) Step \"twp\" not found in execution history"
            #expect(unknown?.message.hasPrefix(missing) == true)
            #expect(unknown?.message.hasSuffix("Did you mean \"two\"?") == true)
            #expect(try await service.detail("one", of: "flow").run == 1, "a refused restart changes nothing")

            _ = try await service.restart("one", of: "flow", from: StepReference(name: "two"))
            try await harness.until(service) { $0.run == 2 && $0.steps.count == 3 }
            #expect(ran.withLock { $0 } == ["one", "two", "two"])
            _ = try await service.sendEvent("go", payload: Array("7".utf8), to: "one", of: "flow")
            try await harness.until(service) { $0.status == .complete }
            #expect(try await service.detail("one", of: "flow", run: 1).status == .terminated)
        }
    }

    @Test("the version of the run before is kept while its code is, and another one can be named")
    func versions() async throws {
        let harness = try Harness()
        let kept = Mutex<Set<String>>(["v1", "v2"])
        let service = harness.service(
            invoke: { _ in throw JavaScriptError.thrown("no").flareError },
            keepsVersion: { version in kept.withLock { $0.contains(version) } }
        )
        try await harness.run(service) { service in
            try await harness.until(service) { $0.status == .errored }
            try await harness.define(service, version: "v2")
            func used(_ order: ReplayOrder) async throws -> String?? {
                let run = try await service.replay("one", of: "flow", order).run
                try await harness.until(service) { $0.run == run && $0.status == .errored }
                return harness.invocations.withLock { $0.last }
            }
            #expect(try await used(ReplayOrder()) == "v1")
            var order = ReplayOrder()
            order.version = "latest"
            #expect(try await used(order) == "v2")
            order.version = "v1"
            #expect(try await used(order) == "v1")
            kept.withLock { $0 = ["v2"] }
            #expect(try await used(ReplayOrder()) == "v2", "v1 is gone")
            let gone = await #expect(throws: FlareError.self) { try await used(order) }
            #expect(gone?.message.contains("is not kept any more") == true)
            order.version = "v9"
            let unknown = await #expect(throws: FlareError.self) { try await used(order) }
            #expect(unknown?.code == .workerNotFound)
        }
    }

    @Test("in bulk, each instance that the filter finds is begun anew, and those that cannot be are told of")
    func bulk() async throws {
        let harness = try Harness()
        let plant = Plant()
        let service = harness.service(plant.run)
        try await harness.define(service)
        let count = 70
        for batch in 0..<7 {
            let new = (0..<10).map { NewInstance(id: "i\(batch * 10 + $0)", trigger: .api) }
            _ = try await service.createBatch(new, of: "flow")
        }
        try await harness.loop(service) { service in
            for index in 0..<count { try await harness.until(service, "i\(index)") { $0.status == .errored } }
            _ = try await service.create(NewInstance(id: "late", trigger: .api), of: "flow")
            try await harness.until(service, "late") { $0.status == .errored }
            plant.ran.withLock { $0 = [] }
            plant.isBroken.withLock { $0 = false }
            let told = Mutex<[String]>([])
            let conditions = try InstanceConditions(parsing: "status=errored, id~i*, step.failed=four")
            let dry = try await service.replayAll(of: "flow", where: conditions, ReplayOrder(), isDryRun: true) { _ in }
            #expect([dry.matched, dry.replayed, dry.refused] == [count, count, 0])
            let done = try await service.replayAll(of: "flow", where: conditions, ReplayOrder()) { instance in
                told.withLock { $0.append(instance.id) }
            }
            #expect([done.matched, done.replayed, done.refused] == [count, count, 0])
            #expect(told.withLock { $0 } == (0..<count).map { "i\($0)" })
            for index in 0..<count { try await harness.until(service, "i\(index)") { $0.status == .complete } }
            #expect(plant.names.filter { $0 == "four" }.count == count)
            #expect(plant.names.filter { $0 == "one" }.isEmpty)
            #expect(try await service.get("flow").instances == ["complete": count, "errored": 1])
            let none = try await service.replayAll(of: "flow", where: conditions, ReplayOrder()) { _ in }
            #expect(none.matched == 0)
            var order = ReplayOrder()
            order.start = .failure
            let all = try await service.replayAll(
                of: "flow",
                where: InstanceConditions(parsing: "status=complete"),
                order,
                isDryRun: true
            ) { #expect($0.error?.message.contains("has no failure") == true) }
            #expect([all.matched, all.refused] == [count, count])
        }
    }
}

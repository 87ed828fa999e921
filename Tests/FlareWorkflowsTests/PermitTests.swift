import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Testing

@Suite("Steps that begin without asking", .timeLimit(.minutes(5)))
struct PermitTests {
    private static let identity: [String: JSONValue] = ["name": .string("first"), "n": .integer(1)]

    private static func tell(_ invocation: Invocation, _ method: String) {
        invocation.onCall?(RunnerCall(method: method, arguments: .object(identity))) { _ in }
    }

    /// Code that has a permit, waits at the gate with it, and then does what `code` says.
    private func paused(
        _ code: @escaping @Sendable (Invocation) async throws -> Void
    ) async throws -> InstanceDetailBody {
        let harness = try Harness()
        let (begun, gate) = (Wake(), Wake())
        let service = harness.service(invoke: { invocation in
            #expect(invocation.header["permits"] == .bool(true))
            begun.notify()
            await gate.wait()
            try await code(invocation)
            throw CancellationError()
        })
        var found: InstanceDetailBody?
        try await harness.run(service) { service in
            await begun.wait()
            #expect(try await service.pause("one", of: "flow").status == .waitingForPause)
            gate.notify()
            found = try await harness.until(service) { $0.status == .paused }
        }
        return try #require(found)
    }

    @Test("a pause lets a step end that has begun with a permit and without a word before")
    func used() async throws {
        let paused = try await paused { invocation in
            Self.tell(invocation, "step.began")
            let end = Self.identity.merging(["attempt": .integer(1), "ok": .bool(true)]) { $1 }
            let call = RunnerCall(method: "step.end", arguments: .object(end), body: Array("7".utf8))
            let reply = try await ask(try #require(invocation.onCall), call)
            // No other step may begin: there is a pause to come.
            if case .value(let state, _) = reply {
                #expect(state == .object(["state": .string("done")]))
            } else {
                Issue.record("the step's end was refused: \(reply)")
            }
            await Wake().wait()
        }
        let step = try #require(paused.steps.first)
        #expect(step.name == "first-1" && step.success == true && step.output == .integer(7))
        #expect(step.attempts?.count == 1)
    }

    @Test("a pause begins as soon as the permit has come back unused")
    func passed() async throws {
        let paused = try await paused { invocation in
            Self.tell(invocation, "step.passed")
            // Without a permit nothing begins by being told.
            Self.tell(invocation, "step.began")
            await Wake().wait()
        }
        #expect(paused.steps.isEmpty)
    }

    @Test("a pause begins at once that is asked for before there is a process, and no step does")
    func early() async throws {
        let harness = try Harness()
        let asked = Wake()
        let service = harness.service(
            invoke: { _ in
                Issue.record("the code was begun")
                throw CancellationError()
            },
            starts: {
                asked.notify()
                await Wake().wait()
            }
        )
        try await harness.run(service) { service in
            await asked.wait()
            #expect(try await service.pause("one", of: "flow").status == .waitingForPause)
            try await harness.until(service) { $0.status == .paused && $0.steps.isEmpty }
        }
    }

    @Test("the end of a step permits the next one, and one for which nothing was permitted is refused")
    func next() async throws {
        let harness = try Harness()
        let service = harness.service(invoke: { invocation in
            let onCall = try #require(invocation.onCall)
            var permits: [Bool] = []
            for n in 1...3 {
                let step: [String: JSONValue] = ["name": .string("step"), "n": .integer(Int64(n))]
                onCall(RunnerCall(method: "step.began", arguments: .object(step))) { _ in }
                // Tells twice of one permit.
                let other = step.merging(["name": .string("other")]) { $1 }
                onCall(RunnerCall(method: "step.began", arguments: .object(other))) { _ in }
                let end = step.merging(["attempt": .integer(1), "ok": .bool(true)]) { $1 }
                let call = RunnerCall(method: "step.end", arguments: .object(end), body: Array("\(n)".utf8))
                guard case .value(let state, _) = try await ask(onCall, call) else { throw CancellationError() }
                permits.append(state["permits"] == .bool(true))
            }
            #expect(permits == [true, true, true])
            return InvocationResult(value: .object([:]), body: Array("4".utf8))
        })
        try await harness.run(service) { service in
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.output == .integer(4))
            #expect(end.steps.map(\.name) == ["step-1", "step-2", "step-3"])
        }
    }
}

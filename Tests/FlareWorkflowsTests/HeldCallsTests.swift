import FlareModel
import FlareStore
import FlareTestSupport
import FlareWorkers
import FlareWorkflows
import Synchronization
import Testing

/// Calls that are put on hold while what they wait for is committed with them.
@Suite("Calls on hold", .timeLimit(.minutes(5)))
struct HeldCallsTests {
    @Test("an event that is committed together with the wait for it is taken at once")
    func eventBesideTheWait() async throws {
        let harness = try Harness()
        let (hasBegun, mayAsk, isAsked, isThere) = (Wake(), Wake(), Wake(), Wake())
        let service = harness.service(invoke: { invocation in
            hasBegun.notify()
            await mayAsk.wait()
            let step: [String: JSONValue] = [
                "name": .string("sign"), "n": .integer(1), "type": .string("go"), "timeoutMs": .integer(3_600_000),
            ]
            let value = Mutex<[UInt8]>([])
            invocation.onCall?(RunnerCall(method: "step.wait", arguments: .object(step))) { reply in
                if case .value(_, let body) = reply { value.withLock { $0 = body } }
                isThere.notify()
            }
            isAsked.notify()
            await isThere.wait()
            return InvocationResult(value: .object([:]), body: value.withLock { $0 })
        })
        try await harness.run(service) { service in
            await hasBegun.wait()
            let writer = await BlockedWriter(of: harness.database)
            mayAsk.notify()
            await isAsked.wait()
            async let sent = service.sendEvent("go", payload: Array("3".utf8), to: "one", of: "flow")
            // Both wait now, and become one commit.
            while harness.database.waitingWrites < 2 { await Task.yield() }
            writer.free()
            _ = try await sent
            // The clock stands still.
            let end = try await harness.until(service) { $0.status.isFinal }
            #expect(end.steps.first?.output?["payload"] == .integer(3))
        }
    }
}

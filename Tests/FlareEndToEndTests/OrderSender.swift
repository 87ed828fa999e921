import FlareModel
import FlareTestSupport
import Synchronization

/// Sends records to the pipeline `orders` without a pause, whether the engine is there or not, and keeps the ids.
final class OrderSender: Sendable {
    private struct State {
        var sent: Set<String> = []
        var acknowledged: Set<String> = []
        var isStopped = false
    }

    private let fixture: FlareFixture
    private let shops: [String]
    private let state = Mutex(State())

    init(fixture: FlareFixture, shops: [String]) {
        self.fixture = fixture
        self.shops = shops
    }

    /// The ids of all records that went out, answered or not; none is sent twice.
    var sent: Set<String> { state.withLock { $0.sent } }
    /// The ids of the records whose request was answered with 200.
    var acknowledged: Set<String> { state.withLock { $0.acknowledged } }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Sends until `stop`, in requests of one to twenty records.
    func sendUntilStopped() async {
        var number = 0
        while !state.withLock({ $0.isStopped }) {
            let ids = (0..<Int.random(in: 1...20)).map { "order-\(number + $0)" }
            number += ids.count
            let records = ids.map { id in
                JSONValue.object(["id": .string(id), "shop": .string(shops.randomElement() ?? "a")])
            }
            state.withLock { $0.sent.formUnion(ids) }
            let body = String(decoding: JSONValue.array(records).jsonBytes, as: UTF8.self)
            do {
                let reply = try await fixture.post(body, to: "orders")
                if reply.status == 200 { state.withLock { $0.acknowledged.formUnion(ids) } }
            } catch {
                // The engine is away. A pause that is cut short by the test's end needs no answer.
                try? await pause(atMost: .milliseconds(20))
            }
        }
    }
}

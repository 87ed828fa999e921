import FlareModel
import NIOCore
import NIOPosix

/// How one client sends messages to a queue, leases and acknowledges them.
///
/// Owned by one thread.
protocol QueueClient {
    /// Returns when `count` messages are durable.
    func send(_ count: Int) throws

    /// Leases up to `count` messages and returns how many.
    func lease(_ count: Int) throws -> Int

    /// Removes the messages of the last lease for good.
    func acknowledge() throws
}

/// Several clients of one queue, a thread each.
struct QueueLoad: Sendable {
    enum Kind: Sendable {
        /// Only sends; what it sends is left behind.
        case send
        /// Sends, leases and acknowledges as many, again and again.
        case cycle
    }

    let kind: Kind
    let clients: Int
    let batch: Int
    let seconds: Double

    /// Messages of the queue's own benchmark: a small event.
    static let body =
        #"{"orderId":"c0ffee-1048576","merchantId":"m-17","amountCents":129900,"at":"2026-01-01T10:00:00Z"}"#

    /// - Parameter make: opens the connection of one client.
    func run(_ make: @escaping @Sendable () throws -> any QueueClient) async throws -> LoadSample {
        let threads = NIOThreadPool(numberOfThreads: clients)
        threads.start()
        let begun = NIODeadline.now()
        let deadline = begun + .nanoseconds(Int64(seconds * 1e9))
        let results = await withTaskGroup(of: Result<LoadSample, any Error>.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    do {
                        return .success(try await threads.runIfActive { try drive(try make(), until: deadline) })
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var whole = LoadSample()
        whole.seconds = Double((NIODeadline.now() - begun).nanoseconds) / 1e9
        try await threads.shutdownGracefully()
        for result in results {
            let sample = try result.get()
            whole.messages += sample.messages
            whole.records += sample.records
            whole.latencies.merge(sample.latencies)
        }
        return whole
    }

    private func drive(_ client: any QueueClient, until deadline: NIODeadline) throws -> LoadSample {
        var sample = LoadSample()
        while case let begun = NIODeadline.now(), begun < deadline {
            try client.send(batch)
            sample.latencies.record(nanoseconds: UInt64((NIODeadline.now() - begun).nanoseconds))
            sample.messages += 1
            switch kind {
            case .send: sample.records += batch
            case .cycle: sample.records += try take(client, batch)
            }
        }
        // Another client may have been slower with what this one has sent.
        if kind == .cycle { while try take(client, batch) > 0 {} }
        return sample
    }

    private func take(_ client: any QueueClient, _ count: Int) throws -> Int {
        let leased = try client.lease(count)
        if leased > 0 { try client.acknowledge() }
        return leased
    }
}

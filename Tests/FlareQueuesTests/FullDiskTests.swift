import FlareModel
import FlareQueues
import FlareStore
import Testing

@Suite("queues on a disk that is nearly full")
struct FullDiskTests {
    @Test("nothing is taken in, all that is there can be consumed, and its place is used again")
    func nearlyFull() async throws {
        let disk = FaultyDisk()
        try await QueuesFixture.with(disk: disk) { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .httpPull, deadLetterQueue: "failed") { $0.maxRetries = 0 }
            let large = NewMessage(body: Array(repeating: 0x61, count: 100_000), contentType: .text)
            for _ in 0..<10 { _ = try await f.service.send([large], to: "orders") }

            disk.announcedFreeBytes = Limits.diskReserveBytes
            #expect(await code { try await f.service.send([large], to: "orders") } == .diskFull)
            #expect(await code { try await f.service.sendBulk([large], to: "orders") } == .diskFull)
            let imported = QueueService.ImportedMessage(large)
            #expect(await code { try await f.service.importMessages([imported], into: "orders") } == .diskFull)

            let leases = try await f.pull(max: 3).map(\.leaseID)
            let settlement = Settlement(acks: [leases[0], leases[1]], retries: [.init(leaseID: leases[2])])
            let report = try await f.service.settle(settlement, queue: "orders")
            #expect((report.acknowledged, report.retried) == (2, 1))
            #expect(try await f.service.metrics("failed").backlogCount == 1)
            #expect(try await f.service.purge("orders").removed == 7)
            _ = try await f.service.send([large], to: "orders")
        }
    }
}

import FlareModel
import FlareQueues
import FlareStore
import Synchronization
import Testing

@Suite("messages on the move")
struct TransferTests {
    /// Lets all messages of `orders` fail until they are in `failed`.
    private func letDie(_ f: QueuesFixture, _ bodies: String..., reason: String = "boom") async throws {
        for body in bodies { try await f.send(body) }
        let retries = try await f.pull(max: 100).map { Settlement.Retry(leaseID: $0.leaseID, reason: reason) }
        _ = try await f.service.settle(Settlement(retries: retries), queue: "orders")
    }

    private func withDeadLetters(_ body: (QueuesFixture) async throws -> Void) async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.consume(by: .httpPull, deadLetterQueue: "failed") { $0.maxRetries = 0 }
            try await body(f)
        }
    }

    @Test("a redrive brings dead letters back to where they came from, with their ids, from the first attempt")
    func redrive() async throws {
        try await withDeadLetters { f in
            try await letDie(f, "a", "b")
            try await f.send("never elsewhere", to: "failed")
            let ids = try await f.service.peek("failed", limit: 2).map(\.id)
            let report = try await f.service.redrive("failed")
            #expect(report.count == 2)
            #expect(report.targets == [.init(queue: "orders", count: 2)])
            #expect(report.withoutOriginCount == 1)
            #expect(try await f.bodies("failed") == ["never elsewhere"])
            let back = try await f.pull()
            #expect(back.map(\.id) == ids)
            #expect(back.map(\.attempts) == [1, 1])
            #expect(back.allSatisfy { $0.origin == nil })
        }
    }

    @Test("a redrive goes by the page, chooses by filter, counts without touching, and leaves leased messages alone")
    func pages() async throws {
        try await withDeadLetters { f in
            try await letDie(f, "a", "b", "c")
            try await letDie(f, "late", reason: "timed out")
            _ = try await f.pull("failed", max: 1)
            var selection = QueueService.Selection(set: .all)
            let dry = try await f.service.transfer(.redrive(to: nil), of: "failed", selection, isDryRun: true)
            #expect(dry.count == 3)
            #expect(dry.leasedCount == 1)
            #expect(try await f.bodies("failed").count == 4)
            selection.limit = 1
            selection.filter = try MessageConditions(parsing: "reason=boom and age<1h")
            let first = try await f.service.transfer(.redrive(to: nil), of: "failed", selection)
            #expect(first.count == 1)
            #expect(first.cursor != nil)
            selection.cursor = first.cursor
            _ = try await f.service.transfer(.redrive(to: nil), of: "failed", selection)
            #expect(try await f.bodies() == ["b", "c"])
            #expect(try await f.bodies("failed") == ["a", "late"])
        }
    }

    @Test("a redrive to a queue that is gone leaves its messages and says so; another target takes them")
    func missing() async throws {
        try await withDeadLetters { f in
            try await letDie(f, "a")
            try await f.service.deleteConsumer(nil, queue: "orders")
            try await f.service.delete("orders")
            let report = try await f.service.redrive("failed")
            #expect(report.count == 0)
            #expect(report.missingOrigins == [.init(queue: "orders", count: 1)])
            _ = try await f.service.create("again")
            #expect(try await f.service.redrive("failed", to: "again").count == 1)
            #expect(try await f.bodies("again") == ["a"])
        }
    }

    @Test("dead letters follow a queue that is renamed")
    func renamed() async throws {
        try await withDeadLetters { f in
            try await letDie(f, "a")
            _ = try await f.service.update("orders", name: "sales") { _ in }
            #expect(try await f.service.redrive("failed").targets == [.init(queue: "sales", count: 1)])
        }
    }

    @Test("a move keeps ids, types, what is left of a delay, and where a dead letter came from")
    func move() async throws {
        try await withDeadLetters { f in
            _ = try await f.service.create("other")
            try await letDie(f, "a")
            try await f.send("later", to: "failed", delaySeconds: 60)
            f.time.advance(by: .seconds(20))
            let selection = QueueService.Selection(set: .living)
            #expect(try await f.service.transfer(.move(to: "other"), of: "failed", selection).count == 2)
            #expect(
                await code { try await f.service.transfer(.move(to: "other"), of: "other", selection) }
                    == .invalidArgument
            )
            #expect(try await f.pull("other", visibility: 3_600_000).map(\.text) == ["a"])
            f.time.advance(by: .seconds(40))
            #expect(try await f.pull("other").map(\.text) == ["later"])
            f.time.advance(by: .seconds(3600))
            #expect(try await f.service.redrive("other").targets == [.init(queue: "orders", count: 1)])
        }
    }

    @Test("a removal by filter removes what fits and counts it out of the backlog")
    func remove() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("keep", "drop 1", "drop 2", "keep too")
            var selection = QueueService.Selection(set: .living)
            selection.filter = try MessageConditions(parsing: "body~drop")
            #expect(try await f.service.transfer(.remove, of: "orders", selection).count == 2)
            #expect(try await f.bodies() == ["keep", "keep too"])
            #expect(try await f.service.metrics("orders").backlogBytes == 12)
        }
    }

    @Test("an export shows everything and touches nothing; importing it again doubles nothing")
    func export() async throws {
        try await withDeadLetters { f in
            try await f.send("a", "b", "c")
            _ = try await f.pull(max: 1)
            try await f.send("later", delaySeconds: 60)
            let lines = Mutex<[StoredMessage]>([])
            try await f.service.export("orders") { page in lines.withLock { $0 += page } }
            let all = lines.withLock { $0 }
            #expect(all.map { $0.state(at: f.time.now()) } == [.leased, .waiting, .waiting, .delayed])
            try await f.service.export("orders", after: all[1].sequence) { page in
                #expect(page.map(\.text) == ["c", "later"])
            }
            let messages = all.map { message in
                var line = QueueService.ImportedMessage(NewMessage(body: message.body, contentType: .text))
                line.id = message.id
                line.visibleAt = message.isLeased ? nil : message.visibleAt
                return line
            }
            #expect(try await f.service.importMessages(messages, into: "orders") == .init(imported: 0, skipped: 4))
            for expected in [QueueImportBody(imported: 4, skipped: 0), .init(imported: 0, skipped: 4)] {
                #expect(try await f.service.importMessages(messages, into: "failed") == expected)
            }
            #expect(try await f.service.peek("failed", limit: 9).map(\.id) == all.map(\.id))
            #expect(try await f.pull("failed").map(\.text) == ["a", "b", "c"])
            _ = try await f.service.purge("failed")
            #expect(try await f.service.importMessages(messages, into: "failed").imported == 4)
        }
    }

    @Test("an export of dead letters, imported where they are, doubles nothing, nor one of what was redriven")
    func exportOfDeadLetters() async throws {
        try await withDeadLetters { f in
            try await letDie(f, "a", "b")
            let letters = try await lines(f, "failed")
            #expect(try await f.service.importMessages(letters, into: "failed") == .init(imported: 0, skipped: 2))
            #expect(try await f.service.redrive("failed").count == 2)
            #expect(try await f.service.importMessages(letters, into: "orders") == .init(imported: 0, skipped: 2))
            #expect(try await f.service.importMessages(letters, into: "failed") == .init(imported: 2, skipped: 0))
        }
    }

    /// The messages of a queue as an import takes them.
    private func lines(_ f: QueuesFixture, _ queue: String) async throws -> [QueueService.ImportedMessage] {
        try await f.service.peek(queue, limit: 100).map { message in
            var line = QueueService.ImportedMessage(NewMessage(body: message.body, contentType: .text))
            line.id = message.id
            return line
        }
    }
}

@Suite("settling")
struct SettlingTests {
    @Test("acknowledging twice, or through another queue, is a warning and does nothing")
    func foreign() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            _ = try await f.service.create("other")
            try await f.send("a", "b", "c")
            let leases = try await f.pull().map(\.leaseID)
            let foreign = try await f.service.settle(Settlement(acks: leases), queue: "other")
            #expect(foreign.acknowledged == 0)
            #expect(Set(foreign.warnings.keys) == Set(leases))
            let twice = try await f.service.settle(Settlement(acks: [leases[1], leases[1]]), queue: "orders")
            #expect(twice.acknowledged == 1)
            #expect(Array(twice.warnings.keys) == [leases[1]])
            #expect(try await f.bodies() == ["a", "c"])
        }
    }

    @Test("each message of a batch has a fate of its own, over a restart")
    func fates() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("ack", "soon", "later", "back", "kept")
            let leases = try await f.pull(visibility: 3_600_000).map(\.leaseID)
            let settlement = Settlement(
                acks: [leases[0]],
                retries: [.init(leaseID: leases[2], delaySeconds: 10), .init(leaseID: leases[1])],
                releases: [.init(leaseID: leases[3])]
            )
            let report = try await f.restarted().settle(settlement, queue: "orders")
            #expect(report.warnings.isEmpty)
            let again = try await f.pull()
            #expect(again.map(\.text) == ["soon", "back"])
            #expect(again.map(\.attempts) == [2, 1])
            f.time.advance(by: .seconds(10))
            #expect(try await f.pull().map(\.text) == ["later"])
            #expect(try await f.service.settle(Settlement(acks: [leases[4]]), queue: "orders").acknowledged == 1)
        }
    }

    @Test("the highest numbers that a client may write as leases, places or cursors are refused or find nothing")
    func highest() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            _ = try await f.service.create("other")
            try await f.send("a")
            let lease = "7fffffffffffffff-0000000000000001"
            let settlement = Settlement(
                acks: [lease],
                retries: [.init(leaseID: lease)],
                releases: [.init(leaseID: "7ffffffffffffffe-0000000000000001"), .init(leaseID: lease)]
            )
            #expect(try await f.service.settle(settlement, queue: "orders").warnings.count == 2)
            #expect(try await f.service.extend([lease], visibilityMilliseconds: 1, queue: "orders").count == 1)
            let filter = MessageConditions()
            #expect(try await f.service.peek("orders", limit: 9, dead: false, after: .max, filter: filter).isEmpty)
            try await f.service.export("orders", after: .max) { _ in Issue.record("nothing lies there") }
            try await f.service.tail("orders", from: .after(.max), follows: false) { _ in
                Issue.record("nothing lies there")
            }
            var selection = QueueService.Selection(set: .all)
            selection.cursor = "\(Int64.max)-\(Int64.max)"
            #expect(try await f.service.transfer(.move(to: "other"), of: "orders", selection).count == 0)
            #expect(try await f.service.remove(["\(Int64.max)"], from: "orders").count == 1)
        }
    }

    @Test("a waiting pull learns of a lease that is cut short")
    func cutShort() async throws {
        try await QueuesFixture.with { f in
            _ = try await f.service.create("orders")
            try await f.send("a")
            let lease = try await f.pull(visibility: 3_600_000)[0].leaseID
            let end = f.time.now() + .seconds(3600)
            async let visible: Void = f.service.waitForMessages(in: "orders", until: end + .seconds(3600))
            while !f.time.isAwaited(end) { await Task.yield() }
            _ = try await f.service.extend([lease], visibilityMilliseconds: 1_000, queue: "orders")
            f.time.advance(by: .seconds(1))
            try await visible
            #expect(try await f.pull().map(\.attempts) == [2])
        }
    }

    @Test("a hundred thousand delayed messages are counted, skipped by leases and swept by index")
    func delayed() async throws {
        try await QueuesFixture.with { f in
            let queue = try await f.service.create("orders").record
            let messages = (0..<1000).map {
                NewMessage(body: Array("m\($0)".utf8), contentType: .text, delaySeconds: 3600)
            }
            for _ in 0..<100 {
                try await f.database.write { try f.service.insert(messages, into: queue.id, at: f.time.now(), in: $0) }
            }
            try await f.send("now")
            let stats = try await f.service.stats("orders")
            #expect(stats.delayed == 100_000)
            #expect(stats.visible == 1)
            #expect(stats.rates.accepted == 100_001)
            #expect(stats.nextVisible == f.time.now() + .seconds(3600))
            #expect(try await f.pull().map(\.text) == ["now"])
            f.time.advance(by: .seconds(3600))
            #expect(try await f.pull(max: 100).count == 100)
            #expect(try await f.service.stats("orders").leased == 100)
            #expect(try await f.service.purge("orders").removed == 100_001)
        }
    }

    @Test("messages of the earlier schema keep their ids, attempts, delays and deaths")
    func migrated() async throws {
        try await QueuesFixture.migrating { earlier in
            try await earlier.write { tx in
                try QueuesFixture.insertEarlier(tx)
            }
        } _: { f in
            #expect(try await f.bodies() == ["plain", "tried"])
            #expect(try await f.service.peek("orders", limit: 1)[0].id == String(repeating: "ab", count: 16))
            #expect(try await f.bodies(dead: true) == ["dead"])
            let pulled = try await f.pull()
            #expect(pulled.map(\.text) == ["plain", "tried"])
            #expect(pulled.map(\.attempts) == [1, 3])
            #expect(
                try await f.service.settle(Settlement(acks: pulled.map(\.leaseID)), queue: "orders").acknowledged == 2
            )
            try await f.send("new")
            #expect(try await f.bodies() == ["new"])
            #expect(try await f.service.redrive("orders").count == 1)
        }
    }
}

import FlareModel
import FlareStore
import Foundation
import Logging
import Testing

@testable import FlareQueues

/// Random numbers that a seed repeats.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

private struct Mismatch: Error {
    let line: Int
    let found: String
    let expected: String
}

/// A queue service and its model side by side.
private final class ModelRun {
    static let names = ["alpha", "beta", "letters"]

    let directory: URL
    let time = ManualTime()
    var random: SplitMix
    var database: Database
    var service: QueueService
    var model: QueueModel
    /// Leases that were given, settled or not, newest last.
    var leases: [(queue: String, id: String)] = []
    var ids: [String: String] = [:]
    var sent = 0

    init(seed: UInt64) throws {
        random = SplitMix(state: seed)
        // In memory where that is possible: what is tested is not the disk.
        let memory = URL(fileURLWithPath: "/dev/shm")
        let base =
            FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        directory = base.appendingPathComponent("queue-model-\(Identifier.hexadecimal())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        (database, service) = try Self.open(directory, time)
        let retention = Duration.seconds(Limits.queueRetentionSecondsDefault)
        model = QueueModel([
            "alpha": .init(retention: .seconds(600), maxRetries: 2, retryDelay: 5, deadLetters: "letters"),
            "beta": .init(retention: retention, maxRetries: 3, retryDelay: 0, deadLetters: nil),
            "letters": .init(retention: retention, maxRetries: 3, retryDelay: 0, deadLetters: nil),
        ])
    }

    private static func open(_ directory: URL, _ time: ManualTime) throws -> (Database, QueueService) {
        let path = directory.appendingPathComponent("flare.db").path
        let database = try Database.open(path: path, migrations: QueueService.migrations)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return (database, QueueService(database: database, time: time, logger: logger))
    }

    func prepare() async throws {
        var settings = QueueSettings()
        settings.retentionSeconds = 600
        _ = try await service.create("alpha", settings: settings)
        _ = try await service.create("beta")
        var consumer = ConsumerSettings()
        consumer.maxRetries = 2
        consumer.retryDelaySeconds = 5
        let pull = NewConsumer(target: .httpPull, settings: consumer, deadLetterQueue: "letters")
        _ = try await service.createConsumer(pull, queue: "alpha")
    }

    func end() throws {
        try database.close()
        try FileManager.default.removeItem(at: directory)
    }

    /// Throws what differs: after it, nothing would agree.
    private func same<Value: Equatable>(_ found: Value, _ expected: Value, line: Int = #line) throws {
        guard found != expected else { return }
        throw Mismatch(line: line, found: "\(found)", expected: "\(expected)")
    }

    private func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    func step() async throws {
        let name = Self.names[number(0...2)]
        switch number(0...999) {
        case 0..<240: try await send(to: name)
        case 240..<520: try await lease(name)
        case 520..<800: try await settle(name)
        case 800..<900: time.advance(by: .seconds(number(1...30)))
        case 900..<920: try await redrive(name)
        case 920..<935: try await move(name)
        case 935..<945: try await removeOne(name)
        case 945..<950: try await same(service.purge(name).removed, model.purge(name))
        case 950..<965: try await pause(name)
        case 965..<985:
            _ = try await RetentionSweep(queues: service).sweep()
            model.sweep(now: time.now())
        case 985..<987:
            try database.close()
            (database, service) = try Self.open(directory, time)
        default: break
        }
        // Most of the time would go into looking; a difference stays until the next look.
        let look = number(0...19)
        if look < 5 { try await compare(name, whole: look == 0) }
    }

    private func send(to name: String) async throws {
        let delays: [Int?] = [nil, nil, 0, number(1...60)]
        let batchDelay = number(0...3) == 0 ? number(0...20) : nil
        var messages: [NewMessage] = []
        for _ in 0..<number(1...8) {
            sent += 1
            let body = "message \(sent) " + String(repeating: "x", count: number(0...40))
            let type = [MessageContentType.text, .bytes, .v8][number(0...2)]
            let delay = delays[number(0...3)]
            messages.append(NewMessage(body: Array(body.utf8), contentType: type, delaySeconds: delay))
            model.send(body, to: name, delay: delay ?? batchDelay ?? 0, now: time.now())
        }
        let metrics = try await service.send(messages, to: name, delaySeconds: batchDelay)
        try same(metrics.backlogCount, model[name].counters.waiting)
    }

    private func lease(_ name: String) async throws {
        let (size, visibility) = (number(1...12), number(1...60))
        guard !model[name].isPaused else {
            try await same(code { try await self.service.pull(name, batchSize: size) }, .deliveryPaused)
            return
        }
        let until = time.now() + .seconds(visibility)
        let expected = model.lease(name, max: size, until: until, now: time.now())
        let pulled = try await service.pull(name, batchSize: size, visibilityMilliseconds: visibility * 1000)
        let messages = pulled.batch.messages
        try same(messages.map(\.text), expected.map(\.body))
        try same(messages.map(\.attempts), expected.map(\.attempts))
        for message in messages {
            try same(ids[message.text, default: message.id], message.id)
            ids[message.text] = message.id
            model.claim(message.text, of: name, lease: message.leaseID)
            leases.append((name, message.leaseID))
        }
        if leases.count > 60 { leases.removeFirst(leases.count - 60) }
    }

    private func settle(_ name: String) async throws {
        var settlement = Settlement()
        for lease in leases where lease.queue == name && number(0...2) > 0 || number(0...19) == 0 {
            switch number(0...9) {
            case 0...4: settlement.acks.append(lease.id)
            case 5...7:
                let reason = ["boom", "late"][number(0...1)]
                let delay = [nil, nil, 0, 10][number(0...3)]
                settlement.retries.append(.init(leaseID: lease.id, delaySeconds: delay, reason: reason))
            case 8: settlement.releases.append(.init(leaseID: lease.id, delaySeconds: number(0...1) * 7))
            default:
                settlement.acks.append(lease.id)
                settlement.acks.append(lease.id)
            }
        }
        if number(0...9) == 0 { settlement.acks.append("nonsense") }
        settlement.acks.shuffle(using: &random)
        let expected = model.settle(settlement, name, now: time.now())
        let report = try await service.settle(settlement, queue: name)
        try same(report.acknowledged, expected.acknowledged)
        try same(report.retried, expected.retried)
        try same(report.released, expected.released)
        try same(Set(report.warnings.keys), expected.warnings)
    }

    private func redrive(_ name: String) async throws {
        var selection = QueueService.Selection(set: .all)
        selection.limit = number(1...20)
        let expected = model.transfer(name, to: nil, limit: selection.limit, now: time.now())
        try await same(service.transfer(.redrive(to: nil), of: name, selection).count, expected)
    }

    private func move(_ name: String) async throws {
        let others = Self.names.filter { $0 != name }
        let target = others[number(0...1)]
        var selection = QueueService.Selection(set: .living)
        selection.limit = number(1...20)
        let expected = model.transfer(name, to: target, limit: selection.limit, now: time.now())
        try await same(service.transfer(.move(to: target), of: name, selection).count, expected)
    }

    private func removeOne(_ name: String) async throws {
        let living = try await service.peek(name, limit: 100)
        guard let message = living.randomElement(using: &random) else { return }
        try await same(service.remove(["\(message.sequence)"], from: name).isEmpty, true)
        model.remove(message.text, from: name)
    }

    private func pause(_ name: String) async throws {
        let isPaused = !model[name].isPaused
        model.pause(name, isPaused)
        _ = try await service.update(name) { $0.deliveryPaused = isPaused }
    }

    /// Everything that can be seen of a queue without touching it.
    private func compare(_ name: String, whole: Bool) async throws {
        let info = try await service.get(name)
        let expected = model[name]
        try same(info.counters, expected.counters)
        guard whole else { return }
        for isDead in [false, true] {
            let shown = try await service.peek(name, limit: 100, dead: isDead)
            let messages = expected.messages.filter { $0.isDead == isDead }.prefix(100)
            try same(shown.map(\.text), messages.map(\.body))
            try same(shown.map(\.attempts), messages.map(\.attempts))
            try same(shown.map(\.visibleAt), messages.map(\.visibleAt))
            try same(shown.map(\.origin?.queue), messages.map(\.origin))
            try same(shown.map(\.origin?.reason), messages.map(\.reason))
        }
        let now = time.now()
        let stats = try await service.stats(name)
        let living = expected.messages.filter { !$0.isDead }
        try same(stats.visible, living.filter { $0.visibleAt <= now }.count)
        try same(stats.leased, living.filter { $0.visibleAt > now && $0.lease != nil }.count)
        try same(stats.delayed, living.filter { $0.visibleAt > now && $0.lease == nil }.count)
        try same(stats.nextVisible, living.map(\.visibleAt).filter { $0 > now }.min())
        try same(info.oldestMessage, living.first?.sentAt)
    }
}

@Suite("queues beside their model")
struct QueueModelTests {
    @Test("20,000 random operations answer as the model does", .timeLimit(.minutes(5)))
    func random() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        let run = try ModelRun(seed: seed)
        try await run.prepare()
        for step in 1...20_000 {
            do {
                try await run.step()
            } catch {
                Issue.record(error, "seed \(seed), step \(step)")
                break
            }
        }
        // What never happened was not compared.
        let alpha = run.model["alpha"].counters
        #expect(min(alpha.acknowledged, alpha.retried, alpha.died, alpha.expired) > 0)
        #expect(run.model["beta"].counters.died > 0)
        try run.end()
    }
}

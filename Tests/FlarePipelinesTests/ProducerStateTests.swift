import FlareModel
import Testing

@testable import FlarePipelines

@Suite("what is remembered of a producer")
struct ProducerStateTests {
    /// One producer whose fresh batches are durable at once, one offset a record.
    private struct Producer {
        let kind: ProducerStamp.Kind
        var epoch: Int16 = 0
        var table = ProducerTable()
        var offset: Int64 = 0

        init(_ kind: ProducerStamp.Kind) {
            self.kind = kind
        }

        /// `fresh`, the offset of a duplicate, or the code of a refusal.
        mutating func send(_ first: Int64, _ last: Int64? = nil, count: Int = 1, fingerprint: UInt32 = 0) -> String {
            let stamp = ProducerStamp(
                kind: kind,
                id: [7],
                epoch: epoch,
                firstSequence: first,
                lastSequence: last ?? first,
                fingerprint: fingerprint
            )
            switch table.admit(stamp) {
            case .fresh:
                table.commit(stamp, offset: offset, recordCount: count, at: Timestamp(milliseconds: 0))
                offset += Int64(count)
                return "fresh"
            case .duplicate(let receipt):
                #expect(receipt.isDuplicate)
                return "at \(receipt.offset)"
            case .refused(let error): return error.code.spelling
            }
        }
    }

    @Test("a Kafka producer begins with 0 and goes on where its last batch ended")
    func kafkaOrder() {
        var producer = Producer(.kafka)
        #expect(producer.send(5, 6) == "sequence_gap")
        #expect(producer.send(0, 4, count: 5) == "fresh")
        #expect(producer.send(6) == "sequence_gap")
        #expect(producer.send(5) == "fresh")
        #expect(producer.send(4) == "sequence_gap")
        #expect(producer.send(6, 9, count: 4) == "fresh")
    }

    @Test("the last five batches of a Kafka producer are known again, older ones are not")
    func kafkaDuplicates() {
        var producer = Producer(.kafka)
        for sequence in 0..<6 { #expect(producer.send(Int64(sequence)) == "fresh") }
        #expect(producer.send(0) == "sequence_gap")
        for sequence in 1..<6 { #expect(producer.send(Int64(sequence)) == "at \(sequence)") }
        #expect(producer.send(4, 5) == "sequence_gap")
        #expect(producer.send(6) == "fresh")
    }

    @Test("Kafka's sequences go on with 0 behind 2³¹ − 1, within a batch too")
    func kafkaWrap() {
        let key = ProducerKey(kind: .kafka, id: [7])
        func producer(last: Int64) -> Producer {
            var state = ProducerState(epoch: 0, usedAt: Timestamp(milliseconds: 0))
            let stamp = ProducerStamp(kind: .kafka, id: [7], firstSequence: last, lastSequence: last)
            state.commit(stamp, offset: 0, recordCount: 1, at: Timestamp(milliseconds: 0))
            var producer = Producer(.kafka)
            producer.table = ProducerTable([key: state])
            producer.offset = 1
            return producer
        }
        var atEnd = producer(last: Int64(Int32.max))
        #expect(atEnd.send(Int64(Int32.max) + 1) == "sequence_gap")
        #expect(atEnd.send(0, 2, count: 3) == "fresh")
        #expect(atEnd.send(Int64(Int32.max)) == "at 0")
        #expect(atEnd.send(3) == "fresh")

        var within = producer(last: Int64(Int32.max) - 2)
        #expect(within.send(Int64(Int32.max) - 1, 1, count: 4) == "fresh")
        #expect(within.send(Int64(Int32.max) - 1, 1, count: 4) == "at 1")
        #expect(within.send(2) == "fresh")
    }

    @Test("a new epoch of a Kafka producer begins with 0 again and shuts out the old one")
    func kafkaEpochs() {
        var producer = Producer(.kafka)
        #expect(producer.send(0) == "fresh")
        #expect(producer.send(1) == "fresh")
        producer.epoch = 1
        #expect(producer.send(2) == "sequence_gap")
        #expect(producer.send(0) == "fresh")
        #expect(producer.send(0) == "at 2")
        producer.epoch = 0
        #expect(producer.send(1) == "producer_fenced")
        #expect(producer.send(2) == "producer_fenced")
        producer.epoch = 1
        #expect(producer.send(1) == "fresh")
    }

    @Test("the numbers of a WebSocket producer rise and may skip; what is not above the last is known")
    func webSocket() {
        var producer = Producer(.webSocket)
        #expect(producer.send(3) == "fresh")
        #expect(producer.send(3) == "at 0")
        #expect(producer.send(10) == "fresh")
        #expect(producer.send(4) == "at 1")
        #expect(producer.send(10) == "at 1")
        #expect(producer.send(11) == "fresh")
    }

    @Test("an idempotency key stands for one body")
    func idempotencyKey() {
        var producer = Producer(.idempotencyKey)
        #expect(producer.send(0, count: 3, fingerprint: 17) == "fresh")
        #expect(producer.send(0, count: 3, fingerprint: 17) == "at 0")
        #expect(producer.send(0, fingerprint: 18) == "idempotency_key_reused")
        #expect(producer.send(0, fingerprint: 17) == "at 0")
    }

    @Test("a reject that is sent again stands for one record, whatever replaces it")
    func replay() {
        var producer = Producer(.replay)
        #expect(producer.send(0, fingerprint: 1) == "fresh")
        #expect(producer.send(0, fingerprint: 2) == "at 0")
    }

    @Test("a batch that is told twice, by the door and by the log, counts once, in whatever order")
    func toldTwice() {
        let time = Timestamp(milliseconds: 5)
        let stamps = (0..<8).map {
            ProducerStamp(kind: .kafka, id: [7], firstSequence: Int64($0), lastSequence: Int64($0))
        }
        var once = ProducerState(epoch: 0, usedAt: time)
        for (offset, stamp) in stamps.enumerated() {
            once.commit(stamp, offset: Int64(offset), recordCount: 1, at: time)
        }
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            // Each tells in order; how the two mix is chance.
            var twice = ProducerState(epoch: 0, usedAt: time)
            var told = [0, 0]
            while told.contains(where: { $0 < stamps.count }) {
                let teller = told[0] == 8 ? 1 : told[1] == 8 ? 0 : Int.random(in: 0...1, using: &generator)
                let next = told[teller]
                twice.commit(stamps[next], offset: Int64(next), recordCount: 1, at: time)
                told[teller] += 1
            }
            #expect(twice == once)
        }
    }

    @Test("an old epoch that the log tells late does not bring the producer back to it")
    func lateEpoch() {
        let time = Timestamp(milliseconds: 0)
        let old = ProducerStamp(kind: .kafka, id: [7], epoch: 0, firstSequence: 0, lastSequence: 0)
        let new = ProducerStamp(kind: .kafka, id: [7], epoch: 1, firstSequence: 0, lastSequence: 0)
        var state = ProducerState(epoch: 0, usedAt: time)
        state.commit(old, offset: 0, recordCount: 1, at: time)
        state.commit(new, offset: 1, recordCount: 1, at: time)
        state.commit(old, offset: 0, recordCount: 1, at: time)
        #expect(state.epoch == 1)
        #expect(state.spans.map(\.offset) == [1])
    }
}

@Suite("the producers of a stream")
struct ProducerTableTests {
    private func key(_ number: Int) -> ProducerStamp {
        ProducerStamp(kind: .idempotencyKey, id: [UInt8(number >> 8), UInt8(number & 255)])
    }

    private func second(_ number: Int) -> Timestamp { Timestamp(milliseconds: Int64(number) * 1_000) }

    @Test("changes are taken once, and again when they could not be stored")
    func changes() {
        var table = ProducerTable()
        #expect(table.takeChanges(at: second(0)).isEmpty)
        table.commit(key(1), offset: 0, recordCount: 1, at: second(0))
        let changes = table.takeChanges(at: second(0))
        #expect(Array(changes.states.keys) == [key(1).key])
        #expect(table.takeChanges(at: second(0)).isEmpty)
        table.putBack(changes)
        table.commit(key(2), offset: 1, recordCount: 1, at: second(0))
        #expect(Set(table.takeChanges(at: second(0)).states.keys) == [key(1).key, key(2).key])
    }

    @Test("changes that are put back hold what the producer has done meanwhile")
    func newestPutBack() {
        var table = ProducerTable()
        let socket = { ProducerStamp(kind: .webSocket, id: [1], firstSequence: $0, lastSequence: $0) }
        table.commit(socket(1), offset: 0, recordCount: 1, at: second(0))
        let changes = table.takeChanges(at: second(0))
        table.commit(socket(2), offset: 1, recordCount: 1, at: second(1))
        table.putBack(changes)
        #expect(table.takeChanges(at: second(1)).states.values.first?.last?.lastSequence == 2)
    }

    @Test("a producer that was silent for too long is forgotten once there are many")
    func byAge() {
        var table = ProducerTable(countMax: 10)
        for number in 0..<6 { table.commit(key(number), offset: Int64(number), recordCount: 1, at: second(number)) }
        let kafka = ProducerStamp(kind: .kafka, id: [1])
        table.commit(kafka, offset: 6, recordCount: 1, at: second(0))
        _ = table.takeChanges(at: second(0))
        let changes = table.takeChanges(at: second(Limits.idempotencyKeySeconds + 3))
        #expect(Set(changes.forgotten) == Set((0..<3).map { key($0).key }))
        #expect(changes.states.isEmpty)
        #expect(table.states.count == 4)
        #expect(table.states[kafka.key] != nil)
        guard case .fresh = table.admit(key(0)) else {
            Issue.record("a forgotten key is not free again")
            return
        }
    }

    @Test("with too many producers those that were silent longest are forgotten, and not stored any more")
    func byCount() {
        var table = ProducerTable(countMax: 10)
        for number in 0..<15 { table.commit(key(number), offset: Int64(number), recordCount: 1, at: second(number)) }
        let changes = table.takeChanges(at: second(15))
        #expect(Set(changes.forgotten) == Set((0..<6).map { key($0).key }))
        #expect(Set(changes.states.keys) == Set((6..<15).map { key($0).key }))
        #expect(table.states.count == 9)
    }

    @Test("what was forgotten and could not be deleted is due again, unless it has come back")
    func forgottenPutBack() {
        var table = ProducerTable(countMax: 10)
        for number in 0..<15 { table.commit(key(number), offset: Int64(number), recordCount: 1, at: second(number)) }
        table.putBack(table.takeChanges(at: second(15)))
        table.commit(key(0), offset: 15, recordCount: 1, at: second(16))
        let changes = table.takeChanges(at: second(16))
        #expect(Set(changes.forgotten) == Set((1..<6).map { key($0).key }))
        #expect(changes.states[key(0).key]?.last?.offset == 15)
        #expect(table.takeChanges(at: second(16)).isEmpty)
    }
}

/// The same numbers in each run: what failed can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    ///
    /// https://prng.di.unimi.it/splitmix64.c
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

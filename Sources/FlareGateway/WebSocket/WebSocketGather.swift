import FlareModel
import FlarePipelines
import NIOCore

/// The messages of one connection that have arrived and are not on their way to the stream yet.
struct WebSocketGather {
    private enum Kind {
        case new
        case duplicate
        case outOfTurn(FlareError)
        case unusable(FlareError)
    }

    private struct Message {
        /// Where its records stand in `records`.
        let range: Range<Int>
        let sequence: Int64?
        var kind: Kind
    }

    private var records = ByteBuffer()
    private var messages: [Message] = []
    /// What the client has sent, in bytes: with its envelopes, and a little for each message.
    private(set) var bytes = 0

    /// What one message costs at least, however short it is.
    private static let messageBytes = 64

    var isEmpty: Bool { messages.isEmpty }
    var count: Int { messages.count }

    /// Takes a message of a client that does not count.
    mutating func add(_ message: ByteBuffer) {
        add(message, sequence: nil, .new)
    }

    /// Takes a message of a producer, in its envelope.
    mutating func add(envelope message: ByteBuffer, _ sequence: inout WebSocketSequence) {
        do throws(FlareError) {
            let envelope = try ProducerEnvelope.read(message)
            let start = message.readerIndex + envelope.records.lowerBound
            let body = message.getSlice(at: start, length: envelope.records.count) ?? ByteBuffer()
            switch sequence.judge(envelope.sequence) {
            case .new: add(body, sequence: envelope.sequence, .new)
            case .duplicate: add(body, sequence: envelope.sequence, .duplicate)
            case .outOfTurn(let resume):
                add(ByteBuffer(), sequence: envelope.sequence, .outOfTurn(Self.outOfTurn(resume)))
            }
        } catch {
            add(ByteBuffer(), sequence: nil, .unusable(error))
        }
        bytes += message.readableBytes
    }

    private mutating func add(_ body: ByteBuffer, sequence: Int64?, _ kind: Kind) {
        let start = records.writerIndex
        records.writeImmutableBuffer(body)
        messages.append(Message(range: start..<records.writerIndex, sequence: sequence, kind: kind))
        bytes += Self.messageBytes + (sequence == nil ? body.readableBytes : 0)
    }

    /// After a failed append: what is not durable must come again, in the order of the numbers.
    mutating func refuse(after sequence: WebSocketSequence) {
        guard let resume = sequence.resume else { return }
        for index in messages.indices {
            guard let number = messages[index].sequence, !sequence.isDurable(number) else { continue }
            messages[index].kind = .outOfTurn(Self.outOfTurn(resume))
        }
    }

    private static func outOfTurn(_ resume: Int64) -> FlareError {
        FlareError(.sequenceGap, "messages before this one were not stored; go on from \"seq\" \(resume)")
    }

    /// Checks all that was gathered and empties itself.
    mutating func build(
        for stream: StreamLog,
        producer: String?,
        _ sequence: WebSocketSequence?,
        at time: Timestamp
    ) -> (WebSocketRound, IngestBatch) {
        let sequences = newSequences
        let stamp = sequences.flatMap { range in
            producer.map {
                ProducerStamp(
                    kind: .webSocket,
                    id: Array($0.utf8),
                    firstSequence: range.lowerBound,
                    lastSequence: range.upperBound
                )
            }
        }
        let capacity = min(records.readableBytes + 8 * messages.count, Limits.ingestFrameBytes)
        let rules = stream.rules
        var batch = IngestBatch(source: .webSocket, rules: rules, stamp: stamp, at: time, capacity: capacity)
        var round = WebSocketRound(bytes: bytes, sequences: sequences)
        for message in messages {
            let body = records.getSlice(at: message.range.lowerBound, length: message.range.count) ?? ByteBuffer()
            switch message.kind {
            case .new:
                Self.check(body, message.sequence, &batch, &round)
            case .duplicate:
                let isDurable = message.sequence.flatMap { sequence?.isDurable($0) } ?? false
                let count = Self.count(body, rules, at: time)
                round.add(.duplicate(isDurable: isDurable), records: count, sequence: message.sequence)
            case .outOfTurn(let error):
                round.add(.outOfTurn(error), records: 0, sequence: message.sequence)
            case .unusable(let error):
                round.add(.unusable(error), records: 0, sequence: message.sequence)
            }
        }
        clear()
        return (round, batch)
    }

    /// Forgets what was gathered, and keeps the memory unless it is much.
    mutating func clear() {
        if records.capacity > 4_194_304 { records = ByteBuffer() } else { records.clear() }
        messages.removeAll(keepingCapacity: true)
        bytes = 0
    }

    private var newSequences: ClosedRange<Int64>? {
        var first: Int64?
        var last: Int64?
        for message in messages {
            guard case .new = message.kind, let sequence = message.sequence else { continue }
            if first == nil { first = sequence }
            last = sequence
        }
        guard let first, let last else { return nil }
        return first...last
    }

    private static func check(
        _ body: ByteBuffer,
        _ sequence: Int64?,
        _ batch: inout IngestBatch,
        _ round: inout WebSocketRound
    ) {
        do {
            let added = try batch.add(body: body, form: .detect)
            let verdict: WebSocketRound.Verdict =
                added.refusedCount == 0 ? .taken : .refused(added.refused, count: added.refusedCount)
            round.add(verdict, records: added.accepted, sequence: sequence)
        } catch {
            let error = error as? FlareError ?? FlareError(.internalError, "\(error)", cause: error)
            round.add(.unusable(error), records: 0, sequence: sequence)
        }
    }

    /// How many records of a message sent again were accepted the first time, as far as the rules are the same.
    private static func count(_ body: ByteBuffer, _ rules: IngestRules, at time: Timestamp) -> Int {
        var scratch = IngestBatch(source: .webSocket, rules: rules, at: time, capacity: body.readableBytes)
        return (try? scratch.add(body: body, form: .detect))?.accepted ?? 0
    }
}

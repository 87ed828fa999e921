import FlareModel

/// What is remembered of one producer: its newest batches that are durable.
struct ProducerState: Sendable, Hashable {
    /// A durable batch.
    struct Span: Sendable, Hashable {
        let firstSequence: Int64
        let lastSequence: Int64
        let offset: Int64
        let recordCount: Int
        let fingerprint: UInt32
    }

    /// What becomes of a batch that arrives.
    enum Admission {
        case fresh
        case duplicate(AppendReceipt)
        case refused(FlareError)
    }

    /// Kafka clients have at most five requests on their way, so that no older one is asked for again.
    ///
    /// https://kafka.apache.org/documentation/#producerconfigs_max.in.flight.requests.per.connection
    static let spansMax = 5
    /// Kafka's sequences go on with 0 behind this one.
    static let kafkaSequenceMax = Int64(Int32.max)

    var epoch: Int16
    /// Oldest first.
    var spans: [Span] = []
    var usedAt: Timestamp

    var last: Span? { spans.last }

    /// Judges a batch of a producer of which nothing is known.
    static func admitUnknown(_ stamp: ProducerStamp) -> Admission {
        // A producer's first batch was refused and its second arrives: taken, it would make the first look old.
        guard stamp.key.kind == .kafka, stamp.firstSequence != 0 else { return .fresh }
        return gap(stamp, expected: 0)
    }

    /// Judges a batch of this producer.
    func admit(_ stamp: ProducerStamp) -> Admission {
        switch stamp.key.kind {
        case .idempotencyKey, .replay: admitKey(stamp)
        case .webSocket: admitRising(stamp)
        case .kafka: admitSequence(stamp)
        }
    }

    private func admitKey(_ stamp: ProducerStamp) -> Admission {
        guard let last else { return .fresh }
        if stamp.key.kind == .replay || last.fingerprint == stamp.fingerprint { return .duplicate(Self.receipt(last)) }
        return .refused(
            FlareError(
                .idempotencyKeyReused,
                "the Idempotency-Key was used before with another body",
                hint: "send a new key with each new request"
            )
        )
    }

    private func admitRising(_ stamp: ProducerStamp) -> Admission {
        guard let last, stamp.firstSequence <= last.lastSequence else { return .fresh }
        return .duplicate(Self.receipt(last))
    }

    private func admitSequence(_ stamp: ProducerStamp) -> Admission {
        if stamp.epoch < epoch {
            return .refused(
                FlareError(
                    .producerFenced,
                    "a newer producer with the same id has epoch \(epoch), this batch has \(stamp.epoch)"
                )
            )
        }
        if stamp.epoch > epoch { return Self.admitUnknown(stamp) }
        if let span = spans.last(where: { Self.isSame($0, stamp) }) { return .duplicate(Self.receipt(span)) }
        guard let last else { return Self.admitUnknown(stamp) }
        let expected = last.lastSequence == Self.kafkaSequenceMax ? 0 : last.lastSequence + 1
        return stamp.firstSequence == expected ? .fresh : Self.gap(stamp, expected: expected)
    }

    private static func isSame(_ span: Span, _ stamp: ProducerStamp) -> Bool {
        span.firstSequence == stamp.firstSequence && span.lastSequence == stamp.lastSequence
    }

    private static func receipt(_ span: Span) -> AppendReceipt {
        AppendReceipt(offset: span.offset, recordCount: span.recordCount, isDuplicate: true)
    }

    private static func gap(_ stamp: ProducerStamp, expected: Int64) -> Admission {
        .refused(
            FlareError(
                .sequenceGap,
                "a batch begins with sequence \(stamp.firstSequence) where \(expected) was expected",
                hint: "send the batches in order, beginning with the one that was not acknowledged"
            )
        )
    }

    /// A batch is durable; one that is known already changes nothing.
    mutating func commit(_ stamp: ProducerStamp, offset: Int64, recordCount: Int, at now: Timestamp) {
        usedAt = max(usedAt, now)
        if stamp.epoch > epoch {
            epoch = stamp.epoch
            spans = []
        }
        if let last, last.offset >= offset { return }
        spans.append(
            Span(
                firstSequence: stamp.firstSequence,
                lastSequence: stamp.lastSequence,
                offset: offset,
                recordCount: recordCount,
                fingerprint: stamp.fingerprint
            )
        )
        if spans.count > Self.spansMax { spans.removeFirst() }
    }
}

/// Where a batch stands in its producer's own count, so that a batch which is sent again counts once.
package struct ProducerStamp: Sendable, Hashable {
    /// Which door's way of counting it is.
    ///
    /// The number is stored.
    package enum Kind: UInt8, Sendable {
        /// The `Idempotency-Key` of an HTTP request: each key stands for one batch.
        case idempotencyKey = 1
        /// The `seq` of a WebSocket producer: rises, and may skip numbers.
        case webSocket = 2
        /// The sequence of a Kafka producer: each batch begins where the one before ended.
        case kafka = 3
        /// A reject that is sent again: its id stands for one batch.
        case replay = 4
    }

    package let key: ProducerKey
    /// Only batches of the newest epoch of a producer are taken.
    package let epoch: Int16
    package let firstSequence: Int64
    package let lastSequence: Int64
    /// Tells different contents under the same idempotency key apart.
    package let fingerprint: UInt32

    package init(
        kind: Kind,
        id: [UInt8],
        epoch: Int16 = 0,
        firstSequence: Int64 = 0,
        lastSequence: Int64 = 0,
        fingerprint: UInt32 = 0
    ) {
        key = ProducerKey(kind: kind, id: id)
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.fingerprint = fingerprint
    }
}

/// A producer of one stream.
package struct ProducerKey: Sendable, Hashable {
    package let kind: ProducerStamp.Kind
    package let id: [UInt8]

    package init(kind: ProducerStamp.Kind, id: [UInt8]) {
        self.kind = kind
        self.id = id
    }
}

/// Where the records of a request are, once they are durable.
package struct AppendReceipt: Sendable, Hashable {
    /// The offset of the first record; the others follow it.
    package let offset: Int64
    package let recordCount: Int
    /// They were durable already, from an earlier request with the same stamp.
    package let isDuplicate: Bool

    package init(offset: Int64, recordCount: Int, isDuplicate: Bool = false) {
        self.offset = offset
        self.recordCount = recordCount
        self.isDuplicate = isDuplicate
    }
}

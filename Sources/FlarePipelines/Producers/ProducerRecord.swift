import FlareModel
import FlareStore
import NIOCore

/// The rows of `pipeline_producers`: what is remembered of each producer of a pipeline.
enum ProducerRecord {
    static func load(pipeline id: String, in tx: Transaction) throws -> [ProducerKey: ProducerState] {
        let rows = try tx.rows(
            "SELECT kind, producer, epoch, used_at, spans FROM pipeline_producers WHERE pipeline_id = ?",
            .text(id)
        ) { row -> (ProducerKey, ProducerState)? in
            guard let kind = ProducerStamp.Kind(rawValue: UInt8(clamping: row.int(0))) else { return nil }
            var state = ProducerState(epoch: Int16(clamping: row.int(2)), usedAt: row.time(3))
            state.spans = decode(row.blob(4))
            return (ProducerKey(kind: kind, id: row.blob(1)), state)
        }
        return Dictionary(rows.compactMap { $0 }) { _, last in last }
    }

    static func save(_ changes: ProducerTable.Changes, pipeline id: String, in tx: Transaction) throws {
        for (key, state) in changes.states {
            try tx.execute(
                """
                INSERT INTO pipeline_producers (pipeline_id, kind, producer, epoch, used_at, spans)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (pipeline_id, kind, producer) DO UPDATE SET
                    epoch = excluded.epoch, used_at = excluded.used_at, spans = excluded.spans
                """,
                .text(id),
                .integer(Int64(key.kind.rawValue)),
                .blob(key.id),
                .integer(Int64(state.epoch)),
                .integer(state.usedAt.milliseconds),
                .blob(encode(state.spans))
            )
        }
        for key in changes.forgotten {
            try tx.execute(
                "DELETE FROM pipeline_producers WHERE pipeline_id = ? AND kind = ? AND producer = ?",
                .text(id),
                .integer(Int64(key.kind.rawValue)),
                .blob(key.id)
            )
        }
    }

    /// Takes the next Kafka producer id: no two producers of this state directory ever have the same.
    static func takeID(in tx: Transaction) throws -> Int64 {
        let next = try tx.row(
            "UPDATE kafka_producer_ids SET next_id = next_id + 1 WHERE id = 1 RETURNING next_id - 1"
        ) { $0.integer(0) }
        guard let next else { throw FlareError(.corruptStore, "the counter of Kafka producer ids is missing") }
        return next
    }

    /// 36 bytes a span: first and last sequence, offset, record count as i64, fingerprint as u32, little-endian.
    private static func encode(_ spans: [ProducerState.Span]) -> [UInt8] {
        var buffer = ByteBuffer()
        for span in spans {
            buffer.writeInteger(span.firstSequence, endianness: .little)
            buffer.writeInteger(span.lastSequence, endianness: .little)
            buffer.writeInteger(span.offset, endianness: .little)
            buffer.writeInteger(Int64(span.recordCount), endianness: .little)
            buffer.writeInteger(span.fingerprint, endianness: .little)
        }
        return Array(buffer.readableBytesView)
    }

    private static func decode(_ bytes: [UInt8]) -> [ProducerState.Span] {
        var buffer = ByteBuffer(bytes: bytes)
        var spans: [ProducerState.Span] = []
        while let first: Int64 = buffer.readInteger(endianness: .little),
            let last: Int64 = buffer.readInteger(endianness: .little),
            let offset: Int64 = buffer.readInteger(endianness: .little),
            let count: Int64 = buffer.readInteger(endianness: .little),
            let fingerprint: UInt32 = buffer.readInteger(endianness: .little)
        {
            spans.append(
                ProducerState.Span(
                    firstSequence: first,
                    lastSequence: last,
                    offset: offset,
                    recordCount: Int(count),
                    fingerprint: fingerprint
                )
            )
        }
        return spans
    }
}

import FlareModel

/// Reads Produce v7 answers for one partition of one topic.
struct KafkaAnswers: AnswerReader {
    /// The records of one request.
    let records: Int
    /// Where the error code stands, from the front of the answer: behind its size, correlation, the counts of topics
    /// and partitions, the name of the topic and the number of the partition.
    private let errorAt: Int

    init(topic: String, records: Int) {
        self.records = records
        errorAt = 4 + 4 + 4 + 2 + topic.utf8.count + 4 + 4
    }

    mutating func next(in bytes: UnsafeRawBufferPointer) throws -> Answer? {
        guard bytes.count >= 4 else { return nil }
        let size = Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard size >= errorAt - 2, size < 16_000 else {
            throw FlareError(.runFailed, "the server sent an answer of \(size) bytes, which is none to Produce v7")
        }
        guard bytes.count >= 4 + size else { return nil }
        let error = Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: errorAt, as: Int16.self))
        guard error == 0 || Self.putOff.contains(error) else {
            throw FlareError(.runFailed, "the server answered Produce with the error code \(error)")
        }
        return Answer(bytes: 4 + size, messages: 1, records: records, isThrottled: error != 0)
    }

    /// NOT_ENOUGH_REPLICAS, which a pipeline over its bound answers, and THROTTLING_QUOTA_EXCEEDED.
    private static let putOff: [Int16] = [19, 89]
}

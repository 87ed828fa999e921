import FlareModel
import FlarePipelines
import NIOCore

/// Carries out one Produce request: checks its records, hands them to the streams and gathers what became of them.
///
/// Confined to the event loop of its connection.
final class KafkaProduceCall {
    private let request: KafkaProduceRequest
    private let pipelines: PipelineService
    private let token: String?
    private let eventLoop: any EventLoop
    private let done: (KafkaProduceCall) -> Void
    private var outcomes: [[KafkaProduceReply.Outcome]] = []
    /// Batches on their way to the disk, and one for the hand-over itself.
    private var pending = 1
    private var decompressedBudget = Limits.kafkaDecompressedBytesMax

    /// - Parameters:
    ///   - token: the password of the connection.
    ///   - done: called once, when all records are durable or refused; perhaps before `start` returns.
    init(
        _ request: KafkaProduceRequest,
        pipelines: PipelineService,
        token: String?,
        on eventLoop: any EventLoop,
        _ done: @escaping (KafkaProduceCall) -> Void
    ) {
        self.request = request
        self.pipelines = pipelines
        self.token = token
        self.eventLoop = eventLoop
        self.done = done
    }

    func start() {
        outcomes = request.topics.map { Array(repeating: .init(), count: $0.partitions.count) }
        for (topicIndex, topic) in request.topics.enumerated() {
            for (index, partition) in topic.partitions.enumerated() {
                take(partition, of: topic.name, at: Place(topic: topicIndex, partition: index))
            }
        }
        end()
    }

    /// Nil when the client wants no answer.
    var reply: ByteBuffer? {
        guard request.acks != 0 else { return nil }
        let isThrottled = outcomes.contains { $0.contains { $0.error.isThrottled } }
        return KafkaProduceReply.make(
            request,
            outcomes,
            throttleMilliseconds: isThrottled ? Limits.kafkaThrottleMilliseconds : 0
        )
    }

    var hasFailed: Bool { outcomes.contains { $0.contains { $0.error != .none } } }

    private struct Place {
        let topic: Int
        let partition: Int
    }

    private func take(_ partition: KafkaProduceRequest.Partition, of topic: String, at place: Place) {
        let stream: StreamLog
        let records: PartitionRecords
        do throws(KafkaFault) {
            stream = try open(topic, partition)
            records = try read(partition, stream)
        } catch {
            return set(.failure(error), at: place)
        }
        if let refusal = records.refusal {
            stream.metrics.took(.kafka, records: 0, bytes: 0, refused: records.refusedCount)
            return set(refusal, at: place)
        }
        for (index, batch) in records.batches.enumerated() {
            append(batch, to: stream, isFirst: index == 0, at: place)
        }
    }

    /// The stream that a topic names, if this client may write to it now.
    private func open(_ topic: String, _ partition: KafkaProduceRequest.Partition) throws(KafkaFault) -> StreamLog {
        if request.transaction != nil {
            throw KafkaFault(.transactionalIDAuthorizationFailed, "flare has no transactions")
        }
        guard (-1...1).contains(request.acks) else {
            throw KafkaFault(.invalidRequiredAcks, "acks is \(request.acks); 0, 1 and -1 are allowed")
        }
        let stream: StreamLog
        do {
            stream = try pipelines.stream(named: topic)
        } catch {
            let error = error as? FlareError ?? FlareError(.internalError, "\(error)", cause: error)
            throw KafkaFault(error)
        }
        guard partition.index == KafkaBroker.partition else {
            throw KafkaFault(.unknownTopicOrPartition, "pipeline \"\(topic)\" has one partition, 0")
        }
        guard !stream.rules.requiresToken || token.map(stream.accepts) == true else {
            throw KafkaFault(
                .topicAuthorizationFailed,
                "pipeline \"\(topic)\" asks for a token: log in with SASL PLAIN and the token as password"
            )
        }
        if let refusal = stream.refusal(ofBytes: partition.records?.readableBytes ?? 0) {
            let fault = KafkaFault(refusal)
            if fault.code.isThrottled { stream.metrics.throttled(.kafka) }
            throw fault
        }
        return stream
    }

    private func read(
        _ partition: KafkaProduceRequest.Partition,
        _ stream: StreamLog
    ) throws(KafkaFault) -> PartitionRecords {
        let result = (partition.records ?? ByteBuffer()).withUnsafeReadableBytes {
            bytes -> Result<PartitionRecords, KafkaFault> in
            do throws(KafkaFault) {
                return .success(
                    try PartitionRecords(
                        bytes.assumingMemoryBound(to: UInt8.self),
                        rules: stream.rules,
                        at: pipelines.now(),
                        budget: &decompressedBudget
                    )
                )
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func append(_ batch: IngestBatch, to stream: StreamLog, isFirst: Bool, at place: Place) {
        pending += 1
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let lineBytes = batch.lineBytes
        stream.append(batch, on: eventLoop) { (result: Result<AppendReceipt, FlareError>) in
            let call = bound.value
            switch result {
            case .success(let receipt):
                if !receipt.isDuplicate {
                    stream.metrics.took(.kafka, records: receipt.recordCount, bytes: lineBytes, refused: 0)
                }
                if isFirst { call.succeed(offset: receipt.offset, at: place) }
            case .failure(let error):
                let fault = KafkaFault(error)
                if fault.code.isThrottled { stream.metrics.throttled(.kafka) }
                call.set(.failure(fault), at: place)
            }
            call.end()
        }
    }

    /// A failure stays, whatever becomes of the other batches of the partition.
    private func set(_ outcome: KafkaProduceReply.Outcome, at place: Place) {
        guard outcomes[place.topic][place.partition].error == .none else { return }
        outcomes[place.topic][place.partition] = outcome
    }

    private func succeed(offset: Int64, at place: Place) {
        guard outcomes[place.topic][place.partition].error == .none else { return }
        outcomes[place.topic][place.partition].offset = offset
    }

    private func end() {
        pending -= 1
        if pending == 0 { done(self) }
    }
}

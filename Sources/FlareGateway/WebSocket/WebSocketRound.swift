import FlareModel
import FlarePipelines
import NIOCore

/// Messages that go to the stream in one append, and what will be answered for each, in their order.
struct WebSocketRound {
    enum Verdict {
        case taken
        /// Some of the records were refused, perhaps all.
        case refused([RefusedRecord], count: Int)
        /// The message as a whole cannot be used.
        case unusable(FlareError)
        /// Comes too early: messages before it must be sent again first.
        case outOfTurn(FlareError)
        /// Was sent before; durable by itself, or once this round is.
        case duplicate(isDurable: Bool)
    }

    /// One message, or several in a row with the same answer.
    struct Part {
        let verdict: Verdict
        var messages = 1
        /// Accepted records.
        var records: Int
        /// The producer's number of the last message.
        var sequence: Int64?

        /// Whether what is answered depends on the append of this round.
        var needsAppend: Bool {
            switch verdict {
            case .taken, .refused, .duplicate(isDurable: false): true
            case .unusable, .outOfTurn, .duplicate(isDurable: true): false
            }
        }
    }

    private(set) var parts: [Part] = []
    private(set) var messages = 0
    private(set) var refusedRecords = 0
    /// What the client has sent for this round, in bytes.
    let bytes: Int
    /// The producer's numbers of the new messages.
    let sequences: ClosedRange<Int64>?

    init(bytes: Int, sequences: ClosedRange<Int64>?) {
        self.bytes = bytes
        self.sequences = sequences
    }

    mutating func add(_ verdict: Verdict, records: Int, sequence: Int64?) {
        messages += 1
        if case .refused(_, let count) = verdict { refusedRecords += count }
        if let last = parts.last, Self.sharesAnswer(last.verdict, verdict) {
            parts[parts.count - 1].messages += 1
            parts[parts.count - 1].records += records
            parts[parts.count - 1].sequence = sequence
        } else {
            parts.append(Part(verdict: verdict, records: records, sequence: sequence))
        }
    }

    private static func sharesAnswer(_ one: Verdict, _ other: Verdict) -> Bool {
        switch (one, other) {
        case (.taken, .taken), (.outOfTurn, .outOfTurn): true
        case (.duplicate(let isDurable), .duplicate(let isOtherDurable)): isDurable == isOtherDurable
        default: false
        }
    }

    /// Writes the answers as frames.
    ///
    /// - Parameters:
    ///   - result: what came of the append; nil when there was nothing to append.
    ///   - resume: the number from which the producer must go on after a failure.
    func writeAnswers(_ result: Result<AppendReceipt, FlareError>?, resume: Int64?, to output: inout ByteBuffer) {
        var payload = ByteBuffer()
        var failedMessages = 0
        var failedSequence: Int64?
        var offset = (try? result?.get())?.offset ?? 0
        let isRepeated = (try? result?.get())?.isDuplicate ?? false
        var failure: FlareError?
        if case .failure(let error) = result { failure = error }

        func writeFailed() {
            guard failedMessages > 0, let failure else { return }
            payload.clear()
            WebSocketAnswer(messages: failedMessages, error: failure, sequence: failedSequence, resume: resume)
                .write(to: &payload)
            WebSocketWriter.write(.text, payload, to: &output)
            failedMessages = 0
        }

        for part in parts {
            if failure != nil, part.needsAppend {
                failedMessages += part.messages
                failedSequence = part.sequence
                continue
            }
            writeFailed()
            payload.clear()
            Self.answer(for: part, offset: offset, isRepeated: isRepeated, resume: resume).write(to: &payload)
            WebSocketWriter.write(.text, payload, to: &output)
            if case .duplicate = part.verdict { continue }
            offset += Int64(part.records)
        }
        writeFailed()
    }

    private static func answer(for part: Part, offset: Int64, isRepeated: Bool, resume: Int64?) -> WebSocketAnswer {
        var answer = WebSocketAnswer(messages: part.messages, committed: part.records, sequence: part.sequence)
        switch part.verdict {
        case .taken:
            answer.isDuplicate = isRepeated
        case .refused(let refused, let count):
            answer.isDuplicate = isRepeated
            answer.refused = refused
            answer.refusedCount = count
        case .unusable(let error):
            answer.error = error
        case .outOfTurn(let error):
            answer.error = error
            answer.resume = resume
        case .duplicate:
            answer.isDuplicate = true
        }
        if part.records > 0, !answer.isDuplicate { answer.offset = offset }
        return answer
    }
}

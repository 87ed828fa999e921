/// Where a producer's own count stands on one connection: which message is new, which one was sent before.
///
/// Only one append of a producer is under way at a time, so that after a failed one no later message has become
/// durable: it would make the failed ones look like duplicates.
struct WebSocketSequence: Equatable {
    enum Verdict: Equatable {
        case new
        case duplicate
        /// Messages before it failed; the client must go on from this number.
        case outOfTurn(Int64)
    }

    /// The last number that is durable.
    private(set) var durable: Int64?
    /// The last number that was taken, durable or on its way.
    private var taken: Int64?
    /// The first number that failed and has not come again.
    private(set) var resume: Int64?

    init(durable: Int64?) {
        self.durable = durable
        taken = durable
    }

    func isDurable(_ sequence: Int64) -> Bool { durable.map { sequence <= $0 } ?? false }

    /// Takes the number of the next message.
    mutating func judge(_ sequence: Int64) -> Verdict {
        if let taken, sequence <= taken { return .duplicate }
        if let resume, sequence > resume { return .outOfTurn(resume) }
        if sequence == resume { resume = nil }
        taken = sequence
        return .new
    }

    /// All that was taken up to this number is durable.
    mutating func succeeded(_ last: Int64) {
        durable = max(last, durable ?? last)
    }

    /// Nothing from this number on was stored.
    mutating func failed(from first: Int64) {
        resume = min(first, resume ?? first)
        taken = durable
    }
}

/// What a `consume` did with the messages that it got.
struct ConsumeReport: Encodable, Sendable {
    /// Handled messages: printed, or with a command that ran to its end.
    var handled = 0
    var acknowledged = 0
    /// Given back for later by exit status 75.
    var later = 0
    /// Failed attempts.
    var failed = 0
    /// Given back untouched, at a signal.
    var returned = 0
    /// Messages whose lease had run out.
    var lost = 0

    /// What came of one message.
    enum Outcome: Sendable {
        case acknowledged, kept, later, failed, returned, lost
    }

    mutating func add(_ outcome: Outcome) {
        if outcome != .returned { handled += 1 }
        switch outcome {
        case .acknowledged: acknowledged += 1
        case .kept: break
        case .later: later += 1
        case .failed: failed += 1
        case .returned: returned += 1
        case .lost: lost += 1
        }
    }

    var text: String {
        let parts = [(later, "for later"), (failed, "failed"), (returned, "given back"), (lost, "lost their lease")]
        let rest = parts.filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return "\(counted(handled, "message")) handled: \(acknowledged) acknowledged\(rest)"
    }
}

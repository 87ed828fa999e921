import FlareModel

/// What is to be done about a schedule whose next time has come or gone by.
struct ScheduleRule: Sendable {
    let cron: CronExpression
    let catchUp: ScheduleCatchUp

    /// Times to run, times that are given up, and where the schedule goes on.
    struct Plan: Hashable, Sendable {
        /// In order, at most `Limits.scheduleTimesAtOnce`.
        var times: [Timestamp] = []
        var missed: MissedTimesBody?
        /// Not after `now` when more is to be run at once.
        var next: Timestamp
    }

    /// The plan at `now` for a schedule whose next time, not after `now`, is `next`.
    func plan(from next: Timestamp, at now: Timestamp) -> Plan {
        let end = Timestamp(milliseconds: now.milliseconds + 1)
        let latest = cron.previous(before: end)
        guard catchUp == .all else {
            let isTimely = (now - latest).milliseconds <= Limits.scheduleLateMillisecondsMax
            let runs = catchUp == .last || isTimely
            return Plan(
                times: runs ? [latest] : [],
                missed: missed(from: next, to: runs ? latest : end),
                next: cron.next(after: now)
            )
        }
        var start = end
        for _ in 0..<Limits.scheduleCatchUpMax {
            let earlier = cron.previous(before: start)
            guard earlier >= next else { break }
            start = earlier
        }
        let times = cron.times(from: start, to: end, limit: Limits.scheduleTimesAtOnce)
        return Plan(
            times: times,
            missed: missed(from: next, to: start),
            next: cron.next(after: times.last ?? now)
        )
    }

    /// The times from `start` up to and without `end`; nil when there are none.
    private func missed(from start: Timestamp, to end: Timestamp) -> MissedTimesBody? {
        let count = cron.count(from: start, to: end)
        return count == 0 ? nil : MissedTimesBody(count: count, from: start, to: cron.previous(before: end))
    }
}

extension MissedTimesBody {
    /// With further times.
    func adding(_ other: Self) -> Self {
        MissedTimesBody(count: count + other.count, from: min(from, other.from), to: max(to, other.to))
    }
}

extension CronExpression {
    /// The id of the instance that a scheduled time begins: the same for the same expression and time, so that none
    /// begins twice.
    func instanceID(at time: Timestamp) -> String {
        // FNV-1a, folded to 32 bits: a workflow has few expressions.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let text = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
        let digits = time.text.prefix(16).filter { $0 != "-" && $0 != ":" }
        return "cron-\(digits)Z-" + String(repeating: "0", count: 8 - text.utf8.count) + text
    }

    /// What an instance finds in `event.schedule`.
    func event(at time: Timestamp) -> JSONValue {
        .object(["cron": .string(text), "scheduledTime": .integer(time.milliseconds)])
    }
}

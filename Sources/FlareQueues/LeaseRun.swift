/// Leases of one delivery on messages that follow each other and are settled alike, so that they can be settled in one.
struct LeaseRun<Value> {
    let first: Int64
    let token: Int64
    /// What is to be done with all of them.
    let value: Value
    /// How the leases were written, in the order of the messages.
    private(set) var texts: [String]

    var end: Int64 { first + Int64(texts.count) }

    private func isFollowed(by id: LeaseID) -> Bool { end == id.sequence && token == id.token }

    /// Joins leases to runs in the order of their messages; calls `stale` for what is no lease at all.
    static func runs(
        _ leases: [(text: String, value: Value)],
        stale: (String) -> Void,
        alike: (Value, Value) -> Bool = { _, _ in true }
    ) -> [LeaseRun] {
        var parsed: [(id: LeaseID, text: String, value: Value)] = []
        parsed.reserveCapacity(leases.count)
        for (text, value) in leases {
            guard let id = LeaseID(text) else {
                stale(text)
                continue
            }
            parsed.append((id, text, value))
        }
        // Stable, so that of two words on one delivery the first counts.
        let isSorted = zip(parsed, parsed.dropFirst()).allSatisfy { $0.id.sequence < $1.id.sequence }
        if !isSorted {
            parsed = parsed.enumerated()
                .sorted { ($0.element.id.sequence, $0.offset) < ($1.element.id.sequence, $1.offset) }
                .map(\.element)
        }
        var runs: [LeaseRun] = []
        for (id, text, value) in parsed {
            let last = runs.count - 1
            // In place: a copy of the run would have all its texts copied with each one that is added.
            if last >= 0, runs[last].isFollowed(by: id), alike(runs[last].value, value) {
                runs[last].texts.append(text)
            } else {
                runs.append(LeaseRun(first: id.sequence, token: id.token, value: value, texts: [text]))
            }
        }
        return runs
    }
}

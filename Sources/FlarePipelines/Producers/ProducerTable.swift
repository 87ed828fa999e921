import FlareModel

/// The producers of one stream and how far each has come.
///
/// No clock, no I/O. What changed since the last checkpoint is handed out to be stored with the next one.
struct ProducerTable: Sendable {
    private(set) var states: [ProducerKey: ProducerState]
    private var changed: Set<ProducerKey> = []
    /// Forgotten, but still stored.
    private var forgotten: Set<ProducerKey> = []
    private let countMax: Int

    init(_ states: [ProducerKey: ProducerState] = [:], countMax: Int = Limits.pipelineProducersMax) {
        self.states = states
        self.countMax = countMax
    }

    func admit(_ stamp: ProducerStamp) -> ProducerState.Admission {
        states[stamp.key]?.admit(stamp) ?? ProducerState.admitUnknown(stamp)
    }

    /// A batch is durable.
    ///
    /// Telling it twice, from the door and from reading the log, changes nothing the second time.
    mutating func commit(_ stamp: ProducerStamp, offset: Int64, recordCount: Int, at now: Timestamp) {
        var state = states[stamp.key] ?? ProducerState(epoch: stamp.epoch, usedAt: now)
        state.commit(stamp, offset: offset, recordCount: recordCount, at: now)
        states[stamp.key] = state
        changed.insert(stamp.key)
    }

    /// What must be stored with the next checkpoint.
    struct Changes: Sendable {
        var states: [ProducerKey: ProducerState] = [:]
        var forgotten: [ProducerKey] = []
        var isEmpty: Bool { states.isEmpty && forgotten.isEmpty }
    }

    /// Forgets producers that have been silent for too long, or the most silent when there are too many, and takes out
    /// what has changed.
    mutating func takeChanges(at now: Timestamp) -> Changes {
        var changes = Changes()
        for key in changed { changes.states[key] = states[key] }
        changed = []
        if states.count > countMax / 2 { forgotten.formUnion(forget(at: now)) }
        // Those that have come back since are stored anew instead.
        changes.forgotten = forgotten.filter { states[$0] == nil }
        forgotten = []
        for key in changes.forgotten { changes.states[key] = nil }
        return changes
    }

    /// The changes could not be stored: they are due again.
    mutating func putBack(_ changes: Changes) {
        changed.formUnion(changes.states.keys)
        forgotten.formUnion(changes.forgotten)
    }

    private mutating func forget(at now: Timestamp) -> [ProducerKey] {
        var doomed = states.filter { $0.value.usedAt + Self.memory(of: $0.key.kind) < now }.map(\.key)
        if states.count - doomed.count > countMax {
            let kept = Set(doomed)
            let byAge = states.filter { !kept.contains($0.key) }.sorted { $0.value.usedAt < $1.value.usedAt }
            doomed += byAge.prefix(states.count - doomed.count - countMax * 9 / 10).map(\.key)
        }
        for key in doomed { states[key] = nil }
        return doomed
    }

    private static func memory(of kind: ProducerStamp.Kind) -> Duration {
        switch kind {
        case .idempotencyKey: .seconds(Limits.idempotencyKeySeconds)
        case .webSocket, .kafka, .replay: .seconds(Limits.producerSeconds)
        }
    }
}

import FlareModel

/// How the two sides of a sync are compared.
enum SyncComparison: Sendable {
    /// Size and time; where times differ, size and bytes.
    case time
    case size
    case checksum
}

/// What a sync has to do, by relative paths.
struct SyncPlan<Source: Sendable, Destination: Sendable>: Sendable {
    /// What is missing on the other side or differs there.
    var transfers: [Source] = []
    /// What has the same size but may differ in its bytes.
    var doubtful: [(Source, Destination)] = []
    /// What is on the other side only.
    var surplus: [Destination] = []
    var sameCount = 0

    enum Verdict: Sendable {
        case same, differs, doubtful
    }

    /// Compares two sides that are in the order of their names' bytes.
    init(
        _ sources: [Source],
        _ destinations: [Destination],
        sourceName: (Source) -> String,
        destinationName: (Destination) -> String,
        compare: (Source, Destination) -> Verdict
    ) {
        var rest = destinations[...]
        for source in sources {
            let name = sourceName(source).utf8
            while let other = rest.first, destinationName(other).utf8.lexicographicallyPrecedes(name) {
                surplus.append(rest.removeFirst())
            }
            guard let other = rest.first, destinationName(other).utf8.elementsEqual(name) else {
                transfers.append(source)
                continue
            }
            rest.removeFirst()
            switch compare(source, other) {
            case .same: sameCount += 1
            case .differs: transfers.append(source)
            case .doubtful: doubtful.append((source, other))
            }
        }
        surplus += rest
    }
}

extension SyncComparison {
    /// Compares a file with an object by what is known of both without reading.
    func verdict<A, B>(_ file: FileIdentity, _ object: ObjectBody) -> SyncPlan<A, B>.Verdict {
        guard file.sizeBytes == object.size else { return .differs }
        switch self {
        case .size: return .same
        case .checksum: return .doubtful
        case .time: return file.modified.isNear(object.modified) ? .same : .doubtful
        }
    }
}

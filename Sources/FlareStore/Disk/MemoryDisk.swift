import Glibc

/// The contents of a `FaultyDisk`: what a process sees, and what a power cut would leave.
///
/// Names are whole paths.
struct MemoryDisk: Sendable {
    struct File: Sendable {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        /// First bytes of sectors that differ from what is durable.
        var unsynced: Set<Int> = []
    }

    struct Fault: Sendable {
        let operation: DiskOperation
        var passes: Int
        var times: Int
        let number: Int32
        let path: String
    }

    static let sectorBytes = 512

    var files: [Int: File] = [:]
    var names: [String: Int] = [:]
    private var durableNames: [String: Int] = [:]
    var directories: Set<String> = []
    var faults: [Fault] = []
    var counts: [DiskOperation: Int] = [:]
    var capacityBytes: Int
    /// Raised when the process ends; files opened before fail.
    var life = 0
    private var nextID = 1

    init(capacityBytes: Int) {
        self.capacityBytes = capacityBytes
    }

    var usedBytes: Int { names.values.reduce(0) { $0 + (files[$1]?.bytes.count ?? 0) } }

    /// Counts a call; throws when it is to fail.
    mutating func check(_ operation: DiskOperation, _ path: String) throws(DiskError) {
        counts[operation, default: 0] += 1
        for index in faults.indices where faults[index].operation == operation && path.contains(faults[index].path) {
            if faults[index].passes > 0 {
                faults[index].passes -= 1
            } else if faults[index].times > 0 {
                faults[index].times -= 1
                throw DiskError("\(operation)", path, faults[index].number)
            }
        }
    }

    mutating func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> Int {
        if let id = names[path] {
            if case .replacing = mode { files[id]?.bytes = [] }
            return id
        }
        guard case .replacing = mode else { throw DiskError("open", path, ENOENT) }
        let id = nextID
        nextID += 1
        files[id] = File()
        names[path] = id
        return id
    }

    func list(_ directory: String) -> [String] {
        let prefix = directory + "/"
        return (Array(names.keys) + directories)
            .filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains("/") }
            .map { String($0.dropFirst(prefix.count)) }
    }

    /// How many of `count` bytes fit at a position of a file.
    func room(for count: Int, at position: Int, in id: Int) -> Int {
        let size = files[id]?.bytes.count ?? 0
        let growth = max(0, position + count - size)
        return max(0, count - max(0, growth - max(0, capacityBytes - usedBytes)))
    }

    mutating func write(_ bytes: some Collection<UInt8>, at position: Int, in id: Int) {
        guard !bytes.isEmpty else { return }
        let end = position + bytes.count
        let sectors = stride(from: position / Self.sectorBytes * Self.sectorBytes, to: end, by: Self.sectorBytes)
        let missing = end - (files[id]?.bytes.count ?? 0)
        if missing > 0 { files[id]?.bytes.append(contentsOf: repeatElement(0, count: missing)) }
        files[id]?.bytes.replaceSubrange(position..<end, with: bytes)
        files[id]?.unsynced.formUnion(sectors)
    }

    mutating func sync(_ id: Int) {
        guard let file = files[id] else { return }
        if file.durable.count != file.bytes.count {
            files[id]?.durable = file.bytes
        } else {
            for sector in file.unsynced {
                let range = sector..<min(sector + Self.sectorBytes, file.bytes.count)
                files[id]?.durable.replaceSubrange(range, with: file.bytes[range])
            }
        }
        files[id]?.unsynced = []
    }

    mutating func syncDirectory(_ path: String) {
        let prefix = path + "/"
        func isInside(_ name: String) -> Bool { name.hasPrefix(prefix) && !name.dropFirst(prefix.count).contains("/") }
        durableNames = durableNames.filter { !isInside($0.key) }
        durableNames.merge(names.filter { isInside($0.key) }) { $1 }
    }

    mutating func losePower(_ keepsSector: () -> Bool) {
        life += 1
        names = durableNames
        for (id, file) in files.sorted(by: { $0.key < $1.key }) {
            var left = file.durable
            for sector in file.unsynced.sorted() where keepsSector() && sector < file.bytes.count {
                let end = min(sector + Self.sectorBytes, file.bytes.count)
                if left.count < end { left.append(contentsOf: repeatElement(0, count: end - left.count)) }
                left.replaceSubrange(sector..<end, with: file.bytes[sector..<end])
            }
            files[id] = File(bytes: left, durable: left)
        }
        let kept = Set(names.values)
        files = files.filter { kept.contains($0.key) }
    }

    func contents(_ path: String) -> [UInt8]? {
        names[path].flatMap { files[$0]?.bytes }
    }

    mutating func overwrite(_ path: String, with bytes: [UInt8]) {
        guard let id = names[path] else { return }
        files[id] = File(bytes: bytes, durable: bytes)
    }
}

/// The distinct values of a column of numbers, with their places in order of appearance.
struct WordDictionary {
    private(set) var entries: [UInt64] = []
    /// Open addressing: a place plus one, 0 for a free slot; at most half full.
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private static let seed = UInt64.random(in: .min ... .max)

    /// The place of a word, which is added when it is new.
    @inline(__always)
    mutating func place(of word: UInt64) -> UInt32 {
        var slot = ByteHash.hash(word, seed: Self.seed) & (slots.count - 1)
        while slots[slot] != 0 {
            if entries[Int(slots[slot]) - 1] == word { return slots[slot] - 1 }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append(word)
        slots[slot] = UInt32(entries.count)
        if entries.count * 2 > slots.count { grow() }
        return UInt32(entries.count - 1)
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (index, word) in entries.enumerated() {
            var slot = ByteHash.hash(word, seed: Self.seed) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}

/// The distinct values of a column of byte strings, with their places in order of appearance.
struct BlobDictionary {
    private(set) var bytes: [UInt8] = []
    /// Where each entry ends in `bytes`.
    private(set) var ends: [Int] = []
    /// The low half of each entry's hash: spares most comparisons, and reading the bytes again when the table grows.
    private var hashes: [UInt32] = []
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private static let seed = UInt64.random(in: .min ... .max)

    var count: Int { ends.count }

    subscript(index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    /// The place of a value, which is added when it is new.
    @inline(__always)
    mutating func place(of blob: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(blob, seed: Self.seed))
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if hashes[index] == hash, isEntry(index, blob) { return UInt32(index) }
            slot = (slot + 1) & (slots.count - 1)
        }
        bytes.append(contentsOf: blob)
        ends.append(bytes.count)
        hashes.append(hash)
        slots[slot] = UInt32(ends.count)
        if ends.count * 2 > slots.count { grow() }
        return UInt32(ends.count - 1)
    }

    @inline(__always)
    private func isEntry(_ index: Int, _ blob: UnsafeBufferPointer<UInt8>) -> Bool {
        let range = self[index]
        guard range.count == blob.count else { return false }
        return bytes.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[range]).compare(blob) == 0 }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (index, hash) in hashes.enumerated() {
            var slot = Int(hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}

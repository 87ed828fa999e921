import Glibc

/// Names with their places, found again by their bytes.
///
/// Members mostly come in the same order in every record, so the caller says which one it expects.
struct NameTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each name ends in `bytes`.
    private var ends: [Int] = []
    /// Open addressing: a name's place plus one, 0 for a free slot; a power of two long, at most half full.
    private var slots: [Int32] = []

    /// Differs from one run to the next, so that nobody can choose names that all fall into one slot.
    private static let seed = UInt64.random(in: .min ... .max) | 1

    var count: Int { ends.count }

    subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// The place of a name; nil when it is not there.
    @inline(__always)
    func find(_ name: UnsafeBufferPointer<UInt8>, expected: Int) -> Int? {
        if expected < ends.count, isName(name, at: expected) { return expected }
        return search(name)
    }

    private func search(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
        if slots.isEmpty {
            return ends.indices.first { isName(name, at: $0) }
        }
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] != 0 {
            if isName(name, at: Int(slots[slot]) - 1) { return Int(slots[slot]) - 1 }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    @inline(__always)
    private func isName(_ name: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == name.count else { return false }
        return bytes.withUnsafeBufferPointer { known in
            guard let left = known.baseAddress, let right = name.baseAddress else { return true }
            return memcmp(left + start, right, name.count) == 0
        }
    }

    /// Adds a name that is not there yet; returns its place.
    @discardableResult
    mutating func add(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        // A handful is found as fast by looking at each.
        if ends.count > 8, ends.count * 2 > slots.count {
            grow()
        } else if !slots.isEmpty {
            insert(ends.count - 1, name)
        }
        return ends.count - 1
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: max(32, slots.count * 2))
        for index in ends.indices {
            Array(self[index]).withUnsafeBufferPointer { insert(index, $0) }
        }
    }

    private mutating func insert(_ index: Int, _ name: UnsafeBufferPointer<UInt8>) {
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index + 1)
    }

    private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        ByteHash.hash(name, seed: seed)
    }
}

extension NameTable: Hashable {
    static func == (left: Self, right: Self) -> Bool { left.ends == right.ends && left.bytes == right.bytes }

    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes)
        hasher.combine(ends)
    }
}

/// A quick hash of a few bytes, for tables that live in memory only.
enum ByteHash {
    /// Folds words of eight bytes with a 128-bit product, as wyhash does (https://github.com/wangyi-fudan/wyhash).
    @inline(__always)
    static func hash(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64) -> Int {
        var state = seed ^ UInt64(truncatingIfNeeded: bytes.count) &* 0x9E37_79B9_7F4A_7C15
        guard let base = bytes.baseAddress else { return Int(truncatingIfNeeded: fold(state)) }
        let raw = UnsafeRawPointer(base)
        var offset = 0
        while offset + 8 <= bytes.count {
            state = fold(state ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(base[offset])
            offset += 1
        }
        return Int(truncatingIfNeeded: fold(state ^ tail))
    }

    @inline(__always)
    static func hash(_ word: UInt64, seed: UInt64) -> Int { Int(truncatingIfNeeded: fold(word ^ seed)) }

    @inline(__always)
    private static func fold(_ word: UInt64) -> UInt64 {
        let product = (word ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }
}

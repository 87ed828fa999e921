/// An ordered list of small integers with constant-time insertion at the end, removal and move to the end.
///
/// A doubly linked list in two arrays: no allocation per change.
struct SlotList {
    private static let none = -1

    private var next: [Int] = []
    private var previous: [Int] = []
    private(set) var first: Int?
    private(set) var last: Int?

    mutating func append(_ slot: Int) {
        while next.count <= slot {
            next.append(Self.none)
            previous.append(Self.none)
        }
        next[slot] = Self.none
        previous[slot] = last ?? Self.none
        if let last { next[last] = slot } else { first = slot }
        last = slot
    }

    mutating func remove(_ slot: Int) {
        let before = previous[slot]
        let after = next[slot]
        if before == Self.none { first = after == Self.none ? nil : after } else { next[before] = after }
        if after == Self.none { last = before == Self.none ? nil : before } else { previous[after] = before }
    }

    mutating func moveToEnd(_ slot: Int) {
        guard last != slot else { return }
        remove(slot)
        append(slot)
    }
}

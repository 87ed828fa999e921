/// Keys and paths by their bytes.
///
/// Swift's characters would take a slash with an accent behind it for one character that is no slash, and two normal
/// forms of a letter for the same; neither the engine nor the file system does.
extension StringProtocol where UTF8View: BidirectionalCollection {
    private static var slash: UInt8 { UInt8(ascii: "/") }

    var beginsWithSlash: Bool { utf8.first == Self.slash }

    var endsWithSlash: Bool { utf8.last == Self.slash }

    var hasSlash: Bool { utf8.contains(Self.slash) }

    /// The length in bytes up to the last slash, with it; 0 without one.
    var folderBytes: Int { utf8.lastIndex(of: Self.slash).map { utf8[...$0].count } ?? 0 }

    /// What lies between slashes, empty parts too.
    var slashParts: [String] {
        utf8.split(separator: Self.slash, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The last part that is not empty, or all when there is none.
    var lastPart: String {
        utf8.split(separator: Self.slash).last.map { String(decoding: $0, as: UTF8.self) } ?? String(self)
    }

    /// Without its first bytes.
    func droppingBytes(_ count: Int) -> String { String(decoding: utf8.dropFirst(count), as: UTF8.self) }

    var withoutLastByte: String { String(decoding: utf8.dropLast(), as: UTF8.self) }

    func hasBytes(_ other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    func beginsWithBytes(_ other: some StringProtocol) -> Bool { utf8.starts(with: other.utf8) }
}

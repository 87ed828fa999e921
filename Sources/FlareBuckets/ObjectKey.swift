import FlareModel

/// The rule for object keys, and their order: keys are compared as bytes of UTF-8, never as Swift compares strings
/// (which takes "é" and "e\u{301}" for the same).
package enum ObjectKey {
    /// Checks a key at the edge; throws `invalidArgument` with the rule.
    package static func validate(_ key: String) throws {
        let rule = "an object key has 1 to \(Limits.objectKeyBytesMax) bytes of UTF-8 and no NUL"
        let count = key.utf8.count
        if count == 0 { throw FlareError(.invalidArgument, "the object key is empty: \(rule)") }
        if count > Limits.objectKeyBytesMax {
            throw FlareError(.invalidArgument, "the object key is \(count) bytes long: \(rule)")
        }
        if key.utf8.contains(0) { throw FlareError(.invalidArgument, "the object key contains a NUL byte: \(rule)") }
    }

    /// The smallest text that comes after every text beginning with `prefix`; nil when there is none.
    ///
    /// UTF-8 sorts as its scalars do, so the last scalar is raised by one, leaving out the surrogates.
    static func successor(ofPrefix prefix: String) -> String? {
        var scalars = Array(prefix.unicodeScalars)
        while let last = scalars.popLast() {
            guard let next = Unicode.Scalar(last.value == 0xD7FF ? 0xE000 : last.value + 1) else { continue }
            scalars.append(next)
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            return String(text)
        }
        return nil
    }
}

extension String {
    /// Whether both are the same bytes.
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Whether the text begins with the bytes of `prefix`.
    func beginsWithBytes(of prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Whether the text ends with the bytes of `suffix`.
    func endsWithBytes(of suffix: String) -> Bool {
        utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Whether the text sorts before `other`, byte by byte.
    func precedesInBytes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

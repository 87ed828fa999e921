package import FlareStore

/// An object and a way to its bytes.
///
/// The bytes stay readable when the object is replaced or deleted meanwhile.
package struct ObjectContents: Sendable {
    package let record: ObjectRecord
    /// Which bytes of the object are in `bytes`.
    package let range: Range<Int>
    package let bytes: ObjectBytes

    /// Whether these are all bytes of the object.
    package var isWhole: Bool { range == 0..<record.size }
}

/// What comes of reading an object that exists.
package enum ObjectRead: Sendable {
    case contents(ObjectContents)
    /// A condition did not hold since the caller has this version.
    case notModified(ObjectRecord)
    /// Another condition did not hold.
    case conditionFailed(ObjectRecord)
    /// The object has none of the bytes asked for.
    case rangeNotSatisfiable(ObjectRecord)
}

import FlareBuckets
import FlareModel

/// The conditional headers of requests.
enum S3Conditions {
    /// Of a read: of all four headers; nil without one, which most requests are.
    static func ofRead(_ head: S3RequestHead) -> ObjectConditions? {
        let names = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        guard head.headers.contains(where: { names.contains($0.name) }) else { return nil }
        return ObjectConditions { head.header($0) }
    }

    /// Of a write: S3 looks at etags alone.
    static func ofWrite(_ head: S3RequestHead) -> ObjectConditions? {
        guard head.headers.contains(where: { $0.name == "if-match" || $0.name == "if-none-match" }) else { return nil }
        return ObjectConditions { ["if-match", "if-none-match"].contains($0) ? head.header($0) : nil }
    }

    /// Of the source of a copy.
    static func ofSource(_ head: S3RequestHead) -> ObjectConditions? {
        let prefix = "x-amz-copy-source-if-"
        guard head.headers.contains(where: { $0.name.hasPrefix(prefix) }) else { return nil }
        return ObjectConditions { head.header("x-amz-copy-source-" + $0) }
    }

    /// The range that a read asks for; nil for all.
    static func range(_ head: S3RequestHead) -> ObjectRange? {
        head.header("range").flatMap { ObjectRange(header: $0) }
    }

    /// Whether the range is one of this version: `if-range` says that the caller has begun with another one.
    static func isRange(_ head: S3RequestHead, of record: ObjectRecord) -> Bool {
        guard let wanted = head.header("if-range") else { return true }
        return wanted == record.httpEtag || wanted == record.uploadedAt.httpDate
    }

    static func failed(_ condition: String = "one of the conditions of the request") -> S3Error {
        S3Error(
            code: "PreconditionFailed",
            httpStatus: 412,
            message: "At least one of the pre-conditions you specified did not hold",
            details: [("Condition", condition)]
        )
    }
}

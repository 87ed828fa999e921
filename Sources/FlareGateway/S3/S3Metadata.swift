import FlareBuckets
import FlareModel
import FoundationEssentials

/// What the headers of a write say about an object, and the headers that say it again.
enum S3Metadata {
    private static let prefix = "x-amz-meta-"

    /// Throws `InvalidStorageClass`, or `MetadataTooLarge`.
    static func read(_ head: S3RequestHead) throws(S3Error) -> ObjectMetadata {
        var http = HTTPMetadata { head.header($0) }
        if let encoding = http.contentEncoding { http.contentEncoding = withoutChunking(encoding) }
        var custom: [String: String] = [:]
        for (name, value) in head.headers where name.hasPrefix(prefix) {
            let key = String(name.dropFirst(prefix.count))
            let text = decoded(value)
            // Several headers of one name are one list: https://www.rfc-editor.org/rfc/rfc9110#section-5.2
            custom[key] = custom[key].map { "\($0),\(text)" } ?? text
        }
        let metadata = ObjectMetadata(http: http, custom: custom, storageClass: try storageClass(head))
        let bytes =
            custom.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            + http.headers.reduce(0) { $0 + $1.1.utf8.count }
        guard bytes <= Limits.objectMetadataBytesMax else {
            throw S3Error(
                code: "MetadataTooLarge",
                httpStatus: 400,
                message: "the metadata has \(bytes) bytes; at most \(Limits.objectMetadataBytesMax) are kept",
                details: [("Size", "\(bytes)"), ("MaxSizeAllowed", "\(Limits.objectMetadataBytesMax)")]
            )
        }
        return metadata
    }

    /// The storage class that a write asks for.
    static func storageClass(_ head: S3RequestHead) throws(S3Error) -> StorageClass? {
        switch head.header("x-amz-storage-class") {
        case nil: return nil
        case "STANDARD": return .standard
        case "STANDARD_IA": return .infrequentAccess
        case let other?:
            throw S3Error(
                code: "InvalidStorageClass",
                httpStatus: 400,
                message: "\"\(other)\" is not a storage class here: STANDARD or STANDARD_IA"
            )
        }
    }

    /// The headers of an answer with or about an object.
    static func headers(_ record: ObjectRecord) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = [
            ("last-modified", record.uploadedAt.httpDate), ("etag", record.httpEtag), ("accept-ranges", "bytes"),
        ]
        var http = record.metadata.http
        http.contentType = http.contentType ?? "application/octet-stream"
        for (name, value) in http.headers { result.append((name, value)) }
        for (name, value) in record.metadata.custom.sorted(by: { $0.key < $1.key }) where isToken(name) {
            result.append((prefix + name, encoded(value)))
        }
        if let name = record.metadata.storageClass.s3Header { result.append(("x-amz-storage-class", name)) }
        return result
    }

    /// `aws-chunked` is how the body travelled, not what the object is.
    private static func withoutChunking(_ encoding: String) -> String? {
        let rest = encoding.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
            .filter { $0.lowercased() != "aws-chunked" && !$0.isEmpty }
        return rest.isEmpty ? nil : rest.joined(separator: ",")
    }

    // MARK: Words that are not ASCII

    /// A value as it is kept: encoded words of UTF-8 are decoded, as S3 does.
    ///
    /// https://www.rfc-editor.org/rfc/rfc2047#section-2
    static func decoded(_ value: String) -> String {
        guard value.contains("=?") else { return value }
        var result = ""
        var rest = value[...]
        var isAfterWord = false
        while let start = rest.firstRange(of: "=?") {
            guard let word = EncodedWord(rest[start.lowerBound...]) else {
                result += rest[..<start.upperBound]
                rest = rest[start.upperBound...]
                isAfterWord = false
                continue
            }
            let before = rest[..<start.lowerBound]
            // White space between two encoded words is not part of the text.
            if !isAfterWord || before.contains(where: { $0 != " " }) { result += before }
            result += word.text
            rest = word.rest
            isAfterWord = true
        }
        return result + rest
    }

    /// A value as a header holds it: an encoded word where it is not plain ASCII.
    static func encoded(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !value.contains("=?")
        return isPlain ? value : "=?UTF-8?B?\(Data(value.utf8).base64EncodedString())?="
    }

    /// Whether a name may be a header's: those that Workers have given need not be.
    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// `=?UTF-8?B?…?=` at the beginning of a text, and what follows it.
    private struct EncodedWord {
        let text: String
        let rest: Substring

        init?(_ value: Substring) {
            let parts = value.dropFirst(2).split(separator: "?", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, ["utf-8", "us-ascii"].contains(parts[0].lowercased()),
                let end = parts[2].firstRange(of: "?=")
            else { return nil }
            let encoded = parts[2][..<end.lowerBound]
            let decoded =
                switch parts[1].lowercased() {
                case "b": Data(base64Encoded: String(encoded)).flatMap { String(validating: $0, as: UTF8.self) }
                case "q":
                    PercentCoding.decode(
                        encoded.replacing("%", with: "%25").replacing("_", with: " ").replacing("=", with: "%")
                    )
                default: nil as String?
                }
            guard let decoded else { return nil }
            text = decoded
            rest = parts[2][end.upperBound...]
        }
    }
}

extension StorageClass {
    /// S3's name.
    var s3Name: String {
        switch self {
        case .standard: "STANDARD"
        case .infrequentAccess: "STANDARD_IA"
        }
    }

    /// The value of the header in answers, which S3 leaves out for the usual class.
    var s3Header: String? { self == .standard ? nil : s3Name }
}

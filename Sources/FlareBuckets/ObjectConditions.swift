package import FlareModel

/// What must hold of the object that is there now for a read or a write to happen.
///
/// Pure.
package struct ObjectConditions: Sendable, Hashable {
    /// Etags, one of which must be the object's; `*` is any object's.
    package var etagMatches: [String]?
    /// Etags, none of which may be the object's.
    package var etagDoesNotMatch: [String]?
    package var uploadedBefore: Timestamp?
    package var uploadedAfter: Timestamp?
    /// Compares times in whole seconds, as HTTP headers do.
    package var secondsGranularity: Bool

    package init(
        etagMatches: [String]? = nil,
        etagDoesNotMatch: [String]? = nil,
        uploadedBefore: Timestamp? = nil,
        uploadedAfter: Timestamp? = nil,
        secondsGranularity: Bool = false
    ) {
        self.etagMatches = etagMatches
        self.etagDoesNotMatch = etagDoesNotMatch
        self.uploadedBefore = uploadedBefore
        self.uploadedAfter = uploadedAfter
        self.secondsGranularity = secondsGranularity
    }

    /// Reads the conditional headers of a request; `header` looks one up by its lower-case name.
    package init(_ header: (String) -> String?) {
        self.init(
            etagMatches: header("if-match").map(Self.etags),
            etagDoesNotMatch: header("if-none-match").map(Self.etags),
            // "Unmodified since T" holds for an upload at T itself.
            uploadedBefore: header("if-unmodified-since").flatMap { Timestamp(httpDate: $0) }.map { $0 + .seconds(1) },
            uploadedAfter: header("if-modified-since").flatMap { Timestamp(httpDate: $0) },
            secondsGranularity: true
        )
    }

    /// Reads R2's `onlyIf`: etags as a text or a list of texts, times in milliseconds since 1970.
    package init?(json: JSONValue) throws {
        guard json != .null else { return nil }
        guard json.objectValue != nil else { throw FlareError(.invalidArgument, "onlyIf must be an object") }
        func etags(_ name: String) throws -> [String]? {
            switch json[name] {
            case nil, .null: return nil
            case .string(let text): return [Self.unquoted(text)]
            case .array(let values): return values.compactMap(\.stringValue).map(Self.unquoted)
            default: throw FlareError(.invalidArgument, "onlyIf.\(name) must be an etag or a list of etags")
            }
        }
        func time(_ name: String) throws -> Timestamp? {
            guard let value = json[name], value != .null else { return nil }
            guard let milliseconds = value.integerValue else {
                throw FlareError(.invalidArgument, "onlyIf.\(name) must be a time in milliseconds")
            }
            return Timestamp(milliseconds: Int64(milliseconds))
        }
        self.init(
            etagMatches: try etags("etagMatches"),
            etagDoesNotMatch: try etags("etagDoesNotMatch"),
            uploadedBefore: try time("uploadedBefore"),
            uploadedAfter: try time("uploadedAfter"),
            secondsGranularity: json["secondsGranularity"]?.boolValue ?? false
        )
    }

    /// Whether the conditions hold, and if not, what HTTP calls it.
    package enum Outcome: Sendable {
        case holds
        /// The caller has this version already: 304 for a read.
        case notModified
        /// 412.
        case failed
    }

    /// Judges the object that is there now, nil when there is none.
    ///
    /// A matching etag outweighs the time of its pair, as in https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2.
    package func evaluate(etag: String?, uploaded: Timestamp?) -> Outcome {
        guard let etag, let uploaded else {
            return etagMatches == nil && uploadedAfter == nil ? .holds : .failed
        }
        func rounded(_ time: Timestamp) -> Int64 {
            secondsGranularity ? time.milliseconds / 1000 : time.milliseconds
        }
        func includes(_ etags: [String]) -> Bool { etags.contains("*") || etags.contains(etag) }
        if let etagMatches {
            guard includes(etagMatches) else { return .failed }
        } else if let uploadedBefore, rounded(uploaded) >= rounded(uploadedBefore) {
            return .failed
        }
        if let etagDoesNotMatch {
            guard !includes(etagDoesNotMatch) else { return .notModified }
        } else if let uploadedAfter, rounded(uploaded) <= rounded(uploadedAfter) {
            return .notModified
        }
        return .holds
    }

    /// Throws `preconditionFailed` when the conditions do not hold of the object that is there now.
    func require(of record: ObjectRecord?, key: String) throws {
        guard evaluate(etag: record?.etag, uploaded: record?.uploadedAt) == .holds else {
            throw FlareError(
                .preconditionFailed,
                "object \"\(key)\" does not meet the conditions of the request",
                hint: record.map { "its etag is \($0.etag)" } ?? "there is no such object"
            )
        }
    }

    private static func etags(_ header: String) -> [String] {
        header.split(separator: ",").map { unquoted(String($0)) }
    }

    private static func unquoted(_ text: String) -> String {
        var text = text.trimmingPrefix { $0 == " " }
        while text.last == " " { text.removeLast() }
        if text.hasPrefix("W/") { text.removeFirst(2) }
        guard text.count >= 2, text.first == "\"", text.last == "\"" else { return String(text) }
        return String(text.dropFirst().dropLast())
    }
}

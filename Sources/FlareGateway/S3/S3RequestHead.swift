/// The head of one request to the S3 door: as it was sent, and as it is understood.
///
/// Signatures are computed over what was sent, so nothing in `target` and `headers` has been changed but the case of
/// header names.
package struct S3RequestHead: Sendable {
    /// In capitals, as sent: `PUT`.
    package var method: String
    /// Path and query as sent, with their percent encoding: `/bucket/a%20b?list-type=2`.
    package var target: String
    /// In the order in which they came; names are in lower case, values without the space around them.
    package var headers: [(name: String, value: String)]
    /// The `Host` header as sent, with its port when it has one; empty without one.
    package var host: String
    /// Whether the connection is encrypted.
    package var isTLS: Bool
    /// The bucket that the host or the path names, decoded.
    ///
    /// Nil for the service itself.
    package var bucket: String?
    /// The object's key, decoded, exactly as it was meant: neither `..` nor `//` are resolved.
    ///
    /// Nil when the request is for a bucket or the service.
    package var key: String?
    /// Names and values of the query in the order in which they came, decoded; a name without `=` has an empty value.
    package var query: [(name: String, value: String)]

    package init(
        method: String,
        target: String,
        headers: [(name: String, value: String)],
        host: String,
        isTLS: Bool,
        bucket: String? = nil,
        key: String? = nil,
        query: [(name: String, value: String)] = []
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.host = host
        self.isTLS = isTLS
        self.bucket = bucket
        self.key = key
        self.query = query
    }

    /// The path as sent, without the query.
    package var rawPath: Substring { target.prefix { $0 != "?" } }

    /// The query as sent, without its question mark; empty without one.
    package var rawQuery: Substring {
        guard let mark = target.firstIndex(of: "?") else { return "" }
        return target[target.index(after: mark)...]
    }

    /// The value of the first header of this name, which is in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// The value of the first query parameter of this name.
    package func parameter(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }
}

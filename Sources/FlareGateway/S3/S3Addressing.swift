import FlareModel

/// Which bucket and object a request is for, by its host and its path.
///
/// `BUCKET.localhost` and `BUCKET.s3.localhost` name the bucket by the host; with any other host the path begins with
/// it. A path is taken apart as it was sent and then decoded, so that `..`, `//` and `%2F` are what the client meant:
/// parts of a key.
enum S3Addressing {
    /// The head with its bucket, key and query.
    ///
    /// Throws `InvalidURI` when the target cannot be decoded to text, and `InvalidRequest` for several hosts.
    static func head(of request: S3IncomingRequest) throws(S3Error) -> S3RequestHead {
        let hosts = request.headers.filter { $0.name == "host" }
        guard hosts.count <= 1 else {
            // A proxy before the engine may have gone by the other one.
            // https://www.rfc-editor.org/rfc/rfc9112#section-3.2
            throw S3Error(
                code: "InvalidRequest",
                httpStatus: 400,
                message: "the request has \(hosts.count) Host headers where one says what it is for"
            )
        }
        let host = hosts.first?.value ?? ""
        var head = S3RequestHead(
            method: request.method,
            target: originForm(request.target),
            headers: request.headers,
            host: host,
            isTLS: request.isTLS
        )
        guard head.target.hasPrefix("/") else { throw invalid(request.target, "it does not begin with a slash") }
        let path = head.rawPath.dropFirst()
        if let bucket = bucket(ofHost: host) {
            head.bucket = bucket
            head.key = path.isEmpty ? nil : try decode(path, of: request.target)
        } else if !path.isEmpty {
            let slash = path.firstIndex(of: "/")
            let bucket = try decode(path[..<(slash ?? path.endIndex)], of: request.target)
            guard !bucket.isEmpty else { throw invalid(request.target, "it names no bucket") }
            head.bucket = bucket
            if let slash {
                let rest = path[path.index(after: slash)...]
                head.key = rest.isEmpty ? nil : try decode(rest, of: request.target)
            }
        }
        head.query = try query(head.rawQuery, of: request.target)
        return head
    }

    /// The bucket that a `Host` header names; nil when the path does.
    static func bucket(ofHost host: String) -> String? {
        var name = hostname(host)
        guard name.hasSuffix(".localhost") else { return nil }
        name.removeLast(".localhost".count)
        if name == "s3" { return nil }
        if name.hasSuffix(".s3") { name.removeLast(".s3".count) }
        return name.isEmpty ? nil : String(name)
    }

    /// The host without its port, in lower case.
    static func hostname(_ host: String) -> Substring {
        let host = host.lowercased()[...]
        // The colons of an IPv6 address are inside its brackets.
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return host }
        return host[..<colon]
    }

    /// The path and query of a target that names the whole address, as for a proxy.
    private static func originForm(_ target: String) -> String {
        guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else { return target }
        let rest = target[scheme.upperBound...]
        guard let slash = rest.firstIndex(of: "/") else { return "/" }
        return String(rest[slash...])
    }

    private static func query(
        _ text: Substring,
        of target: String
    ) throws(S3Error) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        guard !text.isEmpty else { return result }
        for pair in text.split(separator: "&") {
            let equals = pair.firstIndex(of: "=")
            let name = try decode(pair[..<(equals ?? pair.endIndex)], of: target, plusIsSpace: true)
            let value = try equals.map { position throws(S3Error) in
                try decode(pair[pair.index(after: position)...], of: target, plusIsSpace: true)
            }
            result.append((name, value ?? ""))
        }
        return result
    }

    private static func decode(
        _ text: Substring,
        of target: String,
        plusIsSpace: Bool = false
    ) throws(S3Error) -> String {
        if !text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) { return String(text) }
        guard let decoded = PercentCoding.decode(text, plusIsSpace: plusIsSpace) else {
            throw invalid(target, "its percent encoding does not give UTF-8")
        }
        return decoded
    }

    private static func invalid(_ target: String, _ reason: String) -> S3Error {
        S3Error(
            code: "InvalidURI",
            httpStatus: 400,
            message: "the address \(target.prefix(200)) cannot be read: \(reason)"
        )
    }
}

import FlareModel
import NIOHTTP1

/// What the head of a handshake asks for, beside the pipeline.
struct WebSocketRequest {
    let head: HTTPRequestHead

    /// Whether a request asks to speak WebSocket from now on; whether it does so rightly is for the handshake.
    static func isAsked(by head: HTTPRequestHead) -> Bool {
        head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }

    /// The token, from the header, or from where a browser can put it: `?token=`, or the second of the subprotocols
    /// `flare, bearer.TOKEN`.
    var token: String? {
        if let authorization = head.headers.first(name: "authorization") {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            return String(parts[1]).trimmingSpaces
        }
        if let token = parameter("token") { return token }
        return subprotocols.first { $0.hasPrefix("bearer.") }.map { String($0.dropFirst(7)) }
    }

    var subprotocols: [Substring] { head.headers[canonicalForm: "sec-websocket-protocol"] }

    /// The name by which the client resumes; nil when it gives none.
    ///
    /// Throws `invalidArgument` for one that cannot be taken.
    func producer() throws(FlareError) -> String? {
        guard let name = parameter("producer") else { return nil }
        let isPrintable = name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isPrintable, (1...Limits.webSocketProducerBytesMax).contains(name.utf8.count) else {
            throw FlareError(
                .invalidArgument,
                "the producer's name is not 1 to \(Limits.webSocketProducerBytesMax) printable ASCII characters",
                hint: "choose a name that stays the same when the client connects again, such as the host's"
            )
        }
        return name
    }

    /// The first value of a parameter of the query.
    ///
    /// An escape that cannot be decoded gives an empty value.
    private func parameter(_ name: String) -> String? {
        guard let mark = head.uri.firstIndex(of: "?") else { return nil }
        for pair in head.uri[head.uri.index(after: mark)...].split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == name else { continue }
            return parts.count == 2 ? PercentCoding.decode(parts[1], plusIsSpace: true) ?? "" : ""
        }
        return nil
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

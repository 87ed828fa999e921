import FlareModel

/// Which Worker a request on the control port is for, and what its code sees of the address.
struct WorkerTarget: Equatable, Sendable {
    var worker: String
    /// `request.url`: the address as it was typed, without `/workers/NAME` where that came first.
    var url: String

    /// Reads the address of a request; nil when it is not one for a Worker.
    ///
    /// - Parameters:
    ///   - host: of the request's `Host` header, with its port.
    ///   - path: of the request line, with its query.
    init?(host: String?, path: String) {
        let host = host.map { $0.isEmpty ? "127.0.0.1" : $0 } ?? "127.0.0.1"
        guard path.hasPrefix("/") else { return nil }
        if let worker = Self.worker(ofHost: host) {
            self.init(worker: worker, url: "http://\(host)\(path)")
            return
        }
        let prefix = "/workers/"
        guard path.hasPrefix(prefix) else { return nil }
        let rest = path.dropFirst(prefix.count)
        let raw = rest.prefix { $0 != "/" && $0 != "?" }
        guard !raw.isEmpty, let worker = PercentCoding.decode(raw) else { return nil }
        let seen = rest.dropFirst(raw.count)
        self.init(worker: worker, url: "http://\(host)\(seen.hasPrefix("/") ? "" : "/")\(seen)")
    }

    private init(worker: String, url: String) {
        self.worker = worker
        self.url = url
    }

    /// `NAME` of `NAME.localhost`, which browsers and resolvers send to the loopback address.
    private static func worker(ofHost host: String) -> String? {
        let name = host.prefix { $0 != ":" }.lowercased()
        let suffix = ".localhost"
        guard name.hasSuffix(suffix), name.count > suffix.count else { return nil }
        let worker = String(name.dropLast(suffix.count))
        return worker.contains(".") ? nil : worker
    }
}

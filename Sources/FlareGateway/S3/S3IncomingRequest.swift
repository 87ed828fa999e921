import NIOCore
import NIOHTTP1

/// A request as it has come: its head as text, and its body while it arrives.
struct S3IncomingRequest: Sendable {
    /// In capitals, as sent.
    let method: String
    /// Path and query as sent.
    let target: String
    /// Names in lower case.
    let headers: [(name: String, value: String)]
    let isTLS: Bool
    let body: S3RequestBody
    let requestID: String

    init(_ head: HTTPRequestHead, isTLS: Bool, body: S3RequestBody, requestID: String) {
        method = head.method.rawValue
        target = head.uri
        headers = head.headers.map { (Self.lowercased($0.name), $0.value) }
        self.isTLS = isTLS
        self.body = body
        self.requestID = requestID
    }

    /// What `content-length` announces; 0 without a body, nil for a body in chunks.
    var bodyBytes: Int? {
        if let length = header("content-length") { return Int(length) }
        return header("transfer-encoding") == nil ? 0 : nil
    }

    /// The value of the first header of this name, which is in lower case.
    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// Most clients send names in lower case or all alike; only ASCII letters change.
    private static func lowercased(_ name: String) -> String {
        name.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ? name.lowercased() : name
    }
}

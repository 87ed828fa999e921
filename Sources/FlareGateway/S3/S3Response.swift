import FlareStore
import NIOCore

/// What is answered to one request.
struct S3Response: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// The bytes of an object.
        case object(ObjectBytes)
        /// None, but the length is that of the bytes that another method would send: for HEAD.
        case announced(Int)
    }

    var status: Int
    /// In the order in which they are sent; the connection adds its own: length, date, request id.
    var headers: [(name: String, value: String)]
    var body: Body

    init(status: Int = 200, headers: [(name: String, value: String)] = [], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An XML document.
    static func document(
        _ document: S3XMLWriter,
        status: Int = 200,
        headers: [(name: String, value: String)] = []
    ) throws -> S3Response {
        S3Response(
            status: status,
            headers: headers + [("content-type", "application/xml")],
            body: .bytes(try document.finish())
        )
    }
}

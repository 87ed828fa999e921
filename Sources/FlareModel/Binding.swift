/// What user code calls through `env.NAME`: one implementation per product.
///
/// Lives here so that a product room can offer a binding without importing the room that runs user code.
package protocol Binding: Sendable {
    /// Runs one method. `arguments` is the tagged-codec-free JSON of the call; `body` its raw bytes, if any.
    /// A thrown `FlareError` becomes a JavaScript `Error` with the same message.
    func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply
}

/// The answer of a binding: a JSON value and, for object bytes, a raw body.
package struct BindingReply: Sendable {
    package var value: JSONValue
    package var body: [UInt8]

    package init(value: JSONValue = .null, body: [UInt8] = []) {
        self.value = value
        self.body = body
    }
}

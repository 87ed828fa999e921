/// What the S3 door answers instead of what was asked for, in S3's own words.
///
/// Clients branch on `code`; people read `message`.
package struct S3Error: Error, Sendable {
    /// One of S3's names, such as `NoSuchKey`.
    package var code: String
    package var httpStatus: Int
    /// One sentence that names the thing and says what to do.
    package var message: String
    /// Further elements of the answer, in order, such as `("StringToSign", "…")`: not escaped yet.
    package var details: [(name: String, value: String)]
    /// Headers of the answer beside the usual ones, such as `("allow", "GET")`.
    package var headers: [(name: String, value: String)]

    package init(
        code: String,
        httpStatus: Int,
        message: String,
        details: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = []
    ) {
        self.code = code
        self.httpStatus = httpStatus
        self.message = message
        self.details = details
        self.headers = headers
    }
}

extension S3Error: CustomStringConvertible {
    package var description: String { "\(code): \(message)" }
}

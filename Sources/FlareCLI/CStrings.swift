import Glibc

/// Texts as C takes a list of them, such as the arguments of a program.
enum CStrings {
    /// Runs a body with the texts, which are gone afterwards; the list ends with a null pointer.
    static func with<Result>(
        _ strings: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a list with its end is never empty") }
            return body(base)
        }
    }
}

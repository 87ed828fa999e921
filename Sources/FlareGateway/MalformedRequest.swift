import FlareModel
import NIOHTTP1

extension FlareError {
    /// What a client is told whose request breaks off, or goes on in a way that HTTP does not know.
    init(malformed error: HTTPParserError) {
        switch error {
        case .invalidEOFState:
            self.init(
                .invalidData,
                "the request was cut off before its body had come in full",
                hint: "send the whole body, as long as its headers say",
                cause: error
            )
        default: self.init(.invalidData, "the request is not valid HTTP: \(error)", cause: error)
        }
    }
}

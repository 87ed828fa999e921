import ArgumentParser
import Testing

@testable import FlareCLI

@Suite("how an engine is started")
struct EngineStartOptionsTests {
    @Test(
        "the engine gets the words that it is started with",
        arguments: [
            [], ["--ingest-port", "9000", "--control-port", "9001"], ["--require-tls"], ["--no-require-tls"],
            ["--tls-cert", "a.pem", "--tls-key", "a.key"], ["--tls-cert", "", "--tls-key", ""],
        ]
    )
    func words(words: [String]) throws {
        #expect(try EngineStartOptions.parse(words).words == words)
    }

    @Test("an empty certificate alone goes back to the local authority")
    func cleared() throws {
        let words = try EngineStartOptions.parse(["--tls-cert", ""]).words
        #expect(words == ["--tls-cert", "", "--tls-key", ""])
    }

    @Test(
        "a certificate and its key go together, and ports are ports",
        arguments: [
            ["--tls-cert", "a.pem"], ["--tls-key", "a.key"], ["--tls-cert", "", "--tls-key", "a.key"],
            ["--tls-cert", "a.pem", "--tls-key", ""], ["--ingest-port", "0"],
        ]
    )
    func refused(words: [String]) {
        #expect(throws: (any Error).self) { try EngineStartOptions.parse(words) }
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsGet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Read an object to stdout or into a file."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The object's key.")
    var key: String

    @Option(name: .shortAndLong, help: "The file to write, \"-\" for stdout.", completion: .file())
    var output: String = "-"

    func execute(_ shell: Shell) async throws {
        let response = try await shell.client().send("GET", BucketPath.object(bucket, key))
        try await response.check()
        let expected = response.header("content-length").flatMap { Int($0) }
        var received = 0
        if output == "-" {
            for try await chunk in response.chunks {
                received += chunk.count
                shell.writeBytes(chunk)
            }
            try check(received, expected)
            return
        }
        let file = try FileOutput(path: output)
        do {
            for try await chunk in response.chunks {
                received += chunk.count
                try file.write(chunk)
            }
            try check(received, expected)
            try Task.checkCancellation()
        } catch {
            file.discard()
            throw error
        }
        try file.finish()
        let result = Result(bucket: bucket, key: key, file: output, size: received)
        shell.emit(result) { "read \(bucket)/\(key) into \(output)  \(formatSizeBytes(received))" }
    }

    private func check(_ received: Int, _ expected: Int?) throws {
        guard let expected, received != expected else { return }
        throw FlareError(
            .engineUnavailable,
            "the engine stopped after \(received) of \(expected) bytes of \(bucket)/\(key)",
            hint: "flare engine logs"
        )
    }

    private struct Result: Encodable {
        let bucket: String
        let key: String
        let file: String
        let size: Int
    }
}

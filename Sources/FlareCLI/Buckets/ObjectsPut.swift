import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsPut: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Write a file or stdin as an object.",
        discussion: """
            Without FILE, the bytes come from stdin; at a terminal, KEY is then taken for the file and its last part \
            for the key.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The object's key.", completion: .file())
    var key: String

    @Argument(help: "The file to read, \"-\" for stdin.", completion: .file())
    var file: String?

    @Option(name: .long, help: "The media type to keep with the object. Default: by the ending of the key or file.")
    var contentType: String?

    @Option(name: .long, help: "The Content-Encoding to keep with the object.")
    var contentEncoding: String?

    @Option(name: .long, help: "The Content-Disposition to keep with the object.")
    var contentDisposition: String?

    @Option(name: .long, help: "The Content-Language to keep with the object.")
    var contentLanguage: String?

    @Option(name: .long, help: "The Cache-Control to keep with the object.")
    var cacheControl: String?

    func execute(_ shell: Shell) async throws {
        let (key, source) = target(inputIsTerminal: shell.inputIsTerminal)
        let path = try BucketPath.object(bucket, key)
        let input = try FileInput(path: source)
        defer { input.close() }
        let type = contentType ?? MediaType.guess(key) ?? source.flatMap { MediaType.guess($0) }
        let metadata = HTTPMetadata(
            contentType: type ?? "application/octet-stream",
            contentLanguage: contentLanguage,
            contentDisposition: contentDisposition,
            contentEncoding: contentEncoding,
            cacheControl: cacheControl
        )
        let response = try await shell.client().send(
            "PUT",
            path,
            headers: metadata.headers,
            body: .stream(lengthBytes: input.lengthBytes) { try input.next() }
        )
        let bytes = try await response.check().bytes(max: Limits.bodyBytesMax)
        let envelope = try FlareJSON.decode(Envelope<ObjectPutBody>.self, from: bytes)
        guard let object = envelope.result else {
            throw FlareError(.internalError, "the engine answered the write without a result")
        }
        shell.emit(object) {
            "wrote \(bucket)/\(object.key)  \(formatSizeBytes(Int(object.size) ?? 0))  etag \(object.etag)"
        }
    }

    /// The key to write and the path to read; nil is stdin.
    private func target(inputIsTerminal: Bool) -> (key: String, source: String?) {
        if let file { return (key, file == "-" ? nil : file) }
        guard inputIsTerminal else { return (key, nil) }
        return (key.split(separator: "/").last.map { String($0) } ?? key, key)
    }
}

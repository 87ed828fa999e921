import ArgumentParser
import FlareClient
import FlareModel
import Glibc

struct ObjectsGet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Read objects to stdout, into files or below a directory.",
        discussion: """
            A key with *, **, ? or [a-z] is a pattern, unless there is an object of that very key: * and ? stay \
            within a segment, ** crosses them. Several objects need --output DIR; keys that would lead out of it are \
            refused.

            A file appears under its name when it is whole and its bytes are those of the etag. When a large download \
            is interrupted, the same command goes on where it ended.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: ArgumentHelp("The keys or patterns; with --recursive, folders.", valueName: "key"))
    var keys: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file or directory to write, \"-\" for stdout.", valueName: "file"),
        completion: .file()
    )
    var output: String?

    @Flag(name: .shortAndLong, help: "Read all objects below the folders; without KEY, of the bucket.")
    var recursive = false

    @Option(
        name: .long,
        help: ArgumentHelp("Only these bytes: 0-99, 100- (from there) or -100 (the last ones).", valueName: "range")
    )
    var range: String?

    @OptionGroup var filter: ObjectFilter

    @Flag(name: .long, help: "Neither go on with an interrupted download nor keep anything of one.")
    var noResume = false

    @OptionGroup var transfer: TransferOptions

    @Flag(name: .long, help: "Say what would be read, and read nothing.")
    var dryRun = false

    func validate() throws {
        if keys.isEmpty, !recursive { throw ValidationError("give a key, or --recursive for all of the bucket") }
        if let range, Self.header(range) == nil {
            throw ValidationError("--range takes 0-99, 100- or -100, not \"\(range)\"")
        }
        if isMany, range != nil { throw ValidationError("--range is for one key") }
        if isMany, output == nil || output == "-" {
            throw ValidationError("several objects need --output DIR, such as --output .")
        }
    }

    /// Whether the words may mean several objects.
    private var isMany: Bool { recursive || keys.count > 1 }

    func execute(_ shell: Shell) async throws {
        let client = try await BucketClient(shell)
        let report = TransferReport(shell, transfer)
        if !isMany, !dryRun {
            let isPattern = GlobPattern.isPattern(keys[0])
            let isKey = isPattern ? try await client.find(bucket, keys[0]) != nil : true
            if isKey {
                return try await report.during { try await one(keys[0], client, report) }
            }
            guard let output, output != "-" else {
                throw FlareError(.invalidArgument, "the pattern \"\(keys[0])\" needs --output DIR", hint: "--output .")
            }
        }
        var selection = ObjectSelection(client: client, bucket: bucket, filter: filter)
        if recursive {
            for folder in keys.isEmpty ? [""] : keys { try await selection.add(folder: folder) }
        } else {
            for key in keys { try await selection.add(word: key) }
        }
        if selection.objects.isEmpty, selection.missing.count == 1 { throw selection.missing[0].error }
        for (word, error) in selection.missing {
            report.fail(TransferItem(action: .download, bucket: bucket, key: word), error)
        }
        let downloader = ObjectDownloader(client: client, resumes: !noResume, report: report)
        let downloads = FileDownloads(downloader: downloader, bucket: bucket, parallel: transfer.parallel)
        let objects = selection.objects
        try await report.during { try await downloads.run(objects, into: output ?? ".", dryRun: dryRun) }
        try report.finish("read")
    }

    private func one(_ key: String, _ client: BucketClient, _ report: TransferReport) async throws {
        guard let output, output != "-" else { return try await toStream(key, 1, client, report) }
        guard !key.isEmpty else { throw FlareError(.invalidArgument, "the object key is empty") }
        let target = try OutputTarget(output)
        if let descriptor = try target.openStream() {
            defer { close(descriptor) }
            return try await toStream(key, descriptor, client, report)
        }
        let place =
            output.endsWithSlash || LocalTree.isDirectory(output)
            ? try OutputDirectory(path: output, creates: true).place(key.lastPart)
            : try OutputPlace(path: target.path)
        if range != nil { return try await rangeIntoFile(key, place, client, report) }
        let object = try await client.head(bucket, key)
        report.expect(items: 1, bytes: object.size)
        let downloader = ObjectDownloader(client: client, resumes: !noResume, report: report)
        try await downloader.downloadNewest(object, of: bucket, to: place)
        emit(key, place.path, object.size, client.shell)
    }

    private func emit(_ key: String, _ file: String, _ size: Int, _ shell: Shell) {
        shell.emit(Result(bucket: bucket, key: key, file: file, size: size)) {
            SafePath.visible("read \(bucket)/\(key) into \(file)  \(formatSizeBytes(size))")
        }
    }

    private func rangeIntoFile(
        _ key: String,
        _ place: OutputPlace,
        _ client: BucketClient,
        _ report: TransferReport
    ) async throws {
        let part = try PartFile(at: place, etag: "", resumes: false)
        var offset = 0
        do {
            try await stream(key, client) { chunk in
                try part.write(chunk, at: offset)
                offset += chunk.count
                report.moved(chunk.count)
            }
        } catch {
            part.discard()
            throw error
        }
        try part.finish(modified: nil)
        emit(key, place.path, offset, client.shell)
    }

    private func toStream(
        _ key: String,
        _ descriptor: Int32,
        _ client: BucketClient,
        _ report: TransferReport
    ) async throws {
        try await stream(key, client) { chunk in
            client.shell.writeBytes(chunk, to: descriptor)
            report.moved(chunk.count)
        }
    }

    /// Passes on the bytes as they come, and compares them with the etag at the end.
    private func stream(_ key: String, _ client: BucketClient, _ write: ([UInt8]) throws -> Void) async throws {
        let headers = range.flatMap(Self.header).map { [("Range", $0)] } ?? []
        let response = try await client.read(bucket, key, headers: headers)
        if response.status == 416 {
            let size = response.header("content-range").flatMap { $0.split(separator: "/").last } ?? "0"
            throw FlareError(
                .rangeNotSatisfiable,
                "object \"\(key)\" has \(size) bytes, and none in the range \(range ?? "")"
            )
        }
        try await response.check()
        let expected = response.header("content-length").flatMap { Int($0) }
        let etag = response.header("etag")?.replacing("\"", with: "") ?? ""
        var digest = ObjectDigest(etag: response.status == 200 ? etag : "", sizeBytes: expected ?? 0)
        var received = 0
        for try await chunk in response.chunks {
            received += chunk.count
            digest.update(chunk)
            try write(chunk)
        }
        try Task.checkCancellation()
        if let expected, received != expected { throw ObjectDownloader.stopped(received, expected, key) }
        if digest.matches == false {
            throw FlareError(
                .digestMismatch,
                "the bytes of \"\(key)\" that arrived are not those of its etag \(etag)",
                hint: "flare engine logs"
            )
        }
    }

    /// The header of a range in the words of the option; nil for anything else.
    static func header(_ range: String) -> String? {
        let parts = range.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.contains(where: { !$0.isEmpty }) else { return nil }
        let numbers = parts.map { $0.isEmpty ? Int?.none : Int($0) }
        guard zip(parts, numbers).allSatisfy({ $0.isEmpty || ($1 ?? -1) >= 0 }) else { return nil }
        if let first = numbers[0], let last = numbers[1], last < first { return nil }
        return "bytes=\(range)"
    }

    private struct Result: Encodable {
        let bucket: String
        let key: String
        let file: String
        let size: Int
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsPut: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Write files or stdin as objects.",
        usage: """
            flare buckets objects put BUCKET KEY [FILE]
            flare buckets objects put BUCKET FOLDER/ FILE ...
            flare buckets objects put BUCKET --prefix PREFIX FILE ...
            flare buckets objects put BUCKET --recursive DIRECTORY ... [--prefix PREFIX]
            """,
        discussion: """
            With KEY alone, the bytes come from stdin; at a terminal, KEY is then taken for the file and its last \
            part for the key. With --prefix or --recursive every word is a file or directory, and keys are the prefix \
            and the file's name, or its path below the directory.

            Large files are sent in parts. When that is interrupted, the same command goes on where it ended.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(
        help: ArgumentHelp("The key, then the files to read, \"-\" for stdin.", valueName: "key-or-file"),
        completion: .file()
    )
    var words: [String]

    @Option(name: .long, help: "What the keys begin with; every word is then a file.")
    var prefix: String?

    @Flag(name: .shortAndLong, help: "Write all files below the directories that are named.")
    var recursive = false

    @Flag(name: .long, help: "Follow symbolic links below a directory; otherwise they are passed over.")
    var followLinks = false

    @Option(name: .long, help: "Write only over an object that has this etag.")
    var ifMatch: String?

    @Option(name: .long, help: "Write only when the object has not this etag; \"*\": when there is none.")
    var ifNoneMatch: String?

    @OptionGroup var filter: ObjectFilter
    @OptionGroup var metadata: MetadataOptions
    @OptionGroup var parts: PartOptions
    @OptionGroup var transfer: TransferOptions

    @Flag(name: .long, help: "Say what would be written, and write nothing.")
    var dryRun = false

    func validate() throws {
        guard !recursive, prefix == nil else { return }
        if words.count > 2, !words[0].endsWithSlash {
            throw ValidationError("several files need --prefix PREFIX, or a KEY that ends with \"/\"")
        }
        if !filter.isEmpty || followLinks {
            throw ValidationError("--include, --exclude and --follow-links go with --recursive")
        }
    }

    func execute(_ shell: Shell) async throws {
        let isOne = !recursive && prefix == nil && words.count < 3 && !(words.count == 2 && words[0].endsWithSlash)
        let client = try await BucketClient(shell)
        let report = TransferReport(shell, transfer)
        let uploader = ObjectUploader(
            client: client,
            plan: parts.plan,
            parallel: transfer.parallel,
            resumes: !parts.noResume,
            report: report
        )
        if isOne, !dryRun {
            try await putOne(shell, uploader)
        } else {
            let jobs = try jobs(report)
            let uploads = FileUploads(uploader: uploader, bucket: bucket, options: metadata, conditions: conditions)
            try await report.during { try await uploads.run(jobs, dryRun: dryRun) }
            try report.finish("wrote")
        }
    }

    private var conditions: WriteConditions { WriteConditions(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch) }

    private func putOne(_ shell: Shell, _ uploader: ObjectUploader) async throws {
        let (key, source) = target(inputIsTerminal: shell.inputIsTerminal)
        guard !key.isEmpty else { throw FlareError(.invalidArgument, "the object key is empty") }
        let object = try await uploader.report.during {
            // Anything but a regular file is read as it comes.
            if let source, let entry = try regular(source) {
                uploader.report.expect(items: 1, bytes: entry.identity.sizeBytes)
                return try await uploader.upload(source, to: target(key, source, entry.identity.modified))
            }
            let input = try FileInput(path: source)
            defer { input.close() }
            return try await uploader.upload(input, to: target(key, source, nil))
        }
        shell.emit(object) {
            "wrote \(bucket)/\(SafePath.visible(object.key))  \(formatSizeBytes(Int(object.size) ?? 0))  "
                + "etag \(object.etag)"
        }
    }

    private func regular(_ path: String) throws -> LocalEntry? {
        if LocalTree.isDirectory(path) {
            throw FlareError(.invalidArgument, "\(path) is a directory", hint: "give --recursive to write all below it")
        }
        return try LocalTree.regularFile(path)
    }

    private func target(_ key: String, _ file: String?, _ modified: FileTime?) -> ObjectUploader.Target {
        ObjectUploader.Target(
            bucket: bucket,
            key: key,
            metadata: metadata.metadata(key: key, file: file, modified: modified),
            conditions: conditions
        )
    }

    /// The key to write and the path to read; nil is stdin.
    private func target(inputIsTerminal: Bool) -> (key: String, source: String?) {
        let key = words[0]
        if words.count == 2 { return (key, words[1] == "-" ? nil : words[1]) }
        guard inputIsTerminal else { return (key, nil) }
        return (key.lastPart, key)
    }

    /// The files to write and their keys.
    private func jobs(_ report: TransferReport) throws -> [UploadJob] {
        if !recursive, prefix == nil, words.count == 1 { return [UploadJob(key: words[0], file: "-", sizeBytes: 0)] }
        let isFirstKey = !recursive && prefix == nil
        let keyPrefix = prefix ?? (isFirstKey && words[0].endsWithSlash ? words[0] : "")
        var jobs: [UploadJob] = []
        for word in isFirstKey ? words[1...] : words[...] {
            let key = isFirstKey && !words[0].endsWithSlash ? words[0] : keyPrefix + word.lastPart
            do {
                if LocalTree.isDirectory(word) {
                    guard recursive else {
                        throw FlareError(.invalidArgument, "\(word) is a directory", hint: "give --recursive")
                    }
                    jobs += try UploadJob.all(below: word, keyPrefix, filter, followsLinks: followLinks, report)
                } else {
                    let entry = try LocalTree.file(word)
                    jobs.append(UploadJob(key: key, file: word, sizeBytes: entry.identity.sizeBytes))
                }
            } catch {
                report.fail(TransferItem(action: .upload, bucket: bucket, key: key, file: word), error)
            }
        }
        return jobs
    }
}

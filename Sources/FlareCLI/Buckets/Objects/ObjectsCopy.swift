import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsCopy: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy objects within a bucket or to another one.",
        discussion: CopyArguments.discussion
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var arguments: CopyArguments

    @Option(name: .long, help: "Copy only over an object that has this etag.")
    var ifMatch: String?

    @Option(name: .long, help: "Copy only when the destination has not this etag; \"*\": when there is none.")
    var ifNoneMatch: String?

    func execute(_ shell: Shell) async throws {
        let conditions = WriteConditions(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
        try await arguments.run(shell, isMove: false, conditions)
    }
}

struct ObjectsMove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move objects within a bucket or to another one.",
        discussion: CopyArguments.discussion + """


            Each object moves in one step, or stays where it is: when it is locked, or is written again meanwhile.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var arguments: CopyArguments

    func execute(_ shell: Shell) async throws {
        try await arguments.run(shell, isMove: true, WriteConditions())
    }
}

/// What `copy` and `move` take.
struct CopyArguments: ParsableArguments, Sendable {
    static let discussion = """
        Both sides are written BUCKET/KEY or flare://BUCKET/KEY. A key with *, **, ? or [a-z] is a pattern, and what \
        it matches goes below the destination, as does all below the source with --recursive. A destination that is a \
        bucket alone or ends with "/" keeps the last part of the key.

        Metadata is copied with the object, unless some is given: then it is replaced as a whole.
        """

    @Argument(help: ArgumentHelp("What to copy from.", valueName: "bucket/key"))
    var source: String

    @Argument(help: ArgumentHelp("Where to copy to.", valueName: "bucket/key"))
    var destination: String

    @Flag(name: .shortAndLong, help: "All objects below the source.")
    var recursive = false

    @OptionGroup var filter: ObjectFilter
    @OptionGroup var metadata: MetadataOptions
    @OptionGroup var transfer: TransferOptions

    @Flag(name: .long, help: "Say what would be copied, and copy nothing.")
    var dryRun = false

    func run(_ shell: Shell, isMove: Bool, _ conditions: WriteConditions) async throws {
        guard let from = try ObjectAddress(source, needsScheme: false),
            let to = try ObjectAddress(destination, needsScheme: false)
        else { return }
        guard recursive || !from.key.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "\"\(source)\" is a bucket and names no key",
                hint: "write BUCKET/KEY, or --recursive for all objects of the bucket"
            )
        }
        let client = try await BucketClient(shell)
        let report = TransferReport(shell, transfer)
        var copies = ObjectCopies(client: client, report: report, source: from.bucket, destination: to.bucket)
        copies.isMove = isMove
        copies.conditions = conditions
        copies.metadata = metadata.isEmpty ? nil : metadata
        var selection = ObjectSelection(client: client, bucket: from.bucket, filter: filter)
        if recursive { try await selection.add(folder: from.key) } else { try await selection.add(word: from.key) }
        if let missing = selection.missing.first { throw missing.error }
        let isOne = !recursive && selection.objects.count == 1 && selection.objects[0].object.key.hasBytes(from.key)
        let folder = isOne && !to.key.isEmpty && !to.key.endsWithSlash ? nil : to.folder
        let jobs = selection.objects.map { selected in
            CopyJob(object: selected.object, key: folder.map { $0 + selected.relative } ?? to.key)
        }
        if isOne, !dryRun, !transfer.jsonl { return try await one(jobs[0], copies, shell) }
        try await report.during { try await copies.run(jobs, parallel: transfer.parallel, dryRun: dryRun) }
        try report.finish(isMove ? "moved" : "copied")
    }

    private func one(_ job: CopyJob, _ copies: ObjectCopies, _ shell: Shell) async throws {
        let copy = try await copies.copy(job)
        let result = Result(
            source: ObjectAddress(bucket: copies.source, key: job.object.key).description,
            destination: ObjectAddress(bucket: copies.destination, key: job.key).description,
            size: copy.size,
            etag: copy.etag
        )
        shell.emit(result) {
            SafePath.visible(
                "\(copies.isMove ? "moved" : "copied") \(copies.source)/\(job.object.key) to "
                    + "\(copies.destination)/\(job.key)  \(formatSizeBytes(copy.size))"
            )
        }
    }

    private struct Result: Encodable, Sendable {
        let source: String
        let destination: String
        let size: Int
        let etag: String
    }
}

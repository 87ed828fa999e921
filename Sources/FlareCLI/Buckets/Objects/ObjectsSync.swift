import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsSync: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Make a bucket the same as a directory, a directory the same as a bucket, or a bucket as another.",
        usage: """
            flare buckets objects sync DIRECTORY flare://BUCKET/PREFIX
            flare buckets objects sync flare://BUCKET/PREFIX DIRECTORY
            flare buckets objects sync flare://BUCKET/PREFIX flare://BUCKET/PREFIX
            """,
        discussion: """
            A file and an object are the same when their sizes are, and the file's time is the one that is kept with \
            the object (the metadata "mtime", as rclone keeps it; else the time of the upload); or, when times \
            differ, when the bytes give the etag. Nothing is deleted without --delete, and not when a transfer has \
            failed. Files that are excluded are neither sent nor deleted. A folder is meant: logs is logs/.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The directory, or flare://BUCKET/PREFIX, that is taken as it is.", completion: .directory)
    var source: String

    @Argument(help: "The directory, or flare://BUCKET/PREFIX, that is changed.", completion: .directory)
    var destination: String

    @Flag(name: .long, help: "Delete what is not in the source.")
    var delete = false

    @Flag(name: .long, help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Compare bytes with etags even where sizes and times are the same.")
    var checksum = false

    @Flag(name: .long, help: "Compare sizes alone.")
    var sizeOnly = false

    @Flag(name: .long, help: "Follow symbolic links below the directory; otherwise they are passed over.")
    var followLinks = false

    @OptionGroup var filter: ObjectFilter
    @OptionGroup var metadata: MetadataOptions
    @OptionGroup var parts: PartOptions
    @OptionGroup var transfer: TransferOptions

    func validate() throws {
        if checksum, sizeOnly { throw ValidationError("give --checksum or --size-only, and not both") }
    }

    func execute(_ shell: Shell) async throws {
        let from = try ObjectAddress(source, needsScheme: true)
        let to = try ObjectAddress(destination, needsScheme: true)
        guard from != nil || to != nil else {
            throw FlareError(
                .invalidArgument,
                "neither \(source) nor \(destination) is a bucket",
                hint: "write the bucket's side as flare://BUCKET or flare://BUCKET/PREFIX"
            )
        }
        let client = try await BucketClient(shell)
        let report = TransferReport(shell, transfer)
        let comparison: SyncComparison = checksum ? .checksum : sizeOnly ? .size : .time
        let sync = ObjectSync(
            client: client,
            report: report,
            filter: filter,
            comparison: comparison,
            parallel: transfer.parallel,
            deletes: delete,
            dryRun: dryRun
        )
        try await report.during {
            switch (from, to) {
            case (nil, let to?):
                let uploader = ObjectUploader(
                    client: client,
                    plan: parts.plan,
                    parallel: transfer.parallel,
                    resumes: !parts.noResume,
                    report: report
                )
                try await sync.send(source, to: to, uploader, metadata, followsLinks: followLinks)
            case (let from?, nil):
                let downloader = ObjectDownloader(client: client, resumes: !parts.noResume, report: report)
                try await sync.fetch(from, into: destination, downloader)
            case (let from?, let to?):
                try await sync.copy(from, to: to, metadata.isEmpty ? nil : metadata)
            case (nil, nil): break
            }
        }
        try report.finish("changed", "item")
    }
}

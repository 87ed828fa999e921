import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete objects of a bucket.",
        discussion: """
            A key with *, **, ? or [a-z] is a pattern, unless there is an object of that very key: * and ? stay \
            within a segment, ** crosses them.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The keys or patterns of the objects; with --recursive, folders.")
    var keys: [String] = []

    @Option(name: .long, help: "Delete every object whose key begins with this; \"\" is all of the bucket.")
    var prefix: String?

    @Flag(name: .shortAndLong, help: "Delete all objects below the folders that are named.")
    var recursive = false

    @OptionGroup var filter: ObjectFilter

    @Flag(name: .long, help: "Say what would be deleted, and delete nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(name: .long, help: "Print one JSON object a line for each object, and a summary at the end.")
    var jsonl = false

    func validate() throws {
        guard keys.isEmpty != (prefix == nil) else { throw ValidationError("give keys, or --prefix, and not both") }
    }

    func execute(_ shell: Shell) async throws {
        if !dryRun { try shell.confirm("delete \(subject) of bucket \"\(bucket)\"", yes: yes) }
        let client = try await BucketClient(shell)
        if isPlain {
            do {
                let deleted = try await deleteNamed(ObjectDeletion(client: client, bucket: bucket))
                return shell.emit(Result(bucket: bucket, deleted: deleted)) {
                    "deleted \(deleted) \(deleted == 1 ? "object" : "objects") of \(bucket)"
                }
            } catch let error as FlareError where error.code == .objectLocked && keys.count > 1 {
                // The engine has deleted none of them: those that may go are found out below, one by one.
            }
        }
        var selection = ObjectSelection(client: client, bucket: bucket, filter: filter)
        if let prefix { try await selection.add(prefix: prefix) }
        for key in keys {
            if recursive { try await selection.add(folder: key) } else { try await selection.add(word: key) }
        }
        if selection.objects.isEmpty, selection.missing.count == 1 { throw selection.missing[0].error }
        try await delete(selection, client, shell)
    }

    /// Whether keys are meant as they are written, and are not looked up before.
    private var isPlain: Bool {
        prefix == nil && !recursive && !dryRun && !jsonl && !keys.contains { GlobPattern.isPattern($0) }
    }

    /// What is about to go, for the question.
    private var subject: String {
        if let prefix { return prefix.isEmpty ? "all objects" : "the objects that begin with \"\(prefix)\"" }
        let what = recursive ? "all below " : "object "
        if keys.count == 1, recursive, keys[0].isEmpty { return "all objects" }
        return keys.count == 1 ? "\(what)\"\(keys[0])\"" : "\(keys.count) objects, patterns or folders"
    }

    private func deleteNamed(_ deletion: ObjectDeletion) async throws -> Int {
        let existing = try await deletion.delete(keys)
        let missing = keys.filter { !existing.contains(Array($0.utf8)) }
        guard let first = missing.first else { return existing.count }
        let more = missing.count == 1 ? "" : " and \(missing.count - 1) more"
        throw FlareError(
            .objectNotFound,
            "object \"\(first)\"\(more) not found in bucket \"\(bucket)\"",
            hint: existing.isEmpty
                ? "see: flare buckets objects list \(bucket)" : "the other \(existing.count) were deleted"
        )
    }

    private func delete(_ selection: ObjectSelection, _ client: BucketClient, _ shell: Shell) async throws {
        var options = TransferOptions()
        options.parallel = 1
        options.jsonl = jsonl
        options.quiet = !dryRun
        let report = TransferReport(shell, options)
        for (word, error) in selection.missing {
            report.fail(TransferItem(action: .delete, bucket: bucket, key: word), error)
        }
        let objects = selection.objects.map(\.object)
        try await report.during {
            try await ObjectDeletion(client: client, bucket: bucket).run(objects, report, dryRun: dryRun)
        }
        if dryRun || jsonl || report.failedCount > 0 { return try report.finish("deleted") }
        let deleted = report.doneCount
        shell.emit(Result(bucket: bucket, deleted: deleted)) {
            "deleted \(deleted) \(deleted == 1 ? "object" : "objects") of \(bucket)"
        }
    }

    private struct Result: Encodable {
        let bucket: String
        let deleted: Int
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete objects by key, or all that begin with a prefix."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "Keys of objects.")
    var keys: [String] = []

    @Option(name: .long, help: "Delete every object whose key begins with this; \"\" is all of the bucket.")
    var prefix: String?

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func validate() throws {
        guard keys.isEmpty != (prefix == nil) else { throw ValidationError("give keys, or --prefix, and not both") }
    }

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete \(subject) of bucket \"\(bucket)\"", yes: yes)
        let client = try await shell.client()
        let deleted =
            if let prefix { try await deleteAll(prefix, client) } else { try await deleteNamed(client) }
        shell.emit(Result(bucket: bucket, deleted: deleted)) {
            deleted == 1 ? "deleted 1 object of \(bucket)" : "deleted \(deleted) objects of \(bucket)"
        }
    }

    /// What is about to go, for the question.
    private var subject: String {
        if let prefix { return prefix.isEmpty ? "all objects" : "the objects that begin with \"\(prefix)\"" }
        return keys.count == 1 ? "object \"\(keys[0])\"" : "\(keys.count) objects"
    }

    private func deleteNamed(_ client: EngineClient) async throws -> Int {
        var missing: [String] = []
        var deleted = 0
        for start in stride(from: 0, to: keys.count, by: Limits.objectListMax) {
            let page = Array(keys[start..<min(start + Limits.objectListMax, keys.count)])
            let existing = try await delete(page, client)
            deleted += existing.count
            missing += page.filter { !existing.contains($0) }
        }
        guard let first = missing.first else { return deleted }
        let more = missing.count == 1 ? "" : " and \(missing.count - 1) more"
        throw FlareError(
            .objectNotFound,
            "object \"\(first)\"\(more) not found in bucket \"\(bucket)\"",
            hint: deleted == 0 ? "flare buckets objects list \(bucket)" : "the other \(deleted) were deleted"
        )
    }

    private func deleteAll(_ prefix: String, _ client: EngineClient) async throws -> Int {
        var deleted = 0
        while true {
            let objects = try await client.call(
                "GET",
                BucketPath.objects(bucket),
                query: [("prefix", prefix), ("per_page", "\(Limits.objectListMax)")],
                as: [ObjectBody].self
            )
            if objects.isEmpty { return deleted }
            deleted += try await delete(objects.map(\.key), client).count
        }
    }

    private func delete(_ keys: [String], _ client: EngineClient) async throws -> [String] {
        try await client.call(
            "POST",
            "\(BucketPath.own(bucket))/delete",
            body: ObjectsDeleteBody(keys: keys),
            as: ObjectsDeleteBody.self
        ).keys
    }

    private struct Result: Encodable {
        let bucket: String
        let deleted: Int
    }
}

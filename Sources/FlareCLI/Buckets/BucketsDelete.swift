import ArgumentParser
import FlareClient
import FlareModel

struct BucketsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a bucket and its notification rules; with --recursive what is in it, too."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var name: String

    @Flag(name: [.short, .long, .customLong("force")], help: "Delete its objects first.")
    var recursive = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        let client = try await BucketClient(shell)
        guard recursive else {
            try shell.confirm("delete bucket \"\(name)\"", yes: yes)
            _ = try await client.engine.call("DELETE", BucketPath.bucket(name), as: EmptyResult.self)
            return shell.emit(["name": name]) { "deleted bucket \(name)" }
        }
        let bucket = try await client.engine.call("GET", BucketPath.bucket(name), as: BucketBody.self)
        try await requireNoPipeline(client)
        let contents = "\(bucket.objectCount) objects, \(formatSizeBytes(bucket.bucketSize))"
        try shell.confirm("delete bucket \"\(name)\" with all that is in it (\(contents))", yes: yes)
        let objects = try await ObjectDeletion(client: client, bucket: name).deleteAll()
        _ = try await client.engine.call("DELETE", BucketPath.bucket(name), as: EmptyResult.self)
        shell.emit(Result(name: name, objects: objects)) {
            "deleted bucket \(name) and \(objects) \(objects == 1 ? "object" : "objects")"
        }
    }

    /// The engine refuses to delete the destination of a pipeline; its objects must not be gone by then.
    private func requireNoPipeline(_ client: BucketClient) async throws {
        let pipelines = try await client.engine.call("GET", PipelinePath.all, as: [PipelineBody].self)
        guard let pipeline = pipelines.first(where: { $0.destinationBucket == name }) else { return }
        throw FlareError(
            .inUse,
            "bucket \"\(name)\" is the destination of pipeline \"\(pipeline.name)\"; nothing is deleted",
            hint: "delete the pipeline first: flare pipelines delete \(pipeline.name)"
        )
    }

    private struct Result: Encodable, Sendable {
        let name: String
        let objects: Int
    }
}

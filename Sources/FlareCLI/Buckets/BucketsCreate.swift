import ArgumentParser
import FlareClient
import FlareModel

struct BucketsCreate: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Create a bucket.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "3 to 63 lower-case letters, digits or \"-\".")
    var name: String

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let bucket = try await client.call(
            "POST",
            BucketPath.all,
            body: BucketCreateBody(name: name),
            as: BucketBody.self
        )
        shell.emit(bucket) { "created bucket \(bucket.name)" }
        if !shell.json { shell.note("put something in it: flare buckets objects put \(bucket.name) KEY FILE") }
    }
}

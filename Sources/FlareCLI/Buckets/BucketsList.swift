import ArgumentParser
import FlareClient
import FlareModel

struct BucketsList: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the buckets.")

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        var buckets: [BucketBody] = []
        var cursor: String?
        repeat {
            let query = [("per_page", "\(Limits.bucketListMax)")] + (cursor.map { [("cursor", $0)] } ?? [])
            let (page, info) = try await client.callWithInfo(
                "GET",
                BucketPath.all,
                query: query,
                as: BucketListBody.self
            )
            buckets += page.buckets
            cursor = info?.cursor
        } while cursor != nil
        shell.list(buckets, ["NAME", "OBJECTS", "SIZE", "CREATED"]) { bucket in
            [bucket.name, "\(bucket.objectCount)", formatSizeBytes(bucket.bucketSize), bucket.creationDate.text]
        }
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct BucketsInfo: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show a bucket: how many objects it holds and how large they are."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var name: String

    func execute(_ shell: Shell) async throws {
        let bucket = try await shell.client().call("GET", BucketPath.bucket(name), as: BucketBody.self)
        shell.emit(bucket) {
            """
            name:           \(bucket.name)
            created:        \(bucket.creationDate.text)
            storage class:  \(bucket.storageClass.rawValue)
            objects:        \(bucket.objectCount)
            size:           \(formatSizeBytes(bucket.bucketSize))
            """
        }
    }
}

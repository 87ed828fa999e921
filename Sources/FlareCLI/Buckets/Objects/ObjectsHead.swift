import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsHead: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Show what is known of an object, without its bytes."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The object's key.")
    var key: String

    func execute(_ shell: Shell) async throws {
        let path = "\(BucketPath.own(bucket))/\(PercentCoding.encode(key))"
        let object = try await shell.client().call("GET", path, as: ObjectBody.self)
        shell.emit(object) {
            let facts =
                [
                    ("key", object.key), ("size", "\(object.size)"), ("etag", object.etag),
                    ("version", object.version), ("uploaded", object.lastModified.text),
                    ("storage class", object.storageClass.rawValue),
                ]
                + object.httpMetadata.headers
                + object.customMetadata.sorted { $0.key < $1.key }.map { ("custom \($0.key)", $0.value) }
            let width = (facts.map { $0.0.count }.max() ?? 0) + 3
            return facts.map { name, value in
                "\(name):" + String(repeating: " ", count: width - name.count - 1) + value
            }
            .joined(separator: "\n")
        }
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the objects of a bucket in the order of their keys."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "Only keys that begin with this.")
    var prefix: String = ""

    @Option(name: .long, help: "Show keys that have this after the prefix as one line up to it, as folders.")
    var delimiter: String?

    @Option(name: .long, help: "Only keys after this one.")
    var startAfter: String?

    @Option(name: .long, help: "How many lines at most.")
    var limit: Int = 1000

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        var items: [Item] = []
        var cursor: String?
        repeat {
            let query = [
                ("prefix", prefix), ("per_page", "\(min(limit - items.count, Limits.objectListMax))"),
                ("delimiter", delimiter), ("start_after", startAfter), ("cursor", cursor),
            ].compactMap { name, value in value.map { (name, $0) } }
            let (objects, info) = try await client.callWithInfo(
                "GET",
                BucketPath.objects(bucket),
                query: query,
                as: [ObjectBody].self
            )
            let page = objects.map(Item.object) + (info?.delimited ?? []).map(Item.prefix)
            items += page.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            cursor = info?.cursor
        } while cursor != nil && items.count < limit
        shell.list(items, ["KEY", "SIZE", "UPLOADED", "ETAG"]) { item in
            switch item {
            case .object(let object):
                [object.key, formatSizeBytes(object.size), object.lastModified.text, object.etag]
            case .prefix(let prefix):
                [prefix, "", "", ""]
            }
        }
        if cursor != nil { shell.note("there are more objects: --limit N, or --start-after KEY") }
    }

    /// One line: an object, or the keys that the delimiter rolled up.
    private enum Item: Encodable, Sendable {
        case object(ObjectBody)
        case prefix(String)

        var key: String {
            switch self {
            case .object(let object): object.key
            case .prefix(let prefix): prefix
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .object(let object): try object.encode(to: encoder)
            case .prefix(let prefix): try ["prefix": prefix].encode(to: encoder)
            }
        }
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the objects of a bucket in the order of their keys.",
        discussion: """
            A second word is what the keys begin with, or a pattern: list logs '2026-*/error.json'. A page that is not \
            the last names the cursor for the next one; with --jsonl it is in a last line {"cursor":"…"}.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: ArgumentHelp("A prefix or pattern of keys.", valueName: "pattern"))
    var pattern: String?

    @Option(name: .long, help: "Only keys that begin with this.")
    var prefix: String = ""

    @Option(name: .long, help: "Show keys that have this after the prefix as one line up to it, as folders.")
    var delimiter: String?

    @Flag(name: .shortAndLong, help: "Show every key, whatever --delimiter says.")
    var recursive = false

    @Option(name: .long, help: "Only keys after this one.")
    var startAfter: String?

    @Option(name: .long, help: "Where an earlier list ended, as it was told.")
    var cursor: String?

    @Option(name: .long, help: "How many lines at most.")
    var limit: Int = 1000

    @Flag(name: .long, help: "No limit.")
    var all = false

    @Flag(name: .long, help: "Add how many objects were listed and how large they are.")
    var summarize = false

    @Flag(name: .long, help: "Print one JSON object a line, as the pages come.")
    var jsonl = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
        if pattern != nil, !prefix.isEmpty {
            throw ValidationError("give a prefix or pattern, or --prefix, and not both")
        }
    }

    func execute(_ shell: Shell) async throws {
        let client = try await BucketClient(shell)
        let glob = pattern.flatMap { GlobPattern.isPattern($0) ? GlobPattern($0) : nil }
        var request = ListRequest(prefix: glob?.literalPrefix ?? pattern ?? prefix)
        request.delimiter = recursive ? nil : delimiter
        request.startAfter = startAfter
        var next = cursor
        var items: [Item] = []
        var count = 0
        var totals = Summary()
        repeat {
            // A pattern may pass over most of a page, which is then read whole.
            request.pageSize = glob == nil && !all ? min(limit - count, Limits.objectListMax) : Limits.objectListMax
            let page = try await client.page(bucket, request, cursor: next)
            var found = page.objects.map(Item.object) + page.prefixes.map(Item.prefix)
            if let glob { found = found.filter { glob.matches($0.key) } }
            if !all, found.count > limit - count { found = Array(found.prefix(limit - count)) }
            found.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for item in found { totals.add(item) }
            count += found.count
            next = page.cursor
            if jsonl { for item in found { shell.writeBytes(FlareJSON.encode(item) + [10]) } } else { items += found }
        } while next != nil && (all || count < limit)
        show(items, totals, next, shell)
    }

    private func show(_ items: [Item], _ totals: Summary, _ next: String?, _ shell: Shell) {
        if jsonl {
            if summarize { shell.writeBytes(FlareJSON.encode(["summary": totals]) + [10]) }
            if let next { shell.writeBytes(FlareJSON.encode(["cursor": next]) + [10]) }
        } else if shell.json, summarize {
            shell.writeBytes(
                FlareJSON.encode(Whole(objects: items, summary: totals, cursor: next), pretty: true) + [10]
            )
        } else {
            shell.list(items, ["KEY", "SIZE", "UPLOADED", "ETAG"]) { item in
                switch item {
                case .object(let object):
                    [
                        SafePath.visible(object.key), formatSizeBytes(object.size), object.lastModified.text,
                        object.etag,
                    ]
                case .prefix(let prefix):
                    [SafePath.visible(prefix), "", "", ""]
                }
            }
            if summarize { shell.line("\n\(totals.text)") }
        }
        if let next { shell.note("there are more objects: --limit N, --all, or --cursor \(next)") }
    }

    private struct Whole: Encodable, Sendable {
        let objects: [Item]
        let summary: Summary
        let cursor: String?
    }

    private struct Summary: Encodable, Sendable {
        var objects = 0
        var prefixes = 0
        var size = 0

        mutating func add(_ item: Item) {
            switch item {
            case .object(let object):
                objects += 1
                size += object.size
            case .prefix: prefixes += 1
            }
        }

        var text: String {
            let folders = prefixes == 0 ? "" : ", \(prefixes) \(prefixes == 1 ? "folder" : "folders")"
            return "\(objects) \(objects == 1 ? "object" : "objects"), \(formatSizeBytes(size))\(folders)"
        }
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

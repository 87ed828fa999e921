import ArgumentParser
import FlareClient
import FlareModel

struct BucketsWatch: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show what happens to the objects of a bucket, as it happens.",
        discussion: """
            Each event is told once, in order, and has a cursor; --since with the last one goes on behind it, without \
            losing or doubling any. A restart of the engine does not end the watch. Events are kept for 7 days. With \
            --jsonl, each event is one line of JSON.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "Only objects whose keys begin with this.")
    var prefix: String = ""

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Begin with events since this time, as 10m (ago) or in RFC 3339, behind a cursor, or with the oldest.",
            valueName: "time|cursor|oldest"
        )
    )
    var since: String?

    @Option(name: .long, help: "End after so many events.")
    var count: Int?

    @Option(name: .long, help: "End after this time, as 30s; with --count, status 124 when there were fewer events.")
    var timeout: String?

    @Flag(name: .long, help: "Print one line of JSON for each event.")
    var jsonl = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        let deadline = try timeout.map { ContinuousClock.now + (try parseDuration($0)) }
        var position = try start()
        var rest = count ?? .max
        do {
            _ = try await Following(shell: shell).run(deadline: deadline) { client -> Bool? in
                let left = deadline.map { max(0, ($0 - ContinuousClock.now).milliseconds) }
                let query =
                    [position, ("prefix", prefix)] + (left.map { [("timeout_ms", "\($0)")] } ?? [])
                let path = "\(BucketPath.ownBucket(bucket))/events"
                let response = try await client.send("GET", path, query: query).check()
                for try await line in response.lines() {
                    position = ("cursor", "\(try FlareJSON.decode(BucketEventMark.self, from: line).cursor)")
                    // A line with a cursor alone tells of no event; an event that cannot be read is an error.
                    guard try FlareJSON.decode(JSONValue.self, from: line)["action"] != nil else { continue }
                    show(try FlareJSON.decode(BucketEventBody.self, from: line), line, shell)
                    rest -= 1
                    if rest == 0 { return true }
                }
                return deadline.map { $0 <= ContinuousClock.now } == true ? false : nil
            }
        } catch let error as FlareError where error.code == .deadlineExceeded || error.code == .engineUnavailable {
            if error.code == .deadlineExceeded, count == nil { return }
            throw FlareError(
                error.code,
                error.message,
                hint: "go on with: flare buckets watch \(bucket) --since \(position.1)",
                cause: error
            )
        }
        guard let count, rest > 0 else { return }
        throw FlareError(
            .deadlineExceeded,
            "there were \(count - rest) of \(count) events in time",
            hint: "go on with: flare buckets watch \(bucket) --since \(position.1)"
        )
    }

    private func show(_ event: BucketEventBody, _ line: [UInt8], _ shell: Shell) {
        if shell.json || jsonl { return shell.writeBytes(line + [UInt8(ascii: "\n")]) }
        let size = event.object.size.map { "  \(formatSizeBytes($0))" } ?? ""
        let source = event.copySource.map { "  from \($0.bucket)/\($0.object)" } ?? ""
        // A key may hold what would move the cursor of a terminal.
        let scalars = event.object.key.unicodeScalars
        let key = String(scalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) })
        shell.line("\(event.eventTime.text)  \(event.cursor)  \(event.action.rawValue)  \(key)\(size)\(source)")
    }

    /// The parameter of the request that says where to begin.
    private func start() throws -> (String, String) {
        guard let since else { return ("cursor", "now") }
        if since == "oldest" || Int64(since).map({ $0 >= 0 }) == true { return ("cursor", since) }
        if let time = Timestamp(since) { return ("since", time.text) }
        guard let ago = try? parseDuration(since) else {
            throw FlareError(
                .invalidArgument,
                "--since does not take \"\(since)\"",
                hint: "write how long ago, as 10m, a time, as 2027-01-31T12:00:00Z, a cursor, or oldest"
            )
        }
        return ("since", Timestamp.ago(ago).text)
    }
}

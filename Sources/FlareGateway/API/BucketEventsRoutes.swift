import FlareBuckets
import FlareModel

/// What happens to the objects of a bucket, and what its notification rules make of it, under `/flare/v1`.
struct BucketEventsRoutes {
    let buckets: BucketService

    private static let path = "/flare/v1/buckets/:bucket"

    func register(on routes: APIRoutes) {
        // A stream of lines. One with nothing but a cursor tells how far the stream has come without a fitting event.
        routes.get("\(Self.path)/events") { request in
            let bucket = try request.parameter("bucket")
            let prefix = request.query("prefix") ?? ""
            let follows = request.query("follow") != "false"
            let waits = try request.integerQuery("timeout_ms", in: 0...Limits.bucketWatchMillisecondsMax)
            // Fails before the head of the answer is sent.
            let cursor = try await buckets.eventCursor(Self.start(request), of: bucket)
            return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: follows) { writer in
                try await writer.line(BucketEventMark(cursor: cursor))
                guard follows else { return try await list(bucket, after: cursor, prefix: prefix, writer) }
                let end = waits.map { buckets.now + .milliseconds($0) }
                try await buckets.followEvents(of: bucket, after: cursor, prefix: prefix, until: end) { page in
                    try await writer.page(page)
                }
            }
        }
        routes.post("\(Self.path)/notifications/test") { request in
            let body = try await request.json(NotificationTestBody.self)
            return .result(
                try await buckets.testRules(
                    body.action,
                    key: body.key,
                    bucket: request.parameter("bucket"),
                    isDryRun: body.isDryRun ?? false
                )
            )
        }
    }

    /// Writes what the log holds up to its end as it is now.
    private func list(
        _ bucket: String,
        after start: Int64,
        prefix: String,
        _ writer: APIStreamWriter
    ) async throws {
        let end = try await buckets.eventCursor(.now, of: bucket)
        var cursor = start
        while cursor < end {
            let limit = min(Limits.bucketEventPage, Int(end - cursor))
            let page = try await buckets.events(of: bucket, after: cursor, prefix: prefix, limit: limit)
            try await writer.page(page)
            guard page.cursor > cursor else { return }
            cursor = page.cursor
        }
    }

    /// `since`, a time, or `cursor`: `oldest`, `now`, or that of the last event seen; by default `now`.
    private static func start(_ request: APIRequest) throws -> BucketEventStart {
        if let text = request.query("since") {
            guard let time = Timestamp(text) else {
                throw FlareError(.invalidArgument, "\"\(text)\" is no time", hint: "such as 2027-01-31T12:00:00Z")
            }
            return .since(time)
        }
        switch request.query("cursor") {
        case nil, "now": return .now
        case "oldest": return .oldest
        case let text?:
            guard let cursor = Int64(text), cursor >= 0 else {
                throw FlareError(.invalidArgument, "\"\(text)\" is not a cursor", hint: "use oldest, now or a number")
            }
            return .after(cursor)
        }
    }
}

extension APIStreamWriter {
    /// Writes the events of a page, and how far it has come when that is behind the last of them.
    fileprivate func page(_ page: BucketEventPage) async throws {
        if !page.events.isEmpty { try await lines(page.events) }
        if page.events.last?.cursor != page.cursor { try await line(BucketEventMark(cursor: page.cursor)) }
    }
}

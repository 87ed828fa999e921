import FlareClient
import FlareModel

/// The calls about objects that the commands make.
///
/// An engine that goes away under a call that may be made again is started again, and the call made again.
struct BucketClient: Sendable {
    let shell: Shell
    let engine: EngineClient

    /// How often a call is made again when the engine has gone.
    private static let retriesMax = 3

    init(_ shell: Shell) async throws {
        self.shell = shell
        engine = try await shell.client(keepsConnections: true)
    }

    /// The object without its bytes.
    func head(_ bucket: String, _ key: String) async throws -> ObjectBody {
        let path = try BucketPath.ownObject(bucket, key)
        return try await again { try await engine.call("GET", path, as: ObjectBody.self) }
    }

    /// The object without its bytes, nil when there is none.
    func find(_ bucket: String, _ key: String) async throws -> ObjectBody? {
        do {
            return try await head(bucket, key)
        } catch let error as FlareError where error.code == .objectNotFound {
            return nil
        }
    }

    /// One page of a listing.
    func page(_ bucket: String, _ request: ListRequest, cursor: String?) async throws -> ListPage {
        let query = [
            ("prefix", request.prefix), ("per_page", "\(request.pageSize)"), ("delimiter", request.delimiter),
            ("start_after", cursor == nil ? request.startAfter : nil), ("cursor", cursor),
        ].compactMap { name, value in value.map { (name, $0) } }
        let path = BucketPath.objects(bucket)
        let (objects, info) = try await again {
            try await engine.callWithInfo("GET", path, query: query, as: [ObjectBody].self)
        }
        return ListPage(objects: objects, prefixes: info?.delimited ?? [], cursor: info?.cursor)
    }

    /// All objects whose keys begin with a prefix.
    func all(_ bucket: String, prefix: String, where isMeant: (ObjectBody) -> Bool = { _ in true }) async throws
        -> [ObjectBody]
    {
        var objects: [ObjectBody] = []
        var cursor: String?
        repeat {
            try Task.checkCancellation()
            let page = try await page(bucket, ListRequest(prefix: prefix), cursor: cursor)
            objects += page.objects.filter(isMeant)
            cursor = page.cursor
        } while cursor != nil
        return objects
    }

    /// Deletes objects; returns the keys that existed.
    func delete(_ bucket: String, _ keys: [String]) async throws -> [String] {
        let path = "\(BucketPath.own(bucket))/delete"
        let body = ObjectsDeleteBody(keys: keys)
        return try await engine.call("POST", path, body: body, as: ObjectsDeleteBody.self).keys
    }

    /// Copies an object inside of the engine.
    func copy(_ body: ObjectCopyBody, to bucket: String, _ conditions: WriteConditions) async throws -> ObjectBody {
        let path = "\(BucketPath.own(bucket))/copy"
        let headers = [("Content-Type", "application/json")] + conditions.headers
        let bytes = FlareJSON.encode(body)
        let send: @Sendable () async throws -> ObjectBody = {
            try await engine.send("POST", path, headers: headers, body: .bytes(bytes)).result(ObjectBody.self)
        }
        return conditions.isEmpty ? try await again(send) : try await send()
    }

    /// Copies an object and deletes it, as one step.
    ///
    /// Not made again when the engine has gone: it may have been done.
    func move(_ body: ObjectCopyBody, to bucket: String) async throws -> ObjectBody {
        let path = "\(BucketPath.own(bucket))/move"
        let headers = [("Content-Type", "application/json")]
        return try await engine.send("POST", path, headers: headers, body: .bytes(FlareJSON.encode(body)))
            .result(ObjectBody.self)
    }

    /// Begins to read an object; the caller looks at the status.
    func read(_ bucket: String, _ key: String, headers: [(String, String)]) async throws -> EngineResponse {
        let path = try BucketPath.object(bucket, key)
        return try await again { try await engine.send("GET", path, headers: headers) }
    }

    /// Makes a call again when the engine has gone, at most three times.
    func again<Value: Sendable>(_ call: @Sendable () async throws -> Value) async throws -> Value {
        var retries = 0
        while true {
            do {
                return try await call()
            } catch let error as FlareError where error.code == .engineUnavailable && retries < Self.retriesMax {
                try Task.checkCancellation()
                retries += 1
                // Starts the engine when it does not run; its socket is where it was.
                _ = try await shell.client()
            }
        }
    }
}

/// What a listing asks for.
struct ListRequest: Sendable {
    var prefix = ""
    var delimiter: String?
    var startAfter: String?
    var pageSize = Limits.objectListMax
}

/// One page of a listing.
struct ListPage: Sendable {
    let objects: [ObjectBody]
    let prefixes: [String]
    let cursor: String?
}

/// Conditions under which an object is written.
struct WriteConditions: Sendable, Hashable {
    var ifMatch: String?
    var ifNoneMatch: String?

    var isEmpty: Bool { ifMatch == nil && ifNoneMatch == nil }

    var headers: [(String, String)] {
        [("If-Match", ifMatch), ("If-None-Match", ifNoneMatch)].compactMap { name, value in
            value.map { (name, Self.quoted($0)) }
        }
    }

    /// An etag as HTTP writes it.
    static func quoted(_ etag: String) -> String {
        etag == "*" || etag.hasPrefix("\"") || etag.hasPrefix("W/") ? etag : "\"\(etag)\""
    }
}

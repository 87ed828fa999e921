import FlareModel
import FlareTestSupport

extension FlareFixture {
    /// Writes a project of one source file and deploys it.
    ///
    /// - Parameters:
    ///   - configuration: what `wrangler.jsonc` holds besides the name and the path of the source.
    func deploy(_ name: String, _ configuration: String = "", source: String) async throws -> CommandResult {
        try await run("deploy", writeProject(name, configuration, source: source))
    }

    /// Writes a project of one source file, and returns its directory.
    func writeProject(_ name: String, _ configuration: String = "", source: String) throws -> String {
        try write("\(name)/src/index.ts", source)
        try write(
            "\(name)/wrangler.jsonc",
            """
            {
              // A comment, and a comma behind the last member: both are allowed.
              "name": "\(name)", "main": "src/index.ts", "compatibility_date": "2026-01-01",
              \(configuration)
            }
            """
        )
        return directory + "/" + name
    }

    /// The result of a call of the API on the control port.
    ///
    /// Throws with the whole answer when it failed.
    func api(_ method: String, _ path: String, token: String, body: JSONValue? = nil) async throws -> JSONValue {
        let reply = try await httpRequest(
            method,
            path,
            port: engine().controlPort,
            headers: [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
            body: body?.jsonBytes ?? []
        )
        guard reply.status < 300, let result = try reply.json()["result"] else {
            throw FlareError(.invalidData, "\(method) \(path): \(reply.status) \(reply.text)")
        }
        return result
    }

    /// All elements of a list of the API that comes in pages.
    func apiPages(_ path: String, token: String) async throws -> [JSONValue] {
        var elements: [JSONValue] = []
        for page in 1... {
            let next = try await api("GET", "\(path)?per_page=100&page=\(page)", token: token).arrayValue ?? []
            if next.isEmpty { break }
            elements += next
        }
        return elements
    }

    /// The keys of all objects of a bucket.
    func keys(of bucket: String) async throws -> [String] {
        let objects = try await run("buckets", "objects", "list", bucket, "--limit", "100000", "--json").check().json()
        return (objects.arrayValue ?? []).compactMap { $0["key"]?.stringValue }
    }

    /// The lines of all objects of a bucket, as JSON.
    func records(of bucket: String) async throws -> [JSONValue] {
        var records: [JSONValue] = []
        for key in try await keys(of: bucket) {
            let object = try await run("buckets", "objects", "get", bucket, key).check()
            records += try object.lines.map { try JSONValue(json: $0.utf8) }
        }
        return records
    }

    /// Waits until all records of a pipeline are in objects.
    func waitUntilFlushed(_ pipeline: String, within limit: Duration = .seconds(120)) async throws {
        try await waitUntil("all records of \(pipeline) are in objects", within: limit) {
            let progress = try await run("pipelines", "get", pipeline, "--json").check().json()["progress"]
            return progress?["flushed_offset"] == progress?["end_offset"]
        }
    }
}

import FlareBuckets
import FlareModel

/// The one query of Cloudflare's GraphQL that clients of buckets make: what a bucket holds.
///
/// The query is not interpreted: whatever fields it names, the answer has all of them. Any other query is answered
/// with GraphQL's own kind of error, which has no envelope (https://spec.graphql.org/October2021/#sec-Errors).
struct StorageGraphRoutes {
    let buckets: BucketService

    private static let root = "r2StorageAdaptiveGroups"

    func register(on routes: APIRoutes) {
        routes.post("/client/v4/graphql") { request in
            let body = try await request.json(JSONValue.self)
            guard let query = body["query"]?.stringValue, query.contains(Self.root) else {
                return Self.failure("flare answers GraphQL queries of \(Self.root) only")
            }
            let variables = body["variables"]
            let name = variables?["filter"]?["bucketName"]?.stringValue ?? variables?["bucketName"]?.stringValue
            let usages = try await buckets.usages(of: name, limit: Limits.bucketListMax)
            let groups = usages.map { Self.group($0.name, $0.usage) }
            let accounts: JSONValue = .array([.object([Self.root: .array(groups)])])
            let data: JSONValue = .object(["viewer": .object(["accounts": accounts])])
            return .json(JSONValue.object(["data": data, "errors": .null]), status: 200)
        }
    }

    private static func group(_ bucket: String, _ usage: BucketUsage) -> JSONValue {
        .object([
            "max": .object([
                "objectCount": .integer(Int64(usage.objects)),
                "payloadSize": .integer(Int64(usage.payloadSize)),
                "metadataSize": .integer(Int64(usage.metadataSize)),
            ]),
            "dimensions": .object(["bucketName": .string(bucket)]),
        ])
    }

    private static func failure(_ message: String) -> APIReply {
        let error: JSONValue = .object(["message": .string(message), "path": .null])
        return .json(JSONValue.object(["data": .null, "errors": .array([error])]), status: 200)
    }
}

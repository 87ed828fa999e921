import FlareBuckets
import FlareModel

/// Buckets over REST v4.
struct BucketsRoutes {
    let buckets: BucketService

    static let path = "/client/v4/accounts/:account/r2/buckets"

    func register(on routes: APIRoutes) {
        routes.get(Self.path) { try await list($0) }
        routes.post(Self.path) { request in
            let body = try await request.json(BucketCreateBody.self)
            return .result(
                BucketBody(try await buckets.create(body.name, storageClass: body.storageClass ?? .standard))
            )
        }
        routes.get("\(Self.path)/:bucket") { request in
            .result(BucketBody(try await buckets.get(request.parameter("bucket"))))
        }
        routes.patch("\(Self.path)/:bucket") { request in
            let name = try request.parameter("bucket")
            guard let storageClass = try StorageClass(request) else {
                throw FlareError(
                    .invalidArgument,
                    "nothing of bucket \"\(name)\" is to be changed",
                    hint: "the header cf-r2-storage-class names the new default: Standard or InfrequentAccess"
                )
            }
            return .result(BucketBody(try await buckets.setStorageClass(storageClass, of: name)))
        }
        routes.delete("\(Self.path)/:bucket") { request in
            try await buckets.delete(request.parameter("bucket"))
            return .result(EmptyResult())
        }
        routes.get("/client/v4/accounts/:account/r2/metrics") { _ in .result(try await buckets.metrics()) }
        MigrationsRoutes(buckets: buckets).register(on: routes)
        StorageGraphRoutes(buckets: buckets).register(on: routes)
    }

    /// A whole page by default: Cloudflare's own clients ask for one page only.
    private func list(_ request: APIRequest) async throws -> APIReply {
        let limit = try request.integerQuery("per_page", in: 1...Limits.bucketListMax) ?? Limits.bucketListMax
        let page = try await buckets.list(
            after: request.query("cursor") ?? request.query("start_after"),
            containing: request.query("name_contains") ?? "",
            descending: request.query("direction") == "desc",
            limit: limit
        )
        let cursor = page.count == limit ? page.last?.name : nil
        return .result(
            BucketListBody(buckets: page.map { BucketBody($0) }),
            info: ResultInfo(perPage: limit, count: page.count, cursor: cursor)
        )
    }
}

extension BucketBody {
    init(_ record: BucketRecord) {
        self.init(
            name: record.name,
            creationDate: record.createdAt,
            storageClass: record.storageClass,
            objectCount: record.objectCount,
            bucketSize: record.size
        )
    }
}

extension StorageClass {
    /// The class that the header `cf-r2-storage-class` names; nil without it.
    init?(_ request: APIRequest) throws {
        guard let name = request.header("cf-r2-storage-class") else { return nil }
        guard let storageClass = StorageClass(rawValue: name) else {
            throw FlareError(.invalidArgument, "\"\(name)\" is not a storage class: Standard or InfrequentAccess")
        }
        self = storageClass
    }
}

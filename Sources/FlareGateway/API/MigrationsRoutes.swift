import FlareBuckets
import FlareModel

/// What Cloudflare offers to bring objects over from other providers, which flare refuses with the way that works; and
/// how uploads travel, of which there is one way.
///
/// Reading and ending are answered as for an account that has never used these products, so that scripts which look
/// first go on.
struct MigrationsRoutes {
    let buckets: BucketService

    private static let jobs = "/client/v4/accounts/:account/slurper/jobs"

    func register(on routes: APIRoutes) {
        registerSippy(on: routes)
        registerSuperSlurper(on: routes)
        registerLocalUploads(on: routes)
    }

    private func registerSippy(on routes: APIRoutes) {
        let path = "\(BucketsRoutes.path)/:bucket/sippy"
        routes.get(path) { request in
            let bucket = try await buckets.get(request.parameter("bucket"))
            throw FlareError(.objectNotFound, "bucket \"\(bucket.name)\" has no Sippy configuration")
        }
        routes.put(path) { request in
            let bucket = try await buckets.get(request.parameter("bucket"))
            throw Self.refusal(
                "bucket \"\(bucket.name)\" cannot fetch missing objects from another provider",
                into: bucket.name
            )
        }
        routes.delete(path) { request in
            _ = try await buckets.get(request.parameter("bucket"))
            return .result(EnabledBody(enabled: false))
        }
    }

    private func registerSuperSlurper(on routes: APIRoutes) {
        routes.get(Self.jobs) { _ in .result([EmptyResult](), info: ResultInfo(count: 0, totalCount: 0)) }
        routes.post(Self.jobs) { _ in
            throw Self.refusal("flare runs no migrations from other providers", into: "BUCKET")
        }
        routes.put(Self.jobs + "/abortAll") { _ in .result("0 jobs aborted") }
        for end in ["source", "target"] {
            routes.put("/client/v4/accounts/:account/slurper/\(end)/connectivity-precheck") { _ in
                throw Self.refusal("flare runs no migrations, so it checks no \(end) of one", into: "BUCKET")
            }
        }
        routes.get(Self.jobs + "/:job") { try await missing($0) }
        for detail in ["progress", "logs"] { routes.get(Self.jobs + "/:job/\(detail)") { try await missing($0) } }
        for verb in ["pause", "resume", "abort"] { routes.put(Self.jobs + "/:job/\(verb)") { try await missing($0) } }
    }

    @Sendable
    private func missing(_ request: APIRequest) async throws -> APIReply {
        throw FlareError(
            .migrationNotFound,
            "there is no migration job \"\(try request.parameter("job"))\": flare runs none",
            hint: Self.way(into: "BUCKET")
        )
    }

    private static func refusal(_ message: String, into bucket: String) -> FlareError {
        FlareError(.notImplemented, message, hint: way(into: bucket))
    }

    private static func way(into bucket: String) -> String {
        "copy them once through the S3 door: rclone copy OTHER:BUCKET flare:\(bucket), or aws s3 sync s3://… a "
            + "directory, then flare buckets objects sync"
    }

    /// At Cloudflare these let an upload end near the client and travel to the bucket later; here the client, the
    /// upload and the bucket are at one place.
    private func registerLocalUploads(on routes: APIRoutes) {
        let path = "\(BucketsRoutes.path)/:bucket/local-uploads"
        routes.get(path) { request in
            _ = try await buckets.get(request.parameter("bucket"))
            return .result(EnabledBody(enabled: true))
        }
        routes.put(path) { request in
            let bucket = try await buckets.get(request.parameter("bucket"))
            guard try await request.json(EnabledBody.self).enabled else {
                throw FlareError(
                    .notImplemented,
                    "uploads to bucket \"\(bucket.name)\" are always local: flare stores objects on this machine"
                )
            }
            return .result(EnabledBody(enabled: true))
        }
    }
}

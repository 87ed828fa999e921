import FlareBuckets
import FlareModel

/// CORS, lifecycle and lock rules of buckets over REST v4.
///
/// Each PUT replaces the rules that are there, as Cloudflare's own clients expect who read, change and write them.
struct BucketRulesRoutes {
    let buckets: BucketService

    /// Rules in a request; none when the field is absent, as clients send it to take all away.
    private struct Rules<Rule: Decodable>: Decodable {
        var rules: [Rule]?
    }

    func register(on routes: APIRoutes) {
        let bucket = "\(BucketsRoutes.path)/:bucket"
        routes.get("\(bucket)/cors") { request in
            .result(CORSConfigurationBody(rules: try await buckets.cors(of: request.parameter("bucket"))))
        }
        routes.put("\(bucket)/cors") { request in
            let rules = try await request.json(Rules<CORSRule>.self).rules ?? []
            try await buckets.setCORS(rules, of: request.parameter("bucket"))
            return .result(EmptyResult())
        }
        routes.delete("\(bucket)/cors") { request in
            try await buckets.setCORS([], of: request.parameter("bucket"))
            return .result(EmptyResult())
        }
        routes.get("\(bucket)/lifecycle") { request in
            .result(LifecycleConfigurationBody(rules: try await buckets.lifecycle(of: request.parameter("bucket"))))
        }
        routes.put("\(bucket)/lifecycle") { request in
            let rules = try await request.json(Rules<LifecycleRule>.self).rules ?? []
            try await buckets.setLifecycle(rules, of: request.parameter("bucket"))
            return .result(EmptyResult())
        }
        routes.delete("\(bucket)/lifecycle") { request in
            try await buckets.setLifecycle([], of: request.parameter("bucket"))
            return .result(EmptyResult())
        }
        routes.get("\(bucket)/lock") { request in
            .result(LockConfigurationBody(rules: try await buckets.locks(of: request.parameter("bucket"))))
        }
        routes.put("\(bucket)/lock") { request in
            let rules = try await request.json(Rules<LockRule>.self).rules ?? []
            try await buckets.setLocks(rules, of: request.parameter("bucket"))
            return .result(EmptyResult())
        }
        routes.delete("\(bucket)/lock") { request in
            try await buckets.setLocks([], of: request.parameter("bucket"))
            return .result(EmptyResult())
        }
        BucketDomainsRoutes(buckets: buckets).register(on: routes)
        BucketEventsRoutes(buckets: buckets).register(on: routes)
    }
}

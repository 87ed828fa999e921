import FlareBuckets
import FlareModel

/// Host names under which buckets can be read by everybody, over REST v4.
struct BucketDomainsRoutes {
    let buckets: BucketService

    func register(on routes: APIRoutes) {
        let managed = "\(BucketsRoutes.path)/:bucket/domains/managed"
        routes.get(managed) { request in
            let bucket = try request.parameter("bucket")
            return .result(ManagedDomainBody(bucket, enabled: try await buckets.isManagedDomainOpen(bucket)))
        }
        routes.put(managed) { request in
            let bucket = try request.parameter("bucket")
            let isOpen = try await request.json(ManagedDomainUpdateBody.self).enabled
            try await buckets.setManagedDomain(bucket, isOpen: isOpen)
            return .result(ManagedDomainBody(bucket, enabled: isOpen))
        }
        registerCustom(on: routes)
    }

    private func registerCustom(on routes: APIRoutes) {
        let custom = "\(BucketsRoutes.path)/:bucket/domains/custom"
        routes.get(custom) { request in
            let domains = try await buckets.customDomains(of: request.parameter("bucket"))
            return .result(CustomDomainListBody(domains: domains.map { CustomDomainBody($0) }))
        }
        routes.post(custom) { request in
            let body = try await request.json(CustomDomainChangeBody.self)
            guard let domain = body.domain else {
                throw FlareError(.invalidArgument, "the body lacks the field \"domain\"")
            }
            let added = try await buckets.addCustomDomain(
                domain,
                to: request.parameter("bucket"),
                zoneID: body.zoneId ?? "",
                CustomDomainChange(body)
            )
            return .result(CustomDomainBody(added))
        }
        routes.get("\(custom)/:domain") { request in
            let bucket = try request.parameter("bucket")
            return .result(
                CustomDomainBody(try await buckets.customDomain(request.parameter("domain"), of: bucket))
            )
        }
        routes.put("\(custom)/:domain") { request in
            let change = CustomDomainChange(try await request.json(CustomDomainChangeBody.self))
            let (bucket, domain) = (try request.parameter("bucket"), try request.parameter("domain"))
            return .result(CustomDomainBody(try await buckets.updateCustomDomain(domain, of: bucket, change)))
        }
        routes.delete("\(custom)/:domain") { request in
            let domain = try request.parameter("domain")
            try await buckets.removeCustomDomain(domain, of: request.parameter("bucket"))
            return .result(CustomDomainRemovedBody(domain: domain))
        }
    }
}

extension ManagedDomainBody {
    /// Buckets have no id but their name; clients get the name where they look for one.
    fileprivate init(_ bucket: String, enabled: Bool) {
        self.init(bucketId: bucket, domain: bucket + BucketService.managedDomainSuffix, enabled: enabled)
    }
}

extension CustomDomainBody {
    fileprivate init(_ domain: CustomDomain) {
        let labels = domain.domain.split(separator: ".")
        self.init(
            domain: domain.domain,
            enabled: domain.isEnabled,
            minTLS: domain.minimumTLS,
            ciphers: domain.ciphers,
            zoneId: domain.zoneID,
            zoneName: labels.count > 2 ? labels.dropFirst().joined(separator: ".") : domain.domain
        )
    }
}

extension CustomDomainChange {
    fileprivate init(_ body: CustomDomainChangeBody) {
        self.init(isEnabled: body.enabled, minimumTLS: body.minTLS, ciphers: body.ciphers)
    }
}

/// The domain under which a bucket can be read by everybody, as `/domains/managed` answers it.
package struct ManagedDomainBody: Codable, Sendable, Hashable {
    package var bucketId: String
    package var domain: String
    package var enabled: Bool

    package init(bucketId: String, domain: String, enabled: Bool) {
        self.bucketId = bucketId
        self.domain = domain
        self.enabled = enabled
    }
}

/// What opens or closes the managed domain of a bucket.
package struct ManagedDomainUpdateBody: Codable, Sendable {
    package var enabled: Bool

    package init(enabled: Bool) {
        self.enabled = enabled
    }
}

/// A domain of the user's own under which a bucket can be read by everybody.
package struct CustomDomainBody: Codable, Sendable, Hashable {
    /// What has been proved of the domain, in R2's words.
    ///
    /// flare asks no proof: who reaches its port by this name is served.
    package struct Status: Codable, Sendable, Hashable {
        package var ownership = "active"
        package var ssl = "active"

        package init() {}
    }

    package var domain: String
    package var enabled: Bool
    package var status: Status
    package var minTLS: String
    package var ciphers: [String]?
    package var zoneId: String
    package var zoneName: String

    package init(
        domain: String,
        enabled: Bool,
        minTLS: String,
        ciphers: [String]?,
        zoneId: String,
        zoneName: String
    ) {
        self.domain = domain
        self.enabled = enabled
        status = Status()
        self.minTLS = minTLS
        self.ciphers = ciphers
        self.zoneId = zoneId
        self.zoneName = zoneName
    }
}

/// The custom domains of a bucket.
package struct CustomDomainListBody: Codable, Sendable {
    package var domains: [CustomDomainBody]

    package init(domains: [CustomDomainBody]) {
        self.domains = domains
    }
}

/// What adds a custom domain to a bucket, or changes it; what is absent keeps its value.
package struct CustomDomainChangeBody: Codable, Sendable {
    package var domain: String?
    package var zoneId: String?
    package var enabled: Bool?
    package var minTLS: String?
    package var ciphers: [String]?

    package init(
        domain: String? = nil,
        zoneId: String? = nil,
        enabled: Bool? = nil,
        minTLS: String? = nil,
        ciphers: [String]? = nil
    ) {
        self.domain = domain
        self.zoneId = zoneId
        self.enabled = enabled
        self.minTLS = minTLS
        self.ciphers = ciphers
    }
}

/// The name of a custom domain that was removed.
package struct CustomDomainRemovedBody: Codable, Sendable {
    package var domain: String

    package init(domain: String) {
        self.domain = domain
    }
}

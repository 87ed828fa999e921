/// A page of the kept versions of a Worker, newest first.
package struct ScriptVersionsBody: Codable, Sendable {
    package struct Version: Codable, Sendable {
        package var id: String
        /// Counted from the oldest kept one.
        package var number: Int
        package var metadata: ScriptVersionBody.Metadata
        package var annotations: [String: String]
    }

    package var items: [Version]

    package init(_ worker: WorkerBody, page: Int, perPage: Int) {
        let all = worker.versions.enumerated().map { index, version in
            Version(
                id: version.id,
                number: worker.versions.count - index,
                metadata: .init(createdOn: version.createdOn),
                annotations: version.annotations
            )
        }
        items = Array(all.dropFirst((page - 1) * perPage).prefix(perPage))
    }
}

/// One version of a Worker as Cloudflare's API tells it, with what it is joined to.
package struct ScriptVersionBody: Codable, Sendable {
    package struct Metadata: Codable, Sendable {
        package var createdOn: Timestamp
        package var modifiedOn: Timestamp
        package var source = "api"
        package var hasPreview = false

        init(createdOn: Timestamp) {
            self.createdOn = createdOn
            modifiedOn = createdOn
        }

        enum CodingKeys: String, CodingKey {
            case source, hasPreview
            case createdOn = "created_on"
            case modifiedOn = "modified_on"
        }
    }

    package struct Resources: Codable, Sendable {
        /// With values of plain variables and without those of secrets.
        package var bindings: [JSONValue]
        package var script: Script
        package var scriptRuntime: ScriptRuntime

        enum CodingKeys: String, CodingKey {
            case bindings, script
            case scriptRuntime = "script_runtime"
        }
    }

    package struct Script: Codable, Sendable {
        package var etag: String
        package var handlers: [String]
        package var lastDeployedFrom = "wrangler"

        enum CodingKeys: String, CodingKey {
            case etag, handlers
            case lastDeployedFrom = "last_deployed_from"
        }
    }

    package struct ScriptRuntime: Codable, Sendable {
        package var compatibilityDate: String?
        package var compatibilityFlags: [String]
        package var usageModel = "standard"
        package var limits: CPULimit?

        enum CodingKeys: String, CodingKey {
            case limits
            case compatibilityDate = "compatibility_date"
            case compatibilityFlags = "compatibility_flags"
            case usageModel = "usage_model"
        }
    }

    package struct CPULimit: Codable, Sendable {
        package var milliseconds: Int

        enum CodingKeys: String, CodingKey {
            case milliseconds = "cpu_ms"
        }
    }

    package var id: String
    package var number: Int
    package var metadata: Metadata
    package var annotations: [String: String]
    package var resources: Resources
    /// Only told of a version that was just uploaded.
    package var startupMilliseconds: Int?

    package init(
        _ version: WorkerVersionBody,
        number: Int,
        bindings: [JSONValue],
        handlers: [String],
        compatibilityDate: String?,
        compatibilityFlags: [String],
        processorMilliseconds: Int?
    ) {
        id = version.id
        self.number = number
        metadata = Metadata(createdOn: version.createdOn)
        annotations = version.annotations
        resources = Resources(
            bindings: bindings,
            script: Script(etag: version.id, handlers: handlers),
            scriptRuntime: ScriptRuntime(
                compatibilityDate: compatibilityDate,
                compatibilityFlags: compatibilityFlags,
                limits: processorMilliseconds.map(CPULimit.init)
            )
        )
    }

    enum CodingKeys: String, CodingKey {
        case id, number, metadata, annotations, resources
        case startupMilliseconds = "startup_time_ms"
    }
}

/// The settings of a Worker's current version.
package struct ScriptSettingsBody: Codable, Sendable {
    package var bindings: [JSONValue]
    package var compatibilityDate: String?
    package var compatibilityFlags: [String]
    package var usageModel = "standard"
    package var limits: ScriptVersionBody.CPULimit?
    package var logpush = false
    package var tags: [String] = []
    package var tailConsumers: [String] = []

    package init(_ version: ScriptVersionBody) {
        let runtime = version.resources.scriptRuntime
        bindings = version.resources.bindings
        compatibilityDate = runtime.compatibilityDate
        compatibilityFlags = runtime.compatibilityFlags
        limits = runtime.limits
    }

    enum CodingKeys: String, CodingKey {
        case bindings, limits, logpush, tags
        case compatibilityDate = "compatibility_date"
        case compatibilityFlags = "compatibility_flags"
        case usageModel = "usage_model"
        case tailConsumers = "tail_consumers"
    }
}

/// The settings of a Worker that have no versions; here they are always these.
package struct ScriptWideSettingsBody: Codable, Sendable {
    package var logpush = false
    package var tags: [String] = []
    package var tailConsumers: [String] = []

    package init() {}

    enum CodingKeys: String, CodingKey {
        case logpush, tags
        case tailConsumers = "tail_consumers"
    }
}

/// Whether a Worker is called under an address of its own, which here it always is.
package struct ScriptSubdomainBody: Codable, Sendable {
    package var isEnabled = true
    package var hasPreviews = false

    package init() {}

    enum CodingKeys: String, CodingKey {
        case isEnabled = "enabled"
        case hasPreviews = "previews_enabled"
    }
}

/// The name under which the addresses of all Workers stand.
package struct SubdomainBody: Codable, Sendable {
    package var subdomain = "local"

    package init() {}
}

/// A request to make a version current: all of the traffic goes to one.
package struct CreateDeploymentBody: Codable, Sendable {
    package struct Share: Codable, Sendable {
        package var versionID: String
        package var percentage: Double

        enum CodingKeys: String, CodingKey {
            case percentage
            case versionID = "version_id"
        }
    }

    package var strategy: String?
    package var versions: [Share]
}

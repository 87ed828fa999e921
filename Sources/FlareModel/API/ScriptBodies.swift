/// A Worker as Cloudflare's API lists it.
package struct ScriptBody: Codable, Sendable {
    package var id: String
    package var tag: String
    package var etag: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var handlers: [String]
    package var compatibilityDate: String?

    package init(_ worker: WorkerBody) {
        id = worker.name
        tag = worker.version
        etag = worker.version
        createdOn = worker.createdOn
        modifiedOn = worker.modifiedOn
        handlers = worker.handlers
        compatibilityDate = worker.compatibilityDate
    }

    enum CodingKeys: String, CodingKey {
        case id, tag, etag, handlers
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case compatibilityDate = "compatibility_date"
    }
}

/// What wrangler asks for first: whether there is a Worker of this name, and who deployed it.
package struct ServiceBody: Codable, Sendable {
    package struct Environment: Codable, Sendable {
        package var environment = "production"
        package var script: Script
    }

    package struct Script: Codable, Sendable {
        package var id: String
        package var tag: String
        package var tags: [String] = []
        package var etag: String
        package var lastDeployedFrom = "wrangler"

        enum CodingKeys: String, CodingKey {
            case id, tag, tags, etag
            case lastDeployedFrom = "last_deployed_from"
        }
    }

    package var id: String
    package var defaultEnvironment: Environment

    package init(_ worker: WorkerBody) {
        id = worker.name
        let script = Script(id: worker.name, tag: worker.version, etag: worker.version)
        defaultEnvironment = Environment(script: script)
    }

    enum CodingKeys: String, CodingKey {
        case id
        case defaultEnvironment = "default_environment"
    }
}

/// The deployments of a Worker; flare keeps the current one.
package struct ScriptDeploymentsBody: Codable, Sendable {
    package struct Deployment: Codable, Sendable {
        package var id: String
        package var createdOn: Timestamp
        package var source = "flare"
        package var strategy = "percentage"
        package var versions: [Share]
        package var annotations: [String: String]

        enum CodingKeys: String, CodingKey {
            case id, source, strategy, versions, annotations
            case createdOn = "created_on"
        }
    }

    package struct Share: Codable, Sendable {
        package var versionID: String
        package var percentage = 100

        enum CodingKeys: String, CodingKey {
            case percentage
            case versionID = "version_id"
        }
    }

    package var deployments: [Deployment]

    package init(_ worker: WorkerBody) {
        let current = worker.versions.first { $0.isCurrent }
        let deployment = Deployment(
            id: worker.version,
            createdOn: worker.modifiedOn,
            versions: [Share(versionID: worker.version)],
            annotations: current?.annotations ?? [:]
        )
        deployments = [deployment]
    }
}

extension WorkerVersionBody {
    /// Message and tag, as Cloudflare's API calls them.
    var annotations: [String: String] {
        var annotations: [String: String] = [:]
        annotations["workers/message"] = message
        annotations["workers/tag"] = tag
        return annotations
    }
}

/// What an upload that became current made.
package struct ScriptUploadedBody: Codable, Sendable {
    package var id: String
    package var tag: String
    package var etag: String
    /// The version's id without hyphens, as wrangler reads it.
    package var deploymentID: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var handlers: [String]
    package var compatibilityDate: String?
    package var compatibilityFlags: [String]
    package var usageModel = "standard"
    package var hasAssets = false
    package var hasModules = true
    package var startupMilliseconds: Int

    package init(_ worker: WorkerBody, _ version: ScriptVersionBody, startupMilliseconds: Int) {
        id = worker.name
        tag = worker.version
        etag = worker.version
        deploymentID = worker.version.filter { $0 != "-" }
        createdOn = worker.createdOn
        modifiedOn = worker.modifiedOn
        handlers = worker.handlers
        compatibilityDate = worker.compatibilityDate
        compatibilityFlags = version.resources.scriptRuntime.compatibilityFlags
        self.startupMilliseconds = startupMilliseconds
    }

    enum CodingKeys: String, CodingKey {
        case id, tag, etag, handlers
        case deploymentID = "deployment_id"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case compatibilityDate = "compatibility_date"
        case compatibilityFlags = "compatibility_flags"
        case usageModel = "usage_model"
        case hasAssets = "has_assets"
        case hasModules = "has_modules"
        case startupMilliseconds = "startup_time_ms"
    }
}

/// A Worker as a search finds it.
package struct ScriptFoundBody: Codable, Sendable {
    package var id: String
    package var scriptName: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp

    package init(_ worker: WorkerBody) {
        id = worker.name
        scriptName = worker.name
        createdOn = worker.createdOn
        modifiedOn = worker.modifiedOn
    }

    enum CodingKeys: String, CodingKey {
        case id
        case scriptName = "script_name"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }
}

/// The Workers that call one as a service, which wrangler asks for before it deletes it.
package struct ScriptReferencesBody: Codable, Sendable {
    package struct Services: Codable, Sendable {
        package var incoming: [Reference]
        package var outgoing: [Reference]
    }

    package struct Reference: Codable, Sendable {
        /// The name in `env`.
        package var name: String
        package var service: String
        package var environment = "production"

        package init(name: String, service: String) {
            self.name = name
            self.service = service
        }
    }

    package var services: Services

    package init(incoming: [Reference], outgoing: [Reference]) {
        services = Services(incoming: incoming, outgoing: outgoing)
    }
}

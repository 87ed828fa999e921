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

/// The kept versions of a Worker, newest first.
package struct ScriptVersionsBody: Codable, Sendable {
    package struct Version: Codable, Sendable {
        package struct Metadata: Codable, Sendable {
            package var createdOn: Timestamp
            package var modifiedOn: Timestamp
            package var source = "flare"

            enum CodingKeys: String, CodingKey {
                case source
                case createdOn = "created_on"
                case modifiedOn = "modified_on"
            }
        }

        package var id: String
        /// Counted from the oldest kept one.
        package var number: Int
        package var metadata: Metadata
        package var annotations: [String: String]
    }

    package var items: [Version]

    package init(_ worker: WorkerBody) {
        items = worker.versions.enumerated().map { index, version in
            Version(
                id: version.id,
                number: worker.versions.count - index,
                metadata: .init(createdOn: version.createdOn, modifiedOn: version.createdOn),
                annotations: version.annotations
            )
        }
    }
}

/// What a Worker is joined to, by the types that Cloudflare's API has for it.
package struct ScriptSettingsBody: Codable, Sendable {
    package var bindings: [[String: String]]
    package var compatibilityDate: String?
    package var compatibilityFlags: [String] = []
    package var usageModel = "standard"

    package init(_ worker: WorkerBody) {
        bindings = worker.bindings.map(Self.binding)
        bindings += worker.vars.map { ["name": $0, "type": "plain_text"] }
        bindings += worker.secrets.map { ["name": $0, "type": "secret_text"] }
        compatibilityDate = worker.compatibilityDate
    }

    private static func binding(_ binding: WorkerBindingBody) -> [String: String] {
        let (type, field) =
            switch binding.kind {
            case "bucket": ("r2_bucket", "bucket_name")
            case "queue": ("queue", "queue_name")
            case "workflow": ("workflow", "workflow_name")
            case "pipeline": ("pipelines", "pipeline")
            default: (binding.kind, binding.kind)
            }
        return ["name": binding.name, "type": type, field: binding.target]
    }

    enum CodingKeys: String, CodingKey {
        case bindings
        case compatibilityDate = "compatibility_date"
        case compatibilityFlags = "compatibility_flags"
        case usageModel = "usage_model"
    }
}

extension WorkerVersionBody {
    /// Message and tag, as Cloudflare's API calls them.
    fileprivate var annotations: [String: String] {
        var annotations: [String: String] = [:]
        annotations["workers/message"] = message
        annotations["workers/tag"] = tag
        return annotations
    }
}

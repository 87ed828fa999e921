package import FlareModel

/// A Worker's code and settings as Cloudflare's API takes them: modules that are bundled already, and their metadata.
package struct ScriptUpload: Sendable {
    /// What is done with it.
    package enum Purpose: Sendable {
        /// It becomes the Worker's current version.
        case deployment
        /// It becomes a version that a later deployment may make current.
        case version
        /// As a deployment of new code with the bindings and settings of the current version.
        case code
        /// As a deployment of the current version's code with new bindings and settings; it brings no modules.
        case settings
    }

    package var worker: String
    package var metadata: JSONValue
    package var modules: [ScriptModule]
    package var purpose: Purpose

    package init(worker: String, metadata: JSONValue, modules: [ScriptModule], purpose: Purpose) {
        self.worker = worker
        self.metadata = metadata
        self.modules = modules
        self.purpose = purpose
    }
}

/// One module of an upload, as it was sent.
package struct ScriptModule: Sendable {
    package var name: String
    /// Its media type, which says how it is imported.
    package var type: String?
    package var bytes: [UInt8]

    package init(name: String, type: String?, bytes: [UInt8]) {
        self.name = name
        self.type = type
        self.bytes = bytes
    }
}

/// The code of a version as it can be fetched: the modules of its upload, or the bundle that `flare deploy` made.
package struct ScriptContent: Sendable {
    package var main: String
    package var modules: [ScriptModule]
}

/// What an upload made.
package struct UploadedScript: Sendable {
    package var worker: WorkerBody
    package var version: ScriptVersionBody
    package var startupMilliseconds: Int
}

import CFlareSystem
import FlareModel
import FoundationEssentials
import Glibc

/// The JavaScript side of flare, carried inside the program and written to the state directory at start.
struct RuntimeFiles: Sendable {
    /// `<state>/runtime/<hash of the contents>`, so that two versions of flare never share files.
    let directory: String

    private static let files: [(name: String, bytes: [UInt8])] = [
        ("main.mjs", PackageResources.main_mjs),
        ("frames.mjs", PackageResources.frames_mjs),
        ("marks.mjs", PackageResources.marks_mjs),
        ("inspect.mjs", PackageResources.inspect_mjs),
        ("codec.mjs", PackageResources.codec_mjs),
        ("calls.mjs", PackageResources.calls_mjs),
        ("console.mjs", PackageResources.console_mjs),
        ("polyfill.mjs", PackageResources.polyfill_mjs),
        ("bindings.mjs", PackageResources.bindings_mjs),
        ("bucket.mjs", PackageResources.bucket_mjs),
        ("handlers.mjs", PackageResources.handlers_mjs),
        ("fetch.mjs", PackageResources.fetch_mjs),
        ("http.mjs", PackageResources.http_mjs),
        ("bodies.mjs", PackageResources.bodies_mjs),
        ("service.mjs", PackageResources.service_mjs),
        ("context.mjs", PackageResources.context_mjs),
        ("pipeline.mjs", PackageResources.pipeline_mjs),
        ("stream.mjs", PackageResources.stream_mjs),
        ("records.mjs", PackageResources.records_mjs),
        ("classes.mjs", PackageResources.classes_mjs),
        ("workflow.mjs", PackageResources.workflow_mjs),
        ("steps.mjs", PackageResources.steps_mjs),
        ("results.mjs", PackageResources.results_mjs),
        ("rollback.mjs", PackageResources.rollback_mjs),
        ("replay.mjs", PackageResources.replay_mjs),
        ("verify.mjs", PackageResources.verify_mjs),
        ("durations.mjs", PackageResources.durations_mjs),
        ("shim-workers.mjs", PackageResources.shim_workers_mjs),
        ("shim-workflows.mjs", PackageResources.shim_workflows_mjs),
        ("shim-pipelines.mjs", PackageResources.shim_pipelines_mjs),
        ("shim-ai.mjs", PackageResources.shim_ai_mjs),
    ]

    /// Writes the files unless they are there.
    static func install(under parent: String) throws -> RuntimeFiles {
        var all: [UInt8] = []
        for file in files { all += Array(file.name.utf8) + file.bytes }
        var digest = [UInt8](repeating: 0, count: 32)
        flare_sha256(all, all.count, &digest)
        let directory = "\(parent)/\(hexadecimalText(digest.prefix(8)))"
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for file in files {
                let path = "\(directory)/\(file.name)"
                // Compared, not only looked for: a crash may have left half a file.
                let present = try? Data(contentsOf: URL(filePath: path))
                if let present, present.elementsEqual(file.bytes) { continue }
                try Data(file.bytes).write(to: URL(filePath: path), options: .atomic)
            }
        } catch {
            throw FlareError(.storeFailed, "the runtime cannot be written to \(directory)", cause: error)
        }
        // Node's permission model compares real paths.
        guard let real = realpath(directory, nil) else { return RuntimeFiles(directory: directory) }
        defer { free(real) }
        return RuntimeFiles(directory: String(cString: real))
    }

    var main: String { "\(directory)/main.mjs" }

    /// The modules of Cloudflare's runtime and the files that stand in for them.
    var shims: [(module: String, path: String)] {
        [
            ("cloudflare:workers", "\(directory)/shim-workers.mjs"),
            ("cloudflare:workflows", "\(directory)/shim-workflows.mjs"),
            ("cloudflare:pipelines", "\(directory)/shim-pipelines.mjs"),
            ("@cloudflare/ai", "\(directory)/shim-ai.mjs"),
        ]
    }
}

import FlareModel
package import FlareStore

extension WorkerService {
    /// Checks that a Worker can transform the batches of a pipeline, as its current version stands.
    ///
    /// Throws `workerNotFound` with the nearest name, or `invalidArgument` naming the exports that would do. Returns
    /// the export that an invocation with this entry point calls.
    @discardableResult
    package func checkTransform(worker: String, entrypoint: String?) async throws -> String {
        try await database.read { tx in try Self.checkTransform(worker: worker, entrypoint: entrypoint, in: tx) }
    }

    /// As `checkTransform(worker:entrypoint:)`, within a transaction.
    @discardableResult
    package static func checkTransform(worker: String, entrypoint: String?, in tx: Transaction) throws -> String {
        let record = try WorkerRecord.named(worker, in: tx)
        let key = VersionKey(worker: worker, version: record.currentVersion)
        guard let version = try VersionRecord.find(key, in: tx) else {
            throw FlareError(.corruptStore, "the current version of the Worker \"\(worker)\" is missing")
        }
        return try version.details.exports.transformName(entrypoint, worker: worker)
    }
}

extension ExportedNames {
    /// The exports that can transform batches, by name.
    private var transforms: [String] {
        exports.filter { $0.value.handlers.contains("pipeline") }.map(\.key).sorted()
    }

    /// The export that is called for an entry point: without one the default export, else `Transform`.
    fileprivate func transformName(_ entrypoint: String?, worker: String) throws -> String {
        let transforms = transforms
        let wanted = entrypoint.map { [$0] } ?? ["default", "Transform"]
        if let found = wanted.first(where: transforms.contains) { return found }
        guard !transforms.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "the Worker \"\(worker)\" has nothing that transforms records",
                hint: "export default { async pipeline(stream, env, ctx) { … } }, "
                    + "or a class that extends PipelineTransformationEntrypoint of \"cloudflare:pipelines\""
            )
        }
        let list = transforms.joined(separator: ", ")
        guard let entrypoint else {
            let text = "the default export of the Worker \"\(worker)\" does not transform records"
            throw FlareError(.invalidArgument, text, hint: "name one that does: \(list)")
        }
        let near = nearestName(to: entrypoint, in: transforms).map { "did you mean \"\($0)\"? " } ?? ""
        let what = exports[entrypoint] == nil ? "is no export" : "does not transform records: it is an export"
        throw FlareError(
            .invalidArgument,
            "\"\(entrypoint)\" \(what) of the Worker \"\(worker)\"",
            hint: "\(near)exports that transform records: \(list)"
        )
    }
}

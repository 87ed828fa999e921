package import FlareStore

extension WorkerService {
    /// Whether the code of a version is still kept.
    package func keeps(_ version: String, of worker: String, in tx: Transaction) throws -> Bool {
        try VersionRecord.find(VersionKey(worker: worker, version: version), in: tx) != nil
    }
}

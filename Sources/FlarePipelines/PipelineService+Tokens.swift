import FlareModel
import FlareStore

/// The tokens that let records into one pipeline.
extension PipelineService {
    /// Makes a token and returns its secret, the only time that it is shown.
    ///
    /// Throws `pipelineNotFound`, `invalidName`, or `alreadyExists` for a name in use.
    package func createToken(_ name: String, of nameOrID: String) async throws -> String {
        try NameRule.token.validate(name)
        let runner = try runner(named: nameOrID)
        let record = runner.record
        let secret = PipelineToken.makeSecret()
        let now = time.now()
        try await database.write { tx in
            let isNew = try PipelineTokenRecord.insert(
                name,
                digest: PipelineToken.digest(secret),
                pipeline: record.id,
                at: now,
                in: tx
            )
            guard isNew else {
                throw FlareError(
                    .alreadyExists,
                    "pipeline \"\(record.name)\" has a token named \"\(name)\" already",
                    hint: "flare pipelines tokens list \(record.name)"
                )
            }
            try Self.takeTokens(of: record.id, runner.stream, in: tx)
        }
        return secret
    }

    /// The tokens of a pipeline by name, without their secrets.
    package func tokens(of nameOrID: String) async throws -> [PipelineToken] {
        let id = try get(nameOrID).record.id
        return try await database.read { try PipelineTokenRecord.all(pipeline: id, in: $0) }
    }

    /// From now on a token lets nobody in.
    ///
    /// Throws `tokenNotFound` with the nearest name.
    package func revokeToken(_ name: String, of nameOrID: String) async throws {
        let runner = try runner(named: nameOrID)
        let record = runner.record
        try await database.write { tx in
            guard try PipelineTokenRecord.delete(name, pipeline: record.id, in: tx) else {
                throw FlareError.notFound(
                    .tokenNotFound,
                    kind: "token",
                    name: name,
                    candidates: try PipelineTokenRecord.all(pipeline: record.id, in: tx).map(\.name),
                    listing: "flare pipelines tokens list \(record.name)"
                )
            }
            try Self.takeTokens(of: record.id, runner.stream, in: tx)
        }
    }

    /// Lets the door know the tokens once they are committed.
    ///
    /// In the order of the commits: an older list must not let in again whoever a newer one keeps out.
    private static func takeTokens(of id: String, _ stream: StreamLog, in tx: Transaction) throws {
        let digests = try PipelineTokenRecord.digests(pipeline: id, in: tx)
        tx.afterCommit { stream.setTokens(digests) }
    }
}

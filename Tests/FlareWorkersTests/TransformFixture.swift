import FlareModel
import FlareWorkers
import Foundation

/// Batches for the transforms of a deployed Worker.
struct TransformFixture {
    let workers: WorkersFixture

    private static let wrangler = """
        {"name": "demo", "main": "index.ts", "vars": {"PREFIX": "events/"},
         "r2_buckets": [{"binding": "R2", "bucket_name": "photos"}],
         "queues": {"producers": [{"binding": "OUT", "queue": "out"}]}}
        """

    /// Deploys the source and hands over a way to send batches to it.
    static func with(_ source: String, _ body: @Sendable (TransformFixture) async throws -> Void) async throws {
        try await WorkersFixture.with { workers in
            try await workers.deploy(wrangler, source)
            try await body(TransformFixture(workers: workers))
        }
    }

    /// Deploys a handler that returns this stream, as JavaScript.
    static func with(
        stream: String,
        _ body: @Sendable (TransformFixture) async throws -> Void
    ) async throws {
        let handler = "export default { async pipeline(stream, env, ctx) { return \(stream); } };"
        try await with(handler, body)
    }

    func run(
        _ records: [String],
        entrypoint: String? = nil,
        outputBytesMax: Int = Limits.pipelineTransformOutputBytesMax,
        deadline: Duration = .seconds(120),
        lines: Recorder<ConsoleLine> = Recorder()
    ) async throws -> PipelineOutput {
        var batch = PipelineBatch(
            pipelineID: "0123456789abcdef",
            pipelineName: "clicks",
            batchID: "01HV",
            time: Timestamp(milliseconds: 1_712_345_678_901),
            lines: Array(records.map { $0 + "\n" }.joined().utf8),
            recordCount: records.count
        )
        batch.outputBytesMax = outputBytesMax
        var invocation = batch.invocation(worker: "demo", entrypoint: entrypoint) { lines.append($0) }
        invocation.deadline = deadline
        return try PipelineBatch.output(of: try await workers.service.invoke(invocation))
    }

    /// What the transforms did wrong; nil when they did not, or when it was not their fault.
    func failure(
        _ records: [String],
        entrypoint: String? = nil,
        outputBytesMax: Int = Limits.pipelineTransformOutputBytesMax
    ) async -> PipelineTransformFailure? {
        do {
            _ = try await run(records, entrypoint: entrypoint, outputBytesMax: outputBytesMax)
            return nil
        } catch {
            return PipelineBatch.failure(of: error)
        }
    }
}

extension PipelineOutput.Part {
    /// The lines as text.
    var text: String { String(decoding: lines, as: UTF8.self) }
}

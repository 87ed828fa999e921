import FlareClient
import FlareModel
import FoundationEssentials
import Glibc

/// An engine of its own for a measurement, on a state directory that is removed afterwards.
struct BenchEngine {
    private let client: EngineClient

    static func with<Value>(_ body: (BenchEngine) async throws -> Value) async throws -> Value {
        // A short path: the control socket lies in it.
        let path = FileManager.default.temporaryDirectory.path + "/flare-bench-" + Identifier.hexadecimal().prefix(8)
        let state = StateDirectory(path: path)
        let launcher = EngineLauncher(state: state, environment: ProcessInfo.processInfo.environment)
        let (info, _) = try launcher.ensureRunning()
        let client = EngineClient(socketPath: info.socketPath)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(BenchEngine(client: client)))
        } catch {
            result = .failure(error)
        }
        _ = try await client.call("POST", "/flare/v1/engine/stop", as: EngineInfo.self)
        waitForEnd(of: state)
        try FileManager.default.removeItem(atPath: path)
        return try result.get()
    }

    /// Returns when the engine of the state directory has let go of its lock, its last act.
    private static func waitForEnd(of state: StateDirectory) {
        let lock = open(state.lock, O_RDWR | O_CLOEXEC)
        guard lock >= 0 else { return }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 && errno == EINTR {}
    }

    /// Creates a pipeline with the usual limits and returns its HTTP endpoint.
    func createPipeline(_ name: String) async throws -> String {
        let body = PipelineCreateBody(
            name: name,
            destinationBucket: "bench-data",
            settings: PipelineSettingsBody(
                batchOnJSONKey: ".merchantId",
                batch: PipelineBatchBody(maxBytes: 10_000_000, maxDurationSeconds: 60, maxRows: 1_000_000)
            )
        )
        let pipeline = try await client.call("POST", "/flare/v1/pipelines", body: body, as: PipelineBody.self)
        guard let endpoint = pipeline.endpoints.first else {
            throw FlareError(.engineUnavailable, "the engine's ingest door does not listen")
        }
        return endpoint.url
    }
}

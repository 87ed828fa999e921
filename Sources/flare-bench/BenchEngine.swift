import FlareClient
import FlareModel
import FoundationEssentials
import Glibc

/// An engine of its own for a measurement, on a state directory that is removed afterwards.
struct BenchEngine: Sendable {
    private static let bucket = "bench-data"

    let client: EngineClient
    /// Its ports.
    let info: EngineInfo
    /// Its state directory.
    let state: StateDirectory
    private var process: Int32 { info.pid }

    static func with<Value: Sendable>(_ body: (BenchEngine) async throws -> Value) async throws -> Value {
        // A short path: the control socket lies in it.
        let path = FileManager.default.temporaryDirectory.path + "/flare-bench-" + Identifier.hexadecimal().prefix(8)
        let state = StateDirectory(path: path)
        let launcher = EngineLauncher(state: state, environment: ProcessInfo.processInfo.environment)
        let (info, _) = try launcher.ensureRunning()
        let client = EngineClient(socketPath: info.socketPath)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(BenchEngine(client: client, info: info, state: state)))
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

    /// A new bearer token of the control port.
    func token(_ name: String) async throws -> String {
        let body = CreateTokenBody(name: name)
        return try await client.call("POST", "/flare/v1/tokens", body: body, as: NewTokenBody.self).token
    }

    /// Creates a pipeline with large batches for 20 merchants.
    ///
    /// - Parameter settings: members of the request's body, besides and instead of the usual ones.
    func createPipeline(_ name: String, _ settings: [String: JSONValue] = [:]) async throws -> BenchPipeline {
        let usual: [String: JSONValue] = [
            "name": .string(name),
            "destination_bucket": .string(Self.bucket),
            "batch_on_json_key": .string(".merchantId"),
            "batch": .object([
                "max_bytes": .integer(10_000_000), "max_duration_s": .integer(60), "max_rows": .integer(1_000_000),
            ]),
        ]
        let body = JSONValue.object(usual.merging(settings) { $1 })
        let pipeline = try await client.call("POST", "/flare/v1/pipelines", body: body, as: JSONValue.self)
        // An engine that does not know a setting would be measured with another one.
        for (name, value) in settings where value != .null && pipeline[name] != value {
            throw FlareError(.versionMismatch, "the engine's pipelines have no \(name)")
        }
        let endpoints = try FlareJSON.decode(PipelineBody.self, from: pipeline.jsonBytes).endpoints
        return BenchPipeline(name: name, endpoints: endpoints, engine: self)
    }

    /// Returns when all that a pipeline has accepted is in objects.
    func flush(_ pipeline: String) async throws {
        _ = try await client.call("POST", "/flare/v1/pipelines/\(pipeline)/flush", as: PipelineBody.self)
    }

    /// The objects that the pipelines have written, and their bytes.
    func objects() async throws -> (count: Int, bytes: Int) {
        let path = "/client/v4/accounts/local/r2/buckets/\(Self.bucket)"
        let bucket = try await client.call("GET", path, as: BucketBody.self)
        return (bucket.objectCount, bucket.bucketSize)
    }

    /// The most memory that the engine has held so far, in bytes.
    func peakResidentBytes() throws -> Int {
        let status = FileManager.default.contents(atPath: "/proc/\(process)/status") ?? Data()
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        guard let kilobytes = line?.split(separator: " ").dropLast().last.flatMap({ Int($0.filter(\.isNumber)) }) else {
            throw FlareError(.engineUnavailable, "the engine's process does not show its memory")
        }
        return kilobytes * 1_024
    }
}

/// A pipeline of the benchmark's engine.
struct BenchPipeline: Sendable {
    let name: String
    let endpoints: [PipelineEndpoint]
    let engine: BenchEngine

    /// Where the door of a type listens.
    ///
    /// - Parameter type: as the command line prints it: `HTTP`, `WebSocket` or `Kafka`.
    func endpoint(_ type: String) throws -> String {
        guard let endpoint = endpoints.first(where: { $0.type == type }) else {
            let known = endpoints.map(\.type).joined(separator: ", ")
            throw FlareError(.engineUnavailable, "the engine has no \(type) door", hint: "it has: \(known)")
        }
        return endpoint.url
    }
}

/// A door of a pipeline, of the benchmark's own engine or of another one.
struct Door: Sendable {
    let address: ServerAddress
    /// The path of HTTP and WebSocket, such as `/PIPELINE`; the topic of Kafka.
    let name: String
    /// Nil for an engine that the benchmark did not start.
    let pipeline: BenchPipeline?

    /// Runs a body with the door of `url`, or of a pipeline of a new engine when that is nil.
    static func with<Value: Sendable>(
        _ type: String,
        url: String?,
        _ body: (Door) async throws -> Value
    ) async throws -> Value {
        if let url { return try await body(Door(url, pipeline: nil)) }
        return try await BenchEngine.with { engine in
            let pipeline = try await engine.createPipeline("bench")
            return try await body(Door(pipeline.endpoint(type), pipeline: pipeline))
        }
    }

    /// Reads `http://HOST:PORT/PIPELINE`, `ws://HOST:PORT/PIPELINE` or `HOST:PORT (topic: NAME)`.
    init(_ text: String, pipeline: BenchPipeline?) throws {
        self.pipeline = pipeline
        let topic = text.split(separator: " (topic: ", maxSplits: 1)
        if topic.count == 2, topic[1].hasSuffix(")") {
            address = try ServerAddress(topic[0])
            name = String(topic[1].dropLast())
            return
        }
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        guard text.hasPrefix("http://") || text.hasPrefix("ws://"), parts.count == 3 else {
            throw FlareError(
                .invalidArgument,
                "\"\(text)\" is no endpoint",
                hint: "copy one from: flare pipelines get NAME"
            )
        }
        address = try ServerAddress(parts[1])
        name = "/" + parts[2]
    }

    /// Waits until what the last round sent is in objects, so that the next one has the machine for itself.
    func settle() async throws {
        if let pipeline { try await pipeline.engine.flush(pipeline.name) }
    }
}

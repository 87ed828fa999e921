import FlareClient
import FlareModel
import FoundationEssentials
import Glibc
import NIOCore

/// A deployed workflow of three steps, and instances of it.
struct WorkflowLoad: Sendable {
    static let stepCount = 3
    /// Instances that one request creates, the API's bound.
    private static let batch = 100
    private static let workflow = "/client/v4/accounts/local/workflows/bench"

    private let client: EngineClient

    /// Writes the project and deploys it.
    static func deploy(to engine: BenchEngine) async throws -> WorkflowLoad {
        try await TemporaryDirectory.with { directory in
            try Data(configuration.utf8).write(to: URL(filePath: directory + "/wrangler.json"))
            try Data(source.utf8).write(to: URL(filePath: directory + "/index.js"))
            let body = DeployBody(directory: directory)
            _ = try await engine.client.call("POST", "/flare/v1/deployments", body: body, as: DeploymentBody.self)
            return WorkflowLoad(client: engine.client)
        }
    }

    private static let configuration = """
        {"name": "bench", "main": "index.js", "compatibility_date": "2026-01-01",
         "workflows": [{"binding": "BENCH", "name": "bench", "class_name": "Bench"}]}
        """

    private static let source = """
        import { WorkflowEntrypoint } from "cloudflare:workers";
        export class Bench extends WorkflowEntrypoint {
          async run(event, step) {
            const one = await step.do("one", async () => event.payload.n + 1);
            const two = await step.do("two", async () => one + 1);
            return await step.do("three", async () => two + 1);
          }
        }
        """

    /// Creates one instance and waits for its end, as `flare workflows run --wait` does.
    ///
    /// Returns the nanoseconds from the request to the answer that it is complete.
    func runOne() async throws -> UInt64 {
        let begun = NIODeadline.now()
        let instance = try await client.call(
            "POST",
            Self.workflow + "/instances",
            body: InstanceCreateBody(params: .object(["n": .integer(1)])),
            as: InstanceBody.self
        )
        let end = try await wait(for: instance.id)
        guard end.status == .complete, end.output?.integerValue == 1 + Self.stepCount else {
            throw FlareError(.runFailed, "the instance ended as \(end.status.rawValue) with \(end.output ?? .null)")
        }
        return UInt64((NIODeadline.now() - begun).nanoseconds)
    }

    /// Creates instances, some requests at a time, and waits until all are complete.
    ///
    /// Returns the seconds that it took.
    func runMany(_ count: Int, clients: Int) async throws -> Double {
        let before = try await complete()
        let begun = NIODeadline.now()
        let batches = (0..<(count + Self.batch - 1) / Self.batch).map { min(Self.batch, count - $0 * Self.batch) }
        let last = try await withThrowingTaskGroup(of: String?.self) { group in
            var last: String?
            for (index, size) in batches.enumerated() {
                if index >= clients { last = try await group.next() ?? nil }
                group.addTask { try await create(size) }
            }
            for try await id in group { last = id }
            return last
        }
        if let last { _ = try await wait(for: last) }
        // The last one created is among the last to end; the rest is found by counting.
        while try await complete() < before + count { poll(nil, 0, 2) }
        return Double((NIODeadline.now() - begun).nanoseconds) / 1e9
    }

    private func create(_ count: Int) async throws -> String? {
        let bodies = (0..<count).map { InstanceCreateBody(params: .object(["n": .integer(Int64($0))])) }
        let path = Self.workflow + "/instances/batch"
        return try await client.call("POST", path, body: bodies, as: [InstanceBody].self).last?.id
    }

    private func wait(for id: String) async throws -> InstanceDetailBody {
        let path = "/flare/v1/workflows/bench/instances/\(id)/wait"
        return try await client.call("GET", path, query: [("timeout", "60")], as: InstanceDetailBody.self)
    }

    private func complete() async throws -> Int {
        let counts = try await client.call("GET", Self.workflow, as: WorkflowBody.self).instances
        for status in [InstanceStatus.errored, .terminated] where (counts[status.rawValue] ?? 0) > 0 {
            throw FlareError(.runFailed, "instances ended as \(status.rawValue)")
        }
        return counts[InstanceStatus.complete.rawValue] ?? 0
    }
}

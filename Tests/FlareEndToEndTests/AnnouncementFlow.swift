import FlareModel
import FlareTestSupport

/// The announced workflow with all that stands around it: the bucket whose objects it reads, the rule and the queue
/// that start it, and one Worker each in place of the models and of the vector index.
///
/// Both services leave an object in `seen` for each call, and answer when `gates` holds an object with their name.
struct AnnouncementFlow {
    let fixture: FlareFixture

    private static let wrangler = """
        "r2_buckets": [{ "binding": "R2", "bucket_name": "uploads" }],
        "services": [
          { "binding": "AI", "service": "models" }, { "binding": "VECTOR_INDEX", "service": "vectors" }
        ],
        "workflows": [{ "binding": "FLOW", "name": "embed", "class_name": "default" }],
        "queues": {
          "consumers": [
            { "queue": "new-uploads", "workflow": "embed", "max_batch_size": 10, "max_batch_timeout": 1 }
          ]
        }
        """

    private static let buckets = """
        "r2_buckets": [
          { "binding": "SEEN", "bucket_name": "seen" }, { "binding": "GATES", "bucket_name": "gates" }
        ]
        """

    /// The first call about a text that says so finds no embeddings; the next one waits for a gate of its own before it
    /// counts.
    private static let services = """
        import { WorkerEntrypoint } from "cloudflare:workers";

        export default class extends WorkerEntrypoint {
          async run(model, inputs) {
            const isUnlucky = inputs.text.some((text) => text.includes("unlucky"));
            const before = await this.env.SEEN.list({ prefix: "models/" });
            if (isUnlucky && before.objects.length > 0) await this.gate("luck");
            const calls = await this.note("models", { model, inputs });
            if (calls === 1 && isUnlucky) return { data: [] };
            return { data: inputs.text.map((text) => ({ values: [text.length] })) };
          }
          async upsert(...vectors) {
            await this.note("vectors", vectors);
            return { count: vectors.length };
          }
          async note(service, call) {
            const { objects } = await this.env.SEEN.list({ prefix: `${service}/` });
            await this.env.SEEN.put(`${service}/${crypto.randomUUID()}`, JSON.stringify(call));
            await this.gate(service);
            return objects.length + 1;
          }
          async gate(name) {
            while (!(await this.env.GATES.head(name))) await new Promise((done) => setTimeout(done, 10));
          }
        }

        """

    /// Makes all of it; the gates are closed.
    init(_ fixture: FlareFixture) async throws {
        self.fixture = fixture
        for bucket in ["uploads", "seen", "gates"] { try await fixture.run("buckets", "create", bucket).check() }
        try await fixture.run("queues", "create", "new-uploads").check()
        try await fixture.run(
            "flare",
            ["buckets", "notify", "create", "uploads", "--queue", "new-uploads", "--event-type", "object-create"]
        ).check()
        for service in ["models", "vectors"] {
            try await fixture.deploy(service, Self.buckets, source: Self.services).check()
        }
        try await fixture.deploy("announced", Self.wrangler, source: Announcement.workflow).check()
    }

    /// Puts an object, which starts an instance.
    func upload(_ key: String, _ text: String) async throws {
        try await fixture.run("buckets", "objects", "put", "uploads", key, "-", input: text).check()
    }

    func open(_ services: String...) async throws {
        for service in services {
            try await fixture.run("buckets", "objects", "put", "gates", service, "-", input: "open").check()
        }
    }

    /// How often a service has been called.
    func calls(of service: String) async throws -> Int {
        try await fixture.keys(of: "seen").count { $0.hasPrefix("\(service)/") }
    }

    /// What a service was called with, each time.
    func arguments(of service: String) async throws -> [JSONValue] {
        var arguments: [JSONValue] = []
        for key in try await fixture.keys(of: "seen") where key.hasPrefix("\(service)/") {
            arguments.append(try await fixture.run("buckets", "objects", "get", "seen", key).check().json())
        }
        return arguments
    }

    func waitForCall(_ number: Int, of service: String) async throws {
        try await waitUntil("call \(number) of \(service)") { try await calls(of: service) == number }
    }

    /// The latest instance, with its steps.
    func status() async throws -> JSONValue {
        try await fixture.run("workflows", "status", "embed", "--json").check().json()
    }

    func waitForStatus(_ status: String) async throws {
        try await waitUntil("the instance is \(status)") { try await self.status()["status"]?.stringValue == status }
    }

    /// Waits for the instance's end, and returns it.
    func end() async throws -> JSONValue {
        try await fixture.run("workflows", "wait", "embed", "--json").check().json()
    }
}

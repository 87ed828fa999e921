import FlareModel
import FlareWorkers
import Foundation
import Testing

/// What user code can do to its process, each with a clear outcome; the engine and other invocations go on.
@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct HostileCodeTests {
    private static let source = """
        const builtin = (name) => process.getBuiltinModule?.(name) ?? process.mainModule?.require(name);
        const never = () => new Promise(() => {});
        const grow = async (make) => {
          const kept = [];
          for (;;) { kept.push(make()); await new Promise((done) => setTimeout(done, 20)); }
        };
        const ways = {
          loop: () => { for (;;); },
          loopInTimer: () => { setTimeout(() => { for (;;); }); return never(); },
          loopAfterAwait: async () => { await new Promise((done) => setTimeout(done, 1)); await null; for (;;); },
          wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
          buffers: () => grow(() => new Uint8Array(5e6).fill(1)),
          objects: () => grow(() => Array.from({ length: 2e5 }, (_, i) => ({ i }))),
          greedy: () => { const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(1)); },
          exit: () => process.exit(3),
          reallyExit: () => process.reallyExit(3),
          abort: () => process.abort(),
          kill: () => { process.kill(process.pid, "SIGKILL"); return never(); },
          timer: () => { setTimeout(() => { throw new Error("in a timer"); }); return never(); },
          rejection: async () => { Promise.reject(new Error("floating")); await new Promise(setImmediate); },
          closed: () => { builtin("fs").closeSync(0); return never(); },
          garbage: () => { builtin("fs").writeSync(0, "x".repeat(64)); return never(); },
          fork: () => builtin("child_process").spawnSync("/bin/true"),
          threads: () => new (builtin("worker_threads").Worker)("1", { eval: true }),
          passwords: () => builtin("fs").readFileSync("/etc/passwd"),
          environ: () => builtin("fs").readFileSync("/proc/self/environ"),
          write: () => builtin("fs").writeFileSync("/tmp/flare-hostile", "x"),
          long: () => console.log("x".repeat(1e8)),
          surrogate: () => console.log("half \\ud800 pair"),
          stdout: () => { for (let i = 0; i < 50000; i++) process.stdout.write("flood\\n"); },
          json: () => { JSON.stringify = JSON.parse = () => { throw new Error("replaced"); }; },
          promise: () => { globalThis.Promise = class { constructor() { throw new Error("replaced"); } }; },
          prototypes: () => Object.assign(Object.prototype, { error: { message: "polluted" }, t: "x", v: 1, body: 2 }),
          slow: async () => { console.log("begun"); await never(); },
          fine: async (env) => { console.log(process.pid); await env.R2.get("key"); },
        };
        export default {
          async queue(batch, env) { for (const { body } of batch.messages) await ways[body](env); },
          async fetch(request, env) { return new Response(await ways[new URL(request.url).pathname.slice(1)](env)); },
        };
        """
    private static let wrangler = """
        {"name": "demo", "main": "index.ts", "r2_buckets": [{"binding": "R2", "bucket_name": "photos"}]}
        """

    @Test(arguments: ["loop", "loopInTimer", "loopAfterAwait", "wait"])
    func `code that never returns to the event loop fails alone`(way: String) async throws {
        let change: @Sendable (inout WorkerSettings) -> Void = {
            $0.processorTime = .milliseconds(300)
            $0.unresponsiveTimeout = .seconds(2)
        }
        try await with(change) { fixture in
            let lines = Recorder<ConsoleLine>()
            let bystander = Task { try await fetch(fixture, "slow", lines) }
            #expect(await eventually { !lines.values.isEmpty })
            let error = try await failure(fixture, way)
            #expect(error.code == .deadlineExceeded)
            #expect(error.message.contains("exceeded the CPU limit of 0.3 s"), "\(error.message)")
            #expect((error.cause as? WorkerFault)?.error.name == WorkerFault.processorLimitName)
            let other = await #expect(throws: FlareError.self) { try await bystander.value }
            #expect(other?.cause is BystanderLost)
            try await call(fixture, "fine")
        }
    }

    @Test(arguments: ["buffers", "objects"])
    func `memory without end is the fault of the code that took it`(way: String) async throws {
        try await with({
            $0.memoryBytesMax = 200_000_000; $0.lookInterval = .milliseconds(50)
        }) { fixture in
            let lines = Recorder<ConsoleLine>()
            let bystander = Task { try await fetch(fixture, "slow", lines) }
            #expect(await eventually { !lines.values.isEmpty })
            let error = try await failure(fixture, way)
            #expect(error.message.contains("exceeded its memory limit of 200"), "\(error.message)")
            #expect(error.cause is WorkerFault)
            let other = await #expect(throws: FlareError.self) { try await bystander.value }
            #expect(other?.cause is BystanderLost)
            try await call(fixture, "fine")
        }
    }

    @Test func `a process that is killed from outside is held against nobody but the code that ran last`() async throws
    {
        try await with { fixture in
            let lines = Recorder<ConsoleLine>()
            let bystander = Task { try await fetch(fixture, "slow", lines) }
            #expect(await eventually { !lines.values.isEmpty })
            let error = try await failure(fixture, "kill")
            #expect(error.message.contains("was killed by signal 9") && error.cause == nil)
            let other = await #expect(throws: FlareError.self) { try await bystander.value }
            #expect(other?.message.contains("was killed by signal 9") == true && other?.cause is BystanderLost)
            try await call(fixture, "fine")
        }
    }

    @Test func `memory that is taken at once is refused, or ends the process, and the limit is named`() async throws {
        try await with({ $0.memoryBytesMax = 200_000_000 }) { fixture in
            let error = try await failure(fixture, "greedy")
            #expect(error.message.contains("memory limit of 200"), "\(error.message)")
            // What it took may lie around until the process is looked at.
            #expect(await eventually { (try? await call(fixture, "fine")) != nil })
        }
    }

    @Test(arguments: [
        ("exit", "process.exit() is not available in a Worker"), ("reallyExit", "ended with status 3"),
        ("abort", "was killed by signal 6"), ("kill", "was killed by signal 9"),
        ("timer", "crashed: Error: in a timer"), ("garbage", "malformed frame"),
        ("closed", "the process of the Worker"),
        ("fork", "restricted"), ("threads", "restricted"), ("passwords", "restricted"), ("environ", "restricted"),
        ("write", "restricted"),
    ])
    func `each way out of the process fails with its reason`(way: String, message: String) async throws {
        try await with { fixture in
            let error = try await failure(fixture, way)
            #expect(error.message.contains(message), "\(error.message)")
            try await call(fixture, "fine")
        }
    }

    @Test(arguments: ["rejection", "json", "promise", "prototypes", "long", "surrogate", "stdout"])
    func `what user code spoils for itself does not reach the engine`(way: String) async throws {
        try await with { fixture in
            let lines = Recorder<ConsoleLine>()
            try await call(fixture, way, lines)
            #expect(lines.values.allSatisfy { $0.message.utf8.count <= Limits.consoleLineBytesMax + 3 })
            if way == "rejection" {
                let line = try #require(lines.values.first { $0.message.contains("Error: floating") })
                // Its trace has the author's lines and none of the runtime.
                #expect(line.message.contains("index.") && !line.message.contains(".mjs"))
            }
            let pid = try await call(fixture, "fine")
            try await call(fixture, "fine")
            // What the code did may have been enough work for a second process to be started beside the first.
            #expect(FileManager.default.fileExists(atPath: "/proc/\(pid)"))
            #expect(fixture.bindingCalls.values.count == 2)
        }
    }

    @Test func `a handler past its deadline fails, and the others of its process may finish`() async throws {
        try await with({ $0.expiredGrace = .seconds(60) }) { fixture in
            let lines = Recorder<ConsoleLine>()
            let bystander = Task { try await fetch(fixture, "slow", lines) }
            #expect(await eventually { !lines.values.isEmpty })
            let pid = try await call(fixture, "fine")
            let error = await #expect(throws: FlareError.self) {
                try await call(fixture, "slow", deadline: .milliseconds(50))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(try await call(fixture, "fine") != pid)
            #expect(FileManager.default.fileExists(atPath: "/proc/\(pid)"))
            bystander.cancel()
            await #expect(throws: CancellationError.self) { try await bystander.value }
            #expect(await eventually { !FileManager.default.fileExists(atPath: "/proc/\(pid)") })
        }
    }

    private func with(
        _ change: @Sendable (inout WorkerSettings) -> Void = { _ in },
        _ body: @Sendable (WorkersFixture) async throws -> Void
    ) async throws {
        try await WorkersFixture.with({
            $0.restartDelayMin = .milliseconds(10)
            change(&$0)
        }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            try await body(fixture)
        }
    }

    private func failure(_ fixture: WorkersFixture, _ way: String) async throws -> FlareError {
        let error = await #expect(throws: FlareError.self) { try await fetch(fixture, way) }
        return try #require(error)
    }

    /// Calls the queue handler; returns the last line that it wrote.
    @discardableResult
    private func call(
        _ fixture: WorkersFixture,
        _ way: String,
        _ lines: Recorder<ConsoleLine> = Recorder(),
        deadline: Duration? = nil
    ) async throws -> String {
        let message = QueueBatch.Message(
            id: "m",
            timestamp: Timestamp(milliseconds: 0),
            attempts: 1,
            contentType: "text",
            body: Array(way.utf8)
        )
        var invocation = QueueBatch(queue: "in", messages: [message]).invocation(worker: "demo") { lines.append($0) }
        if let deadline { invocation.deadline = deadline }
        let result = try await fixture.service.invoke(invocation)
        #expect(result.failure == nil, "\(way)")
        return lines.values.last?.message ?? ""
    }

    @discardableResult
    private func fetch(
        _ fixture: WorkersFixture,
        _ way: String,
        _ lines: Recorder<ConsoleLine> = Recorder()
    ) async throws -> InvocationResult {
        let header: JSONValue = .object([
            "method": .string("GET"), "url": .string("http://localhost/\(way)"), "headers": .array([]),
        ])
        let invocation = Invocation(worker: "demo", kind: .fetch, header: header, onLog: { lines.append($0) })
        return try await fixture.service.invoke(invocation)
    }
}

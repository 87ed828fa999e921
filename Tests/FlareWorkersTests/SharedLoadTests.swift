import FlareModel
import Foundation
import Testing

@testable import FlareWorkers

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct SharedLoadTests {
    /// Says which process it is, and never ends when it is asked to hold.
    private static let source = """
        export default {
          pipeline: (stream) => stream.transform("t", async ([event]) => {
            console.log(process.pid);
            if (event.hold) await new Promise(() => {});
            if (event.die) { process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); }
            return [{ pid: process.pid }];
          }),
        };
        """

    @Test func `a busy version gets another process, as many as are allowed, and loses it when idle`() async throws {
        try await with { fixture in
            let first = try await fixture.hold(processesMax: 2)
            // Begins in the busy process while the next one starts.
            #expect(await eventually { (try? await fixture.pid(processesMax: 2)) != first.pid })
            let second = try await fixture.hold(processesMax: 2)
            #expect(second.pid != first.pid)
            for _ in 0..<20 {
                let pid = try await fixture.pid(processesMax: 2)
                #expect([first.pid, second.pid].contains(pid))
            }
            second.task.cancel()
            #expect(await eventually { !FileManager.default.fileExists(atPath: "/proc/\(second.pid)") })
            let pid = try await fixture.pid(processesMax: 1)
            #expect(pid == first.pid)
            first.task.cancel()
        }
    }

    @Test func `one process stays one without leave for more`() async throws {
        try await with { fixture in
            let first = try await fixture.hold(processesMax: 1)
            for _ in 0..<20 {
                let pid = try await fixture.pid(processesMax: 1)
                #expect(pid == first.pid)
            }
            first.task.cancel()
        }
    }

    @Test func `a process that dies takes only its own batches along`() async throws {
        try await with { fixture in
            let first = try await fixture.hold(processesMax: 2)
            #expect(await eventually { (try? await fixture.pid(processesMax: 2)) != first.pid })
            let error = await #expect(throws: FlareError.self) { try await fixture.run(#"{"die":1}"#, processesMax: 2) }
            #expect(error?.code == .engineUnavailable)
            let pid = try await fixture.pid(processesMax: 2)
            #expect(pid == first.pid)
            first.task.cancel()
            await #expect(throws: CancellationError.self) { try await first.task.value }
        }
    }

    private func with(_ body: @Sendable (SharedLoad) async throws -> Void) async throws {
        try await WorkersFixture.with({ $0.idleTimeout = .seconds(3) }) { fixture in
            try await fixture.deploy(#"{"name": "demo", "main": "index.ts"}"#, Self.source)
            try await body(SharedLoad(workers: fixture))
        }
    }
}

/// Batches of one event that say which process took them.
private struct SharedLoad {
    let workers: WorkersFixture

    /// A batch that never ends, once it has begun.
    func hold(processesMax: Int) async throws -> (pid: String, task: Task<String, any Error>) {
        let lines = Recorder<ConsoleLine>()
        let task = Task { try await run(#"{"hold":1}"#, processesMax: processesMax, lines: lines) }
        #expect(await eventually { !lines.values.isEmpty })
        return (try #require(lines.values.first).message, task)
    }

    func pid(processesMax: Int) async throws -> String {
        let lines = Recorder<ConsoleLine>()
        _ = try await run("{}", processesMax: processesMax, lines: lines)
        return try #require(lines.values.first).message
    }

    @discardableResult
    func run(
        _ record: String,
        processesMax: Int,
        lines: Recorder<ConsoleLine> = Recorder()
    ) async throws -> String {
        let batch = PipelineBatch(
            pipelineID: "p",
            pipelineName: "clicks",
            batchID: "b",
            time: Timestamp(milliseconds: 0),
            lines: Array("\(record)\n".utf8),
            recordCount: 1
        )
        let invocation = batch.invocation(worker: "demo", processesMax: processesMax) { lines.append($0) }
        return try PipelineBatch.output(of: try await workers.service.invoke(invocation)).parts[0].text
    }
}

/// More processes for a Worker that computes, and what a Worker's description says of them.
@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct ConcurrencyTests {
    private static let source = """
        const turn = () => new Promise(setImmediate);
        export default {
          async fetch(request) {
            const { pathname } = new URL(request.url);
            console.log(process.pid);
            if (pathname === "/sleep") await new Promise(() => {});
            while (pathname === "/work") {
              const end = Date.now() + 2_500;
              while (Date.now() < end);
              await turn();
            }
            return new Response(`${process.pid}`);
          },
        };
        """

    @Test func `a Worker that computes gets another process, one whose invocations sleep does not`() async throws {
        try await with(#"{"name": "demo", "main": "index.ts", "limits": {"concurrency": 2}}"#) { fixture in
            let sleepers = try await begin(fixture, "sleep", count: 5)
            for _ in 0..<3 { #expect(try await fetch(fixture) == sleepers.pid) }
            let worker = try await begin(fixture, "work", count: 1)
            #expect(try await eventually { try await fixture.service.get("demo").host?.processes.count == 2 })
            #expect(try await eventually { try await fetch(fixture) != worker.pid })
            for task in sleepers.tasks + worker.tasks { task.cancel() }
            #expect(try await eventually { try await fixture.service.get("demo").host?.processes.count ?? 9 < 2 })
        }
    }

    @Test func `the wish of a deploy is above the configuration and kept for the next`() async throws {
        try await WorkersFixture.with({ $0.processorCount = 3 }) { fixture in
            let configuration = """
                {"name": "demo", "main": "index.ts", "limits": {"cpu_ms": 50, "memory_mb": 256, "concurrency": 4}}
                """
            try await fixture.deploy(configuration, Self.source)
            let host = try await fixture.service.get("demo").host
            #expect(host?.concurrency == 4)
            #expect(host?.cpuLimitMilliseconds == 50)
            #expect(host?.memoryLimitBytes == 256_000_000)
            let project = fixture.directory + "/project"
            for (wish, processes) in [(WorkerConcurrency.fixed(2), 2), (nil, 2), (.automatic, 3), (nil, 3)] {
                var body = DeployBody(directory: project)
                body.concurrency = wish
                _ = try await fixture.service.deploy(body)
                #expect(try await fixture.service.get("demo").host?.concurrency == processes)
            }
        }
    }

    @Test func `crashes are counted with their reason, and a version that cannot be loaded is not tried again`()
        async throws
    {
        try await with(#"{"name": "demo", "main": "index.ts"}"#) { fixture in
            let pid = try #require(pid_t(try await fetch(fixture)))
            kill(pid, SIGKILL)
            #expect(try await eventually { try await fixture.service.get("demo").host?.crashes == 1 })
            let host = try #require(try await fixture.service.get("demo").host)
            #expect(host.lastCrash?.contains("was killed by signal 9") == true)
            let version = try await fixture.service.get("demo").version
            let bundle = "\(fixture.directory)/workers/demo/\(version)/index.mjs"
            try Data("throw new Error('no configuration');".utf8).write(to: URL(filePath: bundle))
            for _ in 0..<3 {
                let error = await #expect(throws: FlareError.self) { try await fetch(fixture) }
                #expect(error?.message.contains("no configuration") == true)
            }
            let broken = try #require(try await fixture.service.get("demo").host)
            #expect(broken.broken?.contains("no configuration") == true)
            // The death, and one start that failed: the other two calls were told at once.
            #expect(broken.crashes == 2)
        }
    }

    @Test func `a Worker is opened to a debugger in a process that serves, until that is stopped`() async throws {
        try await with(#"{"name": "demo", "main": "index.ts"}"#) { fixture in
            let before = try await fetch(fixture)
            let inspector = try await fixture.service.inspect("demo", port: 0)
            #expect(inspector.url.hasPrefix("ws://127.0.0.1:"))
            #expect(inspector.devtoolsURL.hasSuffix(inspector.url.dropFirst(5)))
            #expect(try await fetch(fixture) == "\(inspector.pid)")
            #expect(before != "\(inspector.pid)")
            let port = try #require(inspector.url.dropFirst("ws://127.0.0.1:".count).split(separator: "/").first)
            #expect(isListening(on: try #require(UInt16(port))))
            let error = await #expect(throws: FlareError.self) {
                _ = try await fixture.service.inspect("demo", port: 70_000)
            }
            #expect(error?.code == .invalidArgument)
            _ = try await fixture.service.inspect("demo", port: 0)
            try await fixture.service.stopInspecting("demo")
            _ = try await fetch(fixture)
            #expect(try await fixture.service.get("demo").host?.processes.allSatisfy { !$0.isInspected } == true)
        }
    }

    private func with(_ wrangler: String, _ body: @Sendable (WorkersFixture) async throws -> Void) async throws {
        let change: (inout WorkerSettings) -> Void = {
            $0.idleTimeout = .seconds(3)
            $0.lookInterval = .seconds(1)
            $0.restartDelayMin = .milliseconds(10)
        }
        try await WorkersFixture.with(change) { fixture in
            try await fixture.deploy(wrangler, Self.source)
            try await body(fixture)
        }
    }

    /// By the kernel's list of sockets: 0A is a listening one.
    private func isListening(on port: UInt16) -> Bool {
        let sockets = (try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)) ?? ""
        let digits = String(port, radix: 16, uppercase: true)
        let address = "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits
        return sockets.contains("\(address) 00000000:0000 0A")
    }

    /// Invocations that do not end, once they all run; they are in one process.
    private func begin(
        _ fixture: WorkersFixture,
        _ path: String,
        count: Int
    ) async throws -> (pid: String, tasks: [Task<String, any Error>]) {
        let lines = Recorder<ConsoleLine>()
        let tasks = (0..<count).map { _ in Task { try await fetch(fixture, path, lines) } }
        #expect(await eventually { lines.values.count == count })
        #expect(Set(lines.values.map(\.message)).count == 1)
        return (lines.values.first?.message ?? "", tasks)
    }

    @discardableResult
    private func fetch(
        _ fixture: WorkersFixture,
        _ path: String = "",
        _ lines: Recorder<ConsoleLine> = Recorder()
    ) async throws -> String {
        var invocation = request("/" + path, worker: "demo").invocation
        invocation.onLog = { lines.append($0) }
        let response = try await fixture.service.start(invocation).fetched()
        return String(decoding: try await response.bytes(), as: UTF8.self)
    }
}

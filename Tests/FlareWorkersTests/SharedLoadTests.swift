import FlareModel
import FlareWorkers
import Foundation
import Testing

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
        try await WorkersFixture.with({ $0.idleTimeout = .milliseconds(300) }) { fixture in
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

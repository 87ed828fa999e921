import FlareModel
import FlareStore
import FlareWorkers
import Foundation
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct ProcessTests {
    private static let wrangler = """
        {"name": "demo", "main": "index.ts", "r2_buckets": [{"binding": "R2", "bucket_name": "photos"}],
         "queues": {"producers": [{"binding": "OUT", "queue": "out"}], "consumers": [{"queue": "in"}]}}
        """

    private static let source = """
        let calls = 0;
        export default {
          async queue(batch, env) {
            const [first] = batch.messages;
            switch (first.body) {
              case "loop": for (;;);
              case "exit": process.kill(process.pid, "SIGKILL"); await new Promise(() => {});
              case "crash": setTimeout(() => { throw new Error("in a timer"); }); await new Promise(() => {});
              case "count": console.log("call", ++calls, process.pid); return;
              case "throw":
                first.ack();
                throw new Error("not now");
              case "memory": { const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(1)); }
              case "slow": console.log("begun"); await new Promise(() => {});
              case "environment": console.log(JSON.stringify(Object.keys(process.env).sort())); return;
              case "files":
                for (const attempt of [() => process.getBuiltinModule("fs").readFileSync("/etc/hostname"),
                                       () => process.exit(0)]) {
                  try { attempt(); console.log("allowed"); } catch (error) { console.log(error.code ?? error.message); }
                }
                return;
            }
            for (const message of batch.messages) {
              if (message.body === "retry") message.retry({ delaySeconds: 5 });
              else if (message.body.send) await env.OUT.send({ id: message.id, attempts: message.attempts });
              else if (message.body.read) console.log(await (await env.R2.get(message.body.read)).text());
              else if (message.body.drop) await env.R2.delete("x");
            }
          },
        };
        """

    @Test func `a handler acknowledges, retries and calls bindings`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let lines = Recorder<ConsoleLine>()
            let result = try await call(fixture, [#"{"send":1}"#, "retry", #"{"read":"key"}"#], lines)
            let verdicts = try QueueBatch.verdicts(of: result)
            #expect(verdicts == [.acknowledge, .retry(delaySeconds: 5), .acknowledge])
            let sent = #"OUT.send {"contentType":"json"} {"id":"m0","attempts":1}"#
            #expect(fixture.bindingCalls.values.contains(sent))
            #expect(lines.values.map(\.message) == ["KEY"])
            #expect(lines.values.first?.tags == ["queue": "in"])
        }
    }

    @Test func `a handler that throws retries what it has not acknowledged`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let result = try await call(fixture, ["throw", "other"])
            let verdicts = try QueueBatch.verdicts(of: result)
            #expect(verdicts == [.acknowledge, .failed])
            #expect(result.failure?.message == "not now")
            let refused = try await call(fixture, [#"{"drop":1}"#])
            #expect(refused.failure?.message.hasPrefix("the bucket is read-only") == true)
            #expect(refused.failure?.stack?.contains("index.ts:27") == true, "\(refused.value)")
        }
    }

    @Test func `a message whose body cannot be read fails alone`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            func message(_ id: String, _ contentType: String, _ body: String) -> QueueBatch.Message {
                QueueBatch.Message(
                    id: id,
                    timestamp: Timestamp(milliseconds: 0),
                    attempts: 1,
                    contentType: contentType,
                    body: Array(body.utf8)
                )
            }
            let unreadable = message("bad", "v8", "no such version")
            for batch in [[unreadable, message("good", "json", #"{"send":1}"#)], [unreadable]] {
                let call = QueueBatch(queue: "in", messages: batch).invocation(worker: "demo")
                let result = try await fixture.service.invoke(call)
                let verdicts = try QueueBatch.verdicts(of: result)
                guard case .unreadable(let reason)? = verdicts.first else {
                    Issue.record("\(verdicts)")
                    return
                }
                #expect(reason.hasPrefix("the body cannot be read as v8: "))
                #expect(verdicts.dropFirst().elementsEqual(batch.count == 1 ? [] : [.acknowledge]))
                #expect(result.failure == nil)
            }
            #expect(fixture.bindingCalls.values.filter { $0.hasPrefix("OUT.send") }.count == 1)
        }
    }

    @Test func `an endless loop is killed at its deadline and the next call gets a new process`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let error = await #expect(throws: FlareError.self) {
                try await call(fixture, ["loop"], deadline: .milliseconds(300))
            }
            #expect(error?.code == .deadlineExceeded)
            let next = try await call(fixture, ["count"])
            #expect(next.value["per"] != nil)
        }
    }

    @Test func `an endless loop without a deadline is found by the processor time that it uses`() async throws {
        try await WorkersFixture.with({ $0.processorTime = .milliseconds(300) }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let error = await #expect(throws: FlareError.self) { try await call(fixture, ["loop"], deadline: nil) }
            #expect(error?.message.contains("exceeded the CPU limit of 0.3 s") == true, "\(error?.message ?? "")")
            #expect(error?.code == .deadlineExceeded)
        }
    }

    @Test(arguments: [("exit", "was killed by signal 9"), ("crash", "crashed: Error: in a timer")])
    func `a dying process loses its invocations and is replaced`(way: String, message: String) async throws {
        try await WorkersFixture.with({ $0.restartDelayMin = .milliseconds(10) }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let lines = Recorder<ConsoleLine>()
            let bystander = Task { try await call(fixture, ["slow"], lines) }
            #expect(await eventually { !lines.values.isEmpty })
            let error = await #expect(throws: FlareError.self) { try await call(fixture, [way]) }
            #expect(error?.code == .engineUnavailable)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
            // Nobody knows who sent a signal, which counts for all; a batch beside code that threw is delivered again.
            if way == "crash" { bystander.cancel() }
            await #expect(throws: (any Error).self) { try await bystander.value }
            for _ in 0..<3 {
                await #expect(throws: FlareError.self) { try await call(fixture, [way]) }
            }
            let next = try await call(fixture, ["count"])
            #expect(next.value["per"] != nil)
        }
    }

    @Test func `memory is bounded, array buffers too`() async throws {
        try await WorkersFixture.with({ $0.memoryBytesMax = 300_000_000 }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            // Node either throws a RangeError, which is a failed handler, or aborts.
            let result = await Result { try await call(fixture, ["memory"]) }
            switch result {
            case .success(let result): #expect(result.failure?.name == "RangeError")
            case .failure(let error): #expect((error as? FlareError)?.code == .engineUnavailable)
            }
        }
    }

    @Test func `user code sees no variables of the engine and cannot end the process`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let lines = Recorder<ConsoleLine>()
            _ = try await call(fixture, ["environment"], lines)
            #expect(lines.values.map(\.message) == [#"["PATH"]"#])
            _ = try await call(fixture, ["files"], lines)
            #expect(lines.values.last?.message == "process.exit() is not available in a Worker")
        }
    }

    @Test func `one process serves a version until it has been idle`() async throws {
        try await WorkersFixture.with({ $0.idleTimeout = .milliseconds(200) }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let lines = Recorder<ConsoleLine>()
            let slow = Task { try await call(fixture, ["slow"], lines) }
            #expect(await eventually { !lines.values.isEmpty })
            for _ in 0..<3 { _ = try await call(fixture, ["count"], lines) }
            let pid = try #require(lines.values.last?.message.split(separator: " ").last)
            let calls = (1...3).map { "call \($0) \(pid)" }
            #expect(lines.values.map(\.message) == ["begun"] + calls)
            slow.cancel()
            #expect(await eventually { !FileManager.default.fileExists(atPath: "/proc/\(pid)") })
            _ = try await call(fixture, ["count"], lines)
            #expect(lines.values.last?.message.hasPrefix("call 1 ") == true)
        }
    }

    @Test func `no process outlives its service`() async throws {
        let pids = Recorder<String>()
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let lines = Recorder<ConsoleLine>()
            _ = try await call(fixture, ["count"], lines)
            pids.append(String(lines.values.last?.message.split(separator: " ").last ?? ""))
        }
        let pid = try #require(pids.values.first)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)"))
    }

    private func call(
        _ fixture: WorkersFixture,
        _ bodies: [String],
        _ lines: Recorder<ConsoleLine> = Recorder(),
        deadline: Duration? = .seconds(120)
    ) async throws -> InvocationResult {
        let messages = bodies.enumerated().map { index, body in
            QueueBatch.Message(
                id: "m\(index)",
                timestamp: Timestamp(milliseconds: 0),
                attempts: 1,
                contentType: body.hasPrefix("{") ? "json" : "text",
                body: Array(body.utf8)
            )
        }
        var invocation = QueueBatch(queue: "in", messages: messages).invocation(worker: "demo") { lines.append($0) }
        invocation.deadline = deadline
        return try await fixture.service.invoke(invocation)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

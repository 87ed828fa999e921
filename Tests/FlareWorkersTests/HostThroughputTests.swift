import FlareModel
import FlareWorkers
import Foundation
import Testing

/// How much of the processors one call between the engine and user code costs.
///
/// Small in the suite, so that it cannot rot; `FLARE_BENCH=1` makes it large and prints what it measured.
@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct HostThroughputTests {
    private static let source = """
        import { WorkflowEntrypoint } from "cloudflare:workers";
        export class Flow extends WorkflowEntrypoint {
          async run(event, step) {
            const a = await step.do("a", async () => event.payload.n + 1);
            const b = await step.do("b", async () => a * 2);
            return step.do("c", async () => b - 2);
          }
        }
        """

    @Test func `lives of three steps run side by side and each gets its own results`() async throws {
        let isLarge = ProcessInfo.processInfo.environment["FLARE_BENCH"] != nil
        let (lanes, lives) = isLarge ? (64, 10_000) : (8, 40)
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(
                """
                {"name": "demo", "main": "index.ts",
                 "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow"}]}
                """,
                Self.source
            )
            _ = try await Self.life(1, fixture)
            let (start, busy) = (ContinuousClock.now, Self.processorSeconds())
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for lane in 0..<lanes {
                    group.addTask {
                        var sum = 0
                        for n in stride(from: lane, to: lives, by: lanes) { sum += try await Self.life(n, fixture) }
                        return sum
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == lives * (lives - 1))
            guard isLarge else { return }
            let seconds = start.duration(to: .now) / .seconds(1)
            let engine = (Self.processorSeconds() - busy) / Double(lives * 6) * 1e6
            let rate = Int(Double(lives) / seconds)
            FileHandle.standardError.write(
                Data("\(rate) lives/s, \(Int(engine)) us of the engine's processor time per call, sum \(sum)\n".utf8)
            )
        }
    }

    /// Runs one instance whose output is twice its number.
    private static func life(_ number: Int, _ fixture: WorkersFixture) async throws -> Int {
        let start = WorkflowStart(
            workflow: "flow",
            instance: "\(number)",
            timestamp: Timestamp(milliseconds: 1_000),
            payload: Array(#"{"n":\#(number)}"#.utf8)
        )
        let invocation = start.invocation(
            worker: "demo",
            version: nil,
            className: "Flow",
            onCall: { call, reply in
                switch try? StepCall(call) {
                case .begin: reply(StepReply.run(attempt: 1, timeout: .seconds(60)).reply)
                default: reply(StepReply.done().reply)
                }
            }
        )
        let result = try await fixture.service.invoke(invocation)
        return try #require(Int(String(decoding: result.body, as: UTF8.self)))
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("random workflows")
    struct RandomWorkflowsTests {
        static let programs = 2_000
        static let batch = 50
        static let instances = "/client/v4/accounts/local/workflows/random/instances"

        @Test(
            "two thousand programs end as in memory, though the engine and its processes are killed at random",
            .timeLimit(.minutes(10))
        )
        func killed() async throws {
            let seed =
                ProcessInfo.processInfo.environment["FLARE_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...(.max))
            var maker = RandomProgramMaker(seed: seed)
            let programs = (0..<Self.programs).map { _ in maker.program() }
            try await FlareFixture.with { f in
                try await f.startEngine()
                let configuration =
                    #""workflows": [{ "binding": "RANDOM", "name": "random", "class_name": "Random" }]"#
                try await f.deploy("random", configuration, source: RandomProgram.workflow).check()
                let token = try await f.createToken()

                async let created: Void = create(programs, f, token)
                do {
                    try await kill(f, token)
                } catch {
                    throw FlareError(.internalError, "seed \(seed): \(error)", cause: error)
                }
                try await created
                try await check(programs, f, token, seed)
            }
        }

        /// Creates all instances and sends the events that they wait for, however often the engine goes away.
        private func create(_ programs: [[RandomProgram]], _ f: FlareFixture, _ token: String) async throws {
            for first in stride(from: 0, to: programs.count, by: Self.batch) {
                let range = first..<min(first + Self.batch, programs.count)
                let bodies = range.map { number -> JSONValue in
                    .object(["instance_id": .string("p-\(number)"), "params": RandomProgram.json(programs[number])])
                }
                // Ids that are taken are left out, so that a request may be sent again.
                try await again("creating instances") {
                    _ = try await f.api("POST", Self.instances + "/batch", token: token, body: .array(bodies))
                }
                for number in range {
                    for event in RandomProgram.events(of: programs[number]) {
                        let path = "\(Self.instances)/p-\(number)/events/\(event.type)"
                        try await again("sending an event") {
                            let reply = try await httpRequest(
                                "POST",
                                path,
                                port: f.engine().controlPort,
                                headers: [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")],
                                body: Array("\(event.value)".utf8)
                            )
                            // A program that does not come by its wait may have ended.
                            guard reply.status < 300 || reply.status == 409 else {
                                throw FlareError(.invalidData, "\(reply.status) \(reply.text)")
                            }
                        }
                    }
                }
            }
        }

        private func again(_ what: String, _ body: () async throws -> Void) async throws {
            try await waitUntil(what, within: .seconds(120)) {
                try await body()
                return true
            }
        }

        /// Kills the engine or the processes of the Worker, until enough of both have died and all instances exist.
        private func kill(_ f: FlareFixture, _ token: String) async throws {
            var engines = 0
            var processes = 0
            while engines < 12 || processes < 12 {
                try await pause(atMost: .milliseconds(900))
                if Bool.random(), processes < 12 {
                    let children = children(of: try f.engine().pid)
                    processes += children.isEmpty ? 0 : 1
                    for child in children { Foundation.kill(child, SIGKILL) }
                } else if engines < 12 {
                    engines += 1
                    try await f.killEngine()
                    try await f.startEngine()
                }
            }
        }

        /// The Node processes of an engine.
        private func children(of parent: Int32) -> [Int32] {
            let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return pids.compactMap { Int32($0) }.filter { pid in
                guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                    let end = stat.lastIndex(of: ")")
                else { return false }
                let fields = stat[end...].split(separator: " ")
                return fields.count > 2 && fields[2] == "\(parent)" && stat[..<end].hasSuffix("(node")
            }
        }

        /// Every instance ended as its program does in memory, and committed each step once.
        private func check(
            _ programs: [[RandomProgram]],
            _ f: FlareFixture,
            _ token: String,
            _ seed: UInt64
        ) async throws {
            var wrong: [String] = []
            for (number, program) in programs.enumerated() {
                let path = "/flare/v1/workflows/random/instances/p-\(number)/wait?timeout=60"
                let instance = try await eventually("p-\(number) has ended", within: .seconds(240)) {
                    let instance = try await f.api("GET", path, token: token)
                    return ["complete", "errored"].contains(instance["status"]?.stringValue) ? instance : nil
                }
                let expected = RandomProgram.interpret(program)
                let end: RandomProgram.End =
                    switch instance["status"]?.stringValue {
                    case "complete": .output(instance["output"]?.integerValue ?? -1)
                    default: .error(instance["error"]?["message"]?.stringValue ?? "no error")
                    }
                if end != expected { wrong.append("p-\(number): \(end), expected \(expected)") }
                let steps = instance["steps"]?.arrayValue ?? []
                let names = steps.map { "\($0["type"]?.stringValue ?? "") \($0["name"]?.stringValue ?? "")" }
                if Set(names).count != names.count { wrong.append("p-\(number): a step is there twice") }
                for step in steps {
                    let successes = (step["attempts"]?.arrayValue ?? []).count { $0["success"] == .bool(true) }
                    if successes > 1 { wrong.append("p-\(number): \(step["name"]?.stringValue ?? "") succeeded twice") }
                }
            }
            #expect(wrong.isEmpty, "seed \(seed): \(wrong.count) wrong: \(wrong.prefix(5))")
        }
    }
}

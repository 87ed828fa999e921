import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("completions of live names")
    struct CompletionTests {
        /// What the shell's script runs when Tab is pressed behind `flare queues info `.
        private func complete(_ f: FlareFixture) async throws -> CommandResult {
            try await f.run(
                "flare",
                ["---completion", "queues", "info", "--", "positional@0", "3", "0", "flare", "queues", "info", ""]
            ).check()
        }

        @Test("names come from a running engine, and none is started for them")
        func names() async throws {
            try await FlareFixture.with { f in
                #expect(try await complete(f).stdout.split(separator: "\n").isEmpty)
                #expect(throws: (any Error).self) { try f.engine() }
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "create", "payments").check()
                // Tab gives up after 40 ms, which a busy machine may need for other things: then it is pressed again.
                try await waitUntil("the names are offered") {
                    try await complete(f).lines.filter { !$0.isEmpty } == ["orders", "payments"]
                }
            }
        }
    }
}

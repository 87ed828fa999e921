import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("scripts that are killed")
    struct ShellKillTests {
        /// Five steps, the third of which lasts until there is a file "go".
        ///
        /// Each notes in "done" that its command ran.
        static let source = """
            echo $$ > script.pid
            flare step s1 -- sh -c 'echo 1 >> done; printf "\\001\\377\\000a\\n"; echo e >&2; printf b' || exit
            flare step s2 -- sh -c 'echo 2 >> done; echo "$FLARE_IDEMPOTENCY_KEY"' || exit
            flare step s3 -- sh -c '
                echo 3 >> done; echo begun; echo $PPID > step.pid; echo $$ > command.pid
                while [ ! -e go ]; do sleep 0.02; done
                echo "$FLARE_ATTEMPT"' || exit
            flare step s4 -- sh -c 'echo 4 >> done; head -c 100000 /dev/urandom' || exit
            [ -n "$FAILS" ] && [ ! -e failed ] && { touch failed; exit 7; }
            flare step s5 -- sh -c 'echo 5 >> done; echo "$*"' sh "$@" || exit
            """

        /// Who is killed, and the statuses that the first run may then have.
        enum Victim: String, CaseIterable {
            case runner, script, step, command

            /// How often the step was tried in the run that completed.
            ///
            /// A script that sees its step fail ends with an error, and what goes on is a new run.
            var attempts: Int { self == .runner || self == .script ? 2 : 1 }
        }

        @Test("a script goes on at the step at which it was killed", arguments: Victim.allCases)
        func killed(victim: Victim) async throws {
            try await FlareFixture.with { f in
                try f.script("five.sh", Self.source)
                let first = try f.startScript("--id", "one", "./five.sh", "x y")
                let command = try await f.pid("command.pid")
                let target =
                    switch victim {
                    case .runner: first.pid
                    case .script: try await f.pid("script.pid")
                    case .step: try await f.pid("step.pid")
                    case .command: command
                    }
                kill(target, SIGKILL)
                let lost = try await first.result()
                #expect(lost.status == 137)
                // Nothing of it goes on behind the back of the next run.
                try await waitUntil("the command is gone") { !isAlive(command) }
                try f.write("go", "")
                let again = try await f.runScript("--id", "one", "./five.sh", "x y").check()
                #expect(f.content("done") == "1\n2\n3\n3\n4\n5\n")
                let readable = "a\nbfive/one/s2#1\nbegun\n\(victim.attempts)\n"
                let text = [1, 0xFF, 0] + Array(readable.utf8)
                #expect(again.stdoutBytes.starts(with: text))
                #expect(again.stdoutBytes.count == text.count + 100_000 + 4)
                #expect(again.stderr == "e\n")
                let status = try await f.run("workflows", "status", "five", "one", "--json").check().json()
                #expect(status["status"]?.stringValue == "complete")
                #expect(status["steps"]?.arrayValue?[2]["attempts"]?.arrayValue?.count == victim.attempts)
            }
        }

        @Test("an engine that is killed while a command runs is started again, and its result is written down once")
        func engine() async throws {
            try await FlareFixture.with { f in
                try f.script("five.sh", Self.source)
                let run = try f.startScript("--id", "one", "./five.sh", "x")
                _ = try await f.pid("command.pid")
                try await f.killEngine()
                try f.write("go", "")
                try await run.result().check()
                #expect(f.content("done") == "1\n2\n3\n4\n5\n")
                let status = try await f.run("workflows", "status", "five", "one", "--json").check().json()
                #expect(status["status"]?.stringValue == "complete")
                let attempts = status["steps"]?.arrayValue?.map { $0["attempts"]?.arrayValue?.count }
                #expect(attempts == [1, 1, 1, 1, 1])
            }
        }

        @Test("what finished steps wrote is the same, byte for byte, when a script that failed goes on")
        func identical() async throws {
            try await FlareFixture.with { f in
                try f.script("five.sh", Self.source)
                try f.write("go", "")
                let environment = f.scriptEnvironment.merging(["FAILS": "1"]) { $1 }
                let words = ["workflows", "run", "--id", "one", "./five.sh", "-v"]
                let first = try await f.run("flare", words, environment: environment)
                #expect(first.status == 7)
                #expect(first.stderr.hasPrefix("e\nerror: ./five.sh ended with status 7\n"))
                #expect(first.stderr.contains("flare workflows run --id one ./five.sh -v\n"))
                let second = try await f.run("flare", words, environment: environment).check()
                #expect(second.stdoutBytes == first.stdoutBytes + Array("-v\n".utf8))
                #expect(second.stderr == "e\n")
                #expect(f.content("done") == "1\n2\n3\n4\n5\n")
                // Complete: nothing is run and nothing printed.
                let third = try await f.run("flare", words, environment: environment).check()
                #expect(third.stdout.isEmpty && third.stderr.isEmpty)
                #expect(f.content("done") == "1\n2\n3\n4\n5\n")
            }
        }

        @Test("a second runner is refused with the number of the first, and a terminated script is stopped")
        func twoRunners() async throws {
            try await FlareFixture.with { f in
                try f.script("five.sh", Self.source)
                let first = try f.startScript("--id", "one", "./five.sh")
                let command = try await f.pid("command.pid")
                let second = try await f.runScript("--id", "one", "./five.sh")
                #expect(second.status == 73)
                #expect(second.stderr.contains("is being run by process \(first.pid)\n"))
                try await f.run("workflows", "terminate", "five", "one", "--yes").check()
                let end = try await first.result()
                #expect(end.status == 143)
                #expect(end.stderr.contains("instance \"one\" is terminated"))
                try await waitUntil("the command is gone") { !isAlive(command) }
                #expect(f.content("done") == "1\n2\n3\n")
                #expect(try await f.runScript("--id", "one", "./five.sh").status == 73)
            }
        }

        @Test("a signal to the runner reaches the script and leaves the instance unfinished")
        func signalled() async throws {
            try await FlareFixture.with { f in
                try f.script("five.sh", Self.source)
                let first = try f.startScript("--id", "one", "./five.sh")
                let command = try await f.pid("command.pid")
                first.signal(SIGTERM)
                #expect(try await first.result().status == 143)
                try await waitUntil("the command is gone") { !isAlive(command) }
                let status = try await f.run("workflows", "status", "five", "one", "--json").check().json()
                #expect(status["status"]?.stringValue == "queued")
            }
        }
    }
}

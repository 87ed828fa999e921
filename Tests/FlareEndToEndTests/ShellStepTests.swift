import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("steps of scripts")
    struct ShellStepTests {
        @Test("steps of a loop, of background jobs and with keys are each known again")
        func occurrences() async throws {
            try await FlareFixture.with { f in
                try f.script(
                    "many.sh",
                    """
                    for i in 1 2 3; do flare step loop -- sh -c "echo loop $i; echo l >> done"; done
                    for i in 1 2 3 4; do flare step job$i -- sh -c "echo job $i > job$i; echo j >> done" & done; wait
                    for i in b a; do flare step key --key $i -- sh -c "echo key $i; echo k >> done"; done
                    [ -e again ] || { touch again; exit 3; }
                    for i in a b; do flare step key --key $i -- sh -c "echo key $i; echo k >> done"; done
                    """
                )
                let first = try await f.runScript("--id", "one", "./many.sh")
                #expect(first.status == 3)
                #expect(first.stdout == "loop 1\nloop 2\nloop 3\nkey b\nkey a\n")
                let second = try await f.runScript("--id", "one", "./many.sh").check()
                #expect(second.stdout == "loop 1\nloop 2\nloop 3\nkey b\nkey a\nkey a\nkey b\n")
                #expect(f.content("done")?.filter { $0 != "\n" }.sorted() == Array("jjjjkklll"))
                let list = try await f.run("workflows", "list", "--json").check().json()
                #expect(list.arrayValue?.first?["kind"]?.stringValue == "shell")
                let replayed = try await f.run("workflows", "replay", "many", "one").check()
                #expect(replayed.stderr.contains("its steps run when somebody runs the script: flare workflows run"))
                #expect(replayed.stderr.contains("--id one"))
            }
        }

        @Test("a step without a script is retried, replayed, timed out, and refused when its command changes")
        func alone() async throws {
            try await FlareFixture.with { f in
                let flaky = "echo x >> n; echo try $FLARE_ATTEMPT; [ $(wc -l < n) -ge 3 ]"
                for _ in 0..<2 {
                    let result = try await f.step(
                        "flaky",
                        "--id",
                        "ci",
                        "--retries",
                        "3",
                        "--delay",
                        "1ms",
                        "--",
                        "sh",
                        "-c",
                        flaky
                    )
                    #expect(try result.check().stdout == "try 1\ntry 2\ntry 3\n")
                }
                #expect(f.content("n") == "x\nx\nx\n")
                let slow = try await f.step(
                    "slow",
                    "--id",
                    "ci",
                    "--timeout",
                    "2s",
                    "--",
                    "sh",
                    "-c",
                    "echo $$ > pid; sleep 100 & wait"
                )
                #expect(slow.status == 124)
                #expect(try await !isAlive(f.pid("pid")))
                let changed = try await f.step("flaky", "--id", "ci", "--", "sh", "-c", "other")
                #expect(changed.status == 73)
                #expect(changed.stderr.contains("\n  + sh -c other\n"))
                let kept = try await f.step("flaky", "--id", "ci", "--on-change", "keep", "--", "other")
                #expect(try kept.check().stdout.hasPrefix("try 1\n"))
                let rerun = try await f.step("flaky", "--id", "ci", "--on-change", "rerun", "--", "echo", "new")
                #expect(try rerun.check().stdout == "new\n")
                #expect(try await f.step("none", "--id", "ci", "--", "no-such-command").status == 127)
            }
        }

        @Test("a step that belongs nowhere, or lies inside another, says what to do")
        func misplaced() async throws {
            try await FlareFixture.with { f in
                let nowhere = try await f.step("build", "--", "true")
                #expect(nowhere.status == 64)
                #expect(nowhere.stderr.contains("flare workflows run FILE") && nowhere.stderr.contains("--id ID"))
                let inner = try await f.step("a", "--id", "ci", "--", "flare", "step", "b", "--id", "ci", "--", "true")
                #expect(inner.status == 64)
                #expect(inner.stderr.contains("a step inside the step \"a#1\""))
                #expect(try await f.runScript("./missing.sh").status == 66)
                try f.write("plain.sh", "true")
                #expect(try await f.runScript("./plain.sh").status == 77)
                let named = try await f.runScript("plain.sh")
                #expect(named.status == 66)
                #expect(named.stderr.contains("chmod +x plain.sh"))
            }
        }

        @Test("a script gets its parameters, its input and its arguments, and its steps theirs")
        func input() async throws {
            try await FlareFixture.with { f in
                try f.script(
                    "in.sh",
                    """
                    echo "$FLARE_PARAMS"; flare step in -- cat; flare step args -- printf '%s,' "$@" "$FLARE_RUN"
                    """
                )
                let words = ["--name", "other", "--params", #"{"a":[1]}"#, "./in.sh", "--id", "b c"]
                let result = try await f.run(
                    "flare",
                    ["workflows", "run"] + words,
                    input: Array("input\n".utf8),
                    environment: f.scriptEnvironment
                )
                #expect(try result.check().stdout == "{\"a\":[1]}\ninput\n--id,b c,1,")
                let status = try await f.run("workflows", "status", "other", "latest", "--json").check().json()
                #expect(status["params"] == .object(["a": .array([.integer(1)])]))
                #expect(status["trigger"]?["source"]?.stringValue == "shell")
            }
        }

        @Test("a script sleeps once and waits for an event that the shell sends it")
        func pauses() async throws {
            try await FlareFixture.with { f in
                try f.script(
                    "wait.sh",
                    """
                    flare step sleep nap 100ms; echo slept
                    flare step wait-event go --timeout 1h; echo came
                    flare step wait-event never --timeout 50ms || echo "status $?"
                    """
                )
                let run = try f.startScript("--id", "one", "./wait.sh")
                try await waitUntil("it has slept") { try run.outputSoFar() == "slept\n" }
                let words = ["send-event", "wait", "one", "--type", "go", "--payload", #"{"by":"me"}"#]
                try await f.run("flare", ["workflows"] + words).check()
                #expect(try await run.result().check().stdout == "slept\n{\"by\":\"me\"}\ncame\nstatus 124\n")
            }
        }
    }
}

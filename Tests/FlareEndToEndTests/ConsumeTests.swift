import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("commands that consume")
    struct ConsumeTests {
        @Test("the exit status of the command decides, and its environment tells of the message")
        func statuses() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "good", "later", "bad", "shot").check()
                let script = """
                    body=$(cat)
                    echo "$body $FLARE_QUEUE $FLARE_MESSAGE_ATTEMPTS $FLARE_MESSAGE_CONTENT_TYPE ${#FLARE_MESSAGE_ID}" \
                        "${FLARE_MESSAGE_TIMESTAMP%%-*} ${FLARE_LEASE_ID:+leased}"
                    case $body in
                        good) exit 0;; later) exit 75;; bad) echo 'it is bad' >&2; exit 3;; shot) kill -9 $$;;
                    esac
                    """
                // Said before a command runs whose message could not be given back.
                let never = try await f.run("queues", "consume", "jobs", "--exec", script, "--retry-after", "25h")
                #expect(never.status == 64 && never.stdout.isEmpty)
                let result = try await f.run(
                    "queues",
                    "consume",
                    "jobs",
                    "--exec",
                    script,
                    "--retry-after",
                    "1h",
                    "--parallel",
                    "2"
                )
                #expect(result.status == 1)
                #expect(result.lines.count == 4)
                #expect(
                    result.lines.allSatisfy { line in
                        line.contains(" jobs 1 text 32 20") && line.hasSuffix("leased")
                    },
                    "\(result)"
                )
                #expect(result.stderr.contains("it is bad\n"))
                #expect(result.stderr.contains("status 3: it is bad"))
                #expect(result.stderr.contains("signal 9"))
                let left = try await f.peek("jobs")
                #expect(
                    Dictionary(
                        uniqueKeysWithValues: left.map { ($0["body"]?.stringValue, $0["attempts"]?.integerValue) }
                    ) == ["later": 0, "bad": 1, "shot": 1]
                )
                #expect(left.allSatisfy { $0["leased"]?.boolValue != true })
            }
        }

        @Test("--parallel runs so many commands at once, and no more")
        func parallel() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "{n}", "--count", "9").check()
                // Each command waits until two others run too: fewer at once would never end.
                let script = """
                    touch running.$FLARE_MESSAGE_ID; n=0
                    while [ $(ls -d running.* | wc -l) -lt 3 ]; do
                        n=$((n+1)); [ $n -lt 5000 ] || exit 1; sleep 0.02
                    done
                    """
                let result = try await f.run(
                    "queues",
                    "consume",
                    "jobs",
                    "--exec",
                    script,
                    "--parallel",
                    "3",
                    "--json"
                ).check()
                let report = try result.json()
                #expect(report["acknowledged"]?.integerValue == 9)
                #expect(report["handled"]?.integerValue == 9)
                #expect(try await f.backlog(of: "jobs") == 0)
            }
        }

        @Test("a lease is prolonged while its command runs longer than it, and the message comes once")
        func prolonged() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "slow").check()
                let slow = try f.start(
                    "flare",
                    [
                        "queues", "consume", "jobs", "--visibility-timeout", "4s", "--exec",
                        "touch begun; while [ ! -e go ]; do sleep 0.02; done",
                    ]
                )
                try await waitUntil("the command runs") { f.exists("begun") }
                // Waits longer than the lease would have run, and gets nothing.
                let other = try await f.run("queues", "consume", "jobs", "--follow", "--timeout", "5s").check()
                #expect(other.stdout.isEmpty)
                try f.write("go", "")
                try await slow.result().check()
                #expect(try await f.backlog(of: "jobs") == 0)
            }
        }

        @Test("a lease that was lost is told, and what came of it does not count")
        func lost() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "gone").check()
                let result = try await f.run(
                    "queues",
                    "consume",
                    "jobs",
                    "--exec",
                    "\(try BuiltPrograms.path("flare")) queues purge jobs --yes"
                )
                #expect(result.status == 1)
                #expect(result.stderr.contains("does not count"))
            }
        }

        @Test(
            "Ctrl-C lets the running command end and gives back the rest uncounted; a second one ends the command too",
            arguments: [false, true]
        )
        func interrupted(twice: Bool) async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "{n}", "--count", "5").check()
                let consumer = try f.start(
                    "flare",
                    [
                        "queues", "consume", "jobs", "--follow", "--batch-size", "4", "--exec",
                        "touch begun; while [ ! -e go ]; do sleep 0.02; done",
                    ]
                )
                try await waitUntil("the first command runs") { f.exists("begun") }
                consumer.signal(SIGINT)
                if twice {
                    consumer.signal(SIGTERM)
                } else {
                    try f.write("go", "")
                }
                #expect(try await consumer.result().status == 130)
                let left = try await f.peek("jobs")
                #expect(left.count == (twice ? 5 : 4))
                #expect(left.allSatisfy { $0["attempts"]?.integerValue == 0 && $0["leased"]?.boolValue == false })
            }
        }

        @Test("a closed stdout: what was not printed is given back uncounted, at once")
        func closedOutput() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "{n}", "--count", "5").check()
                let flare = try BuiltPrograms.path("flare")
                let closed = try await f.run("/bin/sh", ["-c", "\(flare) queues consume orders >&-"])
                #expect(closed.status != 0)
                var left = try await f.peek("orders")
                #expect(left.count == 5)
                #expect(left.allSatisfy { $0["attempts"]?.integerValue == 0 && $0["leased"]?.boolValue == false })

                // More than a pipe holds, so that most of it is not written when the reader goes.
                let body = String(repeating: "x", count: 50_000)
                try await f.run("queues", "send", "orders", body, "--count", "20").check()
                let head = try await f.run("/bin/sh", ["-c", "\(flare) queues consume orders | head -n 1"])
                #expect(head.stdout == "1\n")
                left = try await f.peek("orders")
                #expect(left.count >= 15 && left.count < 25)
                #expect(left.allSatisfy { $0["attempts"]?.integerValue == 0 && $0["leased"]?.boolValue == false })
            }
        }

        @Test("kill -9 of the consumer loses nothing: what it held comes again when the lease ends")
        func killedConsumer() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "{n}", "--count", "3").check()
                let consumer = try f.start(
                    "flare",
                    [
                        "queues", "consume", "jobs", "--follow", "--visibility-timeout", "5s", "--parallel", "3",
                        "--exec", "touch begun.$FLARE_MESSAGE_ID; exec sleep 60",
                    ]
                )
                try await waitUntil("the commands run") {
                    try await f.run("/bin/ls", [f.directory]).lines.filter { $0.hasPrefix("begun.") }.count == 3
                }
                consumer.signal(SIGKILL)
                let again = try await f.run("queues", "consume", "jobs", "--follow", "--count", "3", "--jsonl").check()
                let messages = try again.lines.map { try JSONValue(json: $0.utf8) }
                #expect(messages.compactMap { $0["body"]?.stringValue }.sorted() == ["1", "2", "3"])
                #expect(messages.allSatisfy { $0["attempts"]?.integerValue == 2 })
                #expect(try await f.backlog(of: "jobs") == 0)
            }
        }

        @Test("kill -9 of the engine: a consumer goes on with the next one and acknowledges what it has done once")
        func killedEngine() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                try await f.run("queues", "send", "jobs", "{n}", "--count", "60").check()
                let consumer = try f.start(
                    "flare",
                    [
                        "queues", "consume", "jobs", "--follow", "--count", "60", "--parallel", "2", "--exec",
                        "echo $(cat) >> done", "--visibility-timeout", "15s",
                    ]
                )
                for count in [10, 30] {
                    try await waitUntil("\(count) are done") {
                        try f.read("done").split(separator: "\n").count >= count
                    }
                    try await f.killEngine()
                    try await f.startEngine()
                }
                let result = try await consumer.result()
                #expect(result.status == 0, "\(result)")
                let done = try f.read("done").split(separator: "\n").compactMap { Int($0) }
                #expect(done.sorted() == Array(1...60))
                #expect(try await f.backlog(of: "jobs") == 0)
            }
        }

        @Test("kill -9 of the engine in the middle of an import and of a redrive: all there, once")
        func killedTransfers() async throws {
            try await FlareFixture.with { f in
                for name in ["a", "b"] { try await f.run("queues", "create", name).check() }
                let lines = (1...4_000).map { "{\"body\":\($0),\"id\":\"\(hexadecimal($0))\"}\n" }.joined()
                let importing = try f.start("flare", ["queues", "import", "a", "--json"], input: Array(lines.utf8))
                try await waitUntil("some are imported") { try await f.backlog(of: "a") ?? 0 > 0 }
                try await f.killEngine()
                try await f.startEngine()
                try await importing.result().check()
                #expect(try await f.bodies(of: "a") == Array(1...4_000))

                let moving = try f.start("flare", ["queues", "redrive", "a", "--to", "b", "--rate", "4000/s"])
                try await waitUntil("some are moved") { try await f.backlog(of: "b") ?? 0 > 0 }
                try await f.killEngine()
                try await f.startEngine()
                try await moving.result().check()
                #expect(try await f.backlog(of: "a") == 0)
                #expect(try await f.bodies(of: "b").sorted() == Array(1...4_000))
            }
        }

        @Test("a limit of time ends a consumer: with status 124 when it wanted more")
        func timeout() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "only").check()
                let words = ["queues", "consume", "orders", "--follow", "--timeout"]
                // Long enough for the message that is there.
                let short = try await f.run("flare", words + ["3s", "--count", "2"])
                #expect(short.status == 124)
                #expect(short.stdout == "only\n")
                try await f.run("flare", words + ["300ms"]).check()
                #expect(try await f.run("queues", "consume", "orders", "--exec").status == 64)
                #expect(try await f.run("queues", "consume", "orders", "--exec", " ").status == 64)
            }
        }
    }
}

/// A number as the id of a message: 32 hexadecimal digits.
private func hexadecimal(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
}

extension FlareFixture {
    fileprivate func exists(_ name: String) -> Bool { access(directory + "/" + name, F_OK) == 0 }

    fileprivate func read(_ name: String) throws -> String {
        try String(contentsOfFile: directory + "/" + name, encoding: .utf8)
    }

    /// The bodies of a queue's messages, which are numbers, in the order of arrival.
    fileprivate func bodies(of queue: String) async throws -> [Int] {
        try await exported(queue).compactMap { $0["body"]?.stringValue.flatMap { Int($0) } }
    }
}

import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("queues from the shell")
    struct QueueCommandsTests {
        @Test("send takes bodies, lines and envelopes, in order; a bad line ends it with its number")
        func send() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "one", #"{"n":2}"#).check()
                try await f.run("queues", "send", "orders", #"{"n":{n}}"#, "--count", "3").check()
                try await f.run("queues", "send", "orders", "-", "--content-type", "bytes", input: "raw").check()
                let lines = try await f.run(
                    "queues",
                    "send",
                    "orders",
                    "--jsonl",
                    "--json",
                    input: "{\"n\": 1.0}\r\n\n  \n[2]\n\"last\""
                ).check().json()
                #expect(lines["sent"]?.integerValue == 3)
                #expect(lines["backlog_count"]?.integerValue == 9)
                try await f.run(
                    "queues",
                    "send",
                    "orders",
                    "--jsonl",
                    "--envelope",
                    input: """
                        {"body":"late","content_type":"text","delay_seconds":3600}
                        {"body":"/wA=","content_type":"bytes"}

                        """
                ).check()
                let all = try await f.peek("orders")
                #expect(
                    all.map { $0["body"]?.stringValue } == [
                        "one", #"{"n":2}"#, #"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#, "raw", #"{"n": 1.0}"#, "[2]",
                        #""last""#, "late", "/wA=",
                    ]
                )
                #expect(
                    all.map { $0["content_type"]?.stringValue } == [
                        "text", "json", "json", "json", "json", "bytes", "json", "json", "json", "text", "bytes",
                    ]
                )

                let bad = try await f.run("queues", "send", "orders", "--jsonl", input: "1\n2\n{\"n\":\n4\n")
                #expect(bad.status == 65)
                #expect(bad.stderr.contains("line 3 is not valid JSON"))
                #expect(bad.stderr.contains("2 messages sent, up to line 2"))
                #expect(try await f.backlog(of: "orders") == 13)
                let cut = try await f.run("queues", "send", "orders", "--jsonl", "--envelope", input: #"{"body":1"#)
                #expect(cut.status == 65)
                #expect(try await f.backlog(of: "orders") == 13)

                let unknown = try await f.run("queues", "send", "oders", "x")
                #expect(unknown.status == 66)
                #expect(unknown.stderr.contains("orders"))
            }
        }

        @Test("a consumer that is not deployed is added, with a warning that messages wait for it")
        func missingConsumer() async throws {
            try await FlareFixture.with { f in
                for (kind, name) in [("worker", "Worker"), ("workflow", "workflow")] {
                    try await f.run("queues", "create", kind).check()
                    let added = try await f.run("queues", "consumers", "add", kind, "--\(kind)", "absent").check()
                    #expect(
                        added.stderr == "warning: messages wait until it is deployed: \(name) \"absent\" not found\n"
                    )
                }
            }
        }

        @Test("ten thousand lines arrive once each, in order; a large one is refused by its number")
        func many() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let input = (1...10_000).map { "{\"n\":\($0)}\n" }.joined()
                let sent = try await f.run("queues", "send", "orders", "--jsonl", "--json", input: input).check().json()
                #expect(sent["sent"]?.integerValue == 10_000)
                let consumed = try await f.run("queues", "consume", "orders").check()
                #expect(consumed.stdout == input)
                #expect(try await f.backlog(of: "orders") == 0)

                let large = "1\n\"\(String(repeating: "x", count: 130_000))\"\n"
                let refused = try await f.run("queues", "send", "orders", "--jsonl", input: large)
                #expect(refused.status != 0)
                #expect(refused.stderr.contains("line 2"))
            }
        }

        @Test("peek and tail filter, page and go on after a cursor, and change nothing")
        func looking() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", #"{"n":{n}}"#, "--count", "250").check()
                #expect(try await f.peek("orders", "--limit", "230").count == 230)
                let some = try await f.run("queues", "peek", "orders", "--where", "body.n>248", "--jsonl").check()
                #expect(some.lines.count == 2)
                let odd = try await f.run("queues", "peek", "orders", "--where", "bdy.n>248")
                #expect(odd.status == 64)

                let first = try await f.run("queues", "tail", "orders", "--count", "2", "--jsonl").check().lines
                let cursor = try #require(JSONValue(json: first[1].utf8)["cursor"]?.integerValue)
                let next = try await f.run(
                    "queues",
                    "tail",
                    "orders",
                    "--since",
                    "\(cursor)",
                    "--no-follow",
                    "--jsonl"
                ).check().lines
                #expect(next.count == 248)
                #expect(try JSONValue(json: next[0].utf8)["body"]?.stringValue == #"{"n":3}"#)
                let recent = try await f.run("queues", "tail", "orders", "--since", "1h", "--no-follow").check()
                #expect(recent.lines.count == 250)
                // Before the year 0, which no time can say.
                let all = try await f.run("queues", "tail", "orders", "--since", "999999d", "--no-follow").check()
                #expect(all.lines.count == 250)
                let late = try await f.run("queues", "tail", "orders", "--new", "--count", "1", "--timeout", "200ms")
                #expect(late.status == 124)
                #expect(try await f.peek("orders", "--limit", "250").allSatisfy { $0["attempts"]?.integerValue == 0 })
            }
        }

        @Test("a tail goes on after its last message when the engine is killed and started again")
        func tailThroughRestart() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "1").check()
                let tail = try f.start("flare", ["queues", "tail", "orders", "--count", "3", "--jsonl"])
                try await waitUntil("the first message is shown") { try tail.outputSoFar().contains(#""body":"1""#) }
                try await f.killEngine()
                try await f.run("queues", "send", "orders", "2", "3").check()
                let result = try await tail.result().check()
                #expect(try result.lines.map { try JSONValue(json: $0.utf8)["body"]?.stringValue } == ["1", "2", "3"])
            }
        }

        @Test("followers of a queue end when it is deleted, and say which one is gone")
        func followersOfDeletedQueue() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "1").check()
                let tail = try f.start("flare", ["queues", "tail", "orders"])
                try await waitUntil("the tail has shown the message") { try tail.outputSoFar().contains("1\n") }
                let consumer = try f.start("flare", ["queues", "consume", "orders", "--follow"])
                try await waitUntil("the consumer has taken it") { try consumer.outputSoFar().contains("1\n") }
                try await f.run("queues", "delete", "orders", "--yes").check()
                for follower in [tail, consumer] {
                    let result = try await follower.result()
                    #expect(result.status == 66)
                    #expect(result.stderr.contains(#"queue "orders" not found"#), "\(result.stderr)")
                }
            }
        }

        @Test("a pull over HTTP waits as long as wait_ms says, and leases nothing for a client that has gone")
        func waitingPull() async throws {
            try await FlareFixture.with { f in
                let created = try await f.run("queues", "create", "orders", "--json").check().json()
                let id = try #require(created["queue_id"]?.stringValue)
                let token = try await f.createToken()
                let path = "/client/v4/accounts/local/queues/\(id)/messages/pull?wait_ms="
                let nothing = try await f.api("POST", path + "50", token: token, body: .object([:]))
                #expect(nothing["messages"]?.arrayValue?.isEmpty == true)

                let body = JSONValue.object(["batch_size": .integer(5)])
                async let pulling = f.api("POST", path + "30000", token: token, body: body)
                try await f.run("queues", "send", "orders", "hello").check()
                let pulled = try await pulling["messages"]?.arrayValue
                #expect(pulled?.map { $0["body"]?.stringValue } == ["hello"])

                let curl = try #require(FlareFixture.find("curl"))
                let url = "http://127.0.0.1:\(try f.engine().controlPort)\(path)30000"
                let words = ["--silent", "--max-time", "0.5", "-H", "Authorization: Bearer \(token)", "-d", "{}", url]
                #expect(try await f.run(curl, words).status == 28)
                try await f.run("queues", "send", "orders", "later").check()
                let later = try await f.peek("orders").last
                #expect(later?["body"]?.stringValue == "later")
                #expect(later?["attempts"]?.integerValue == 0)
            }
        }

        @Test("dead letters come back by redrive: counted first, with a filter, a rate and a target")
        func redrive() async throws {
            try await FlareFixture.with { f in
                for name in ["orders", "orders-dead", "other"] { try await f.run("queues", "create", name).check() }
                try await f.run(
                    "queues",
                    "consumers",
                    "add",
                    "orders",
                    "--pull",
                    "--message-retries",
                    "0",
                    "--dead-letter-queue",
                    "orders-dead"
                ).check()
                try await f.run("queues", "send", "orders", #"{"n":{n}}"#, "--count", "12").check()
                let script = "echo 'no such customer' >&2; exit 9"
                let failing = try await f.run("queues", "consume", "orders", "--exec", script, "--parallel", "4")
                #expect(failing.status == 1)

                let dead = try await f.run("queues", "peek", "orders-dead", "--limit", "1").check()
                #expect(dead.containsRow("orders", "the command ended with status 9: no such customer"))
                let planned = try await f.run(
                    "queues",
                    "redrive",
                    "orders-dead",
                    "--where",
                    "body.n<=4",
                    "--dry-run",
                    "--json"
                ).check().json()
                #expect(planned["count"]?.integerValue == 4)
                #expect(try await f.backlog(of: "orders-dead") == 12)

                let some = try await f.run("queues", "redrive", "orders-dead", "--where", "body.n<=4").check()
                #expect(some.stdout == "redrove 4 messages of orders-dead: 4 to orders\n")
                let paced = try await f.run(
                    "queues",
                    "redrive",
                    "orders-dead",
                    "--to",
                    "other",
                    "--rate",
                    "50/s",
                    "--limit",
                    "5",
                    "--json"
                ).check().json()
                #expect(paced["count"]?.integerValue == 5)
                #expect(try await f.backlog(of: "orders-dead") == 3)
                #expect(try await f.backlog(of: "other") == 5)
                #expect(try await f.peek("orders").allSatisfy { $0["attempts"]?.integerValue == 0 })

                try await f.run("queues", "send", "orders-dead", "stray").check()
                let rest = try await f.run("queues", "redrive", "orders-dead")
                #expect(rest.status == 1)
                #expect(rest.stderr.contains("1 message left: they came from no other queue"))
                #expect(try await f.backlog(of: "orders") == 7)
                #expect(try await f.backlog(of: "orders-dead") == 1)
            }
        }

        @Test("move, remove and purge take what they are told and say how much")
        func moving() async throws {
            try await FlareFixture.with { f in
                for name in ["a", "b"] { try await f.run("queues", "create", name).check() }
                try await f.run("queues", "send", "a", #"{"n":{n}}"#, "--count", "10").check()
                let moved = try await f.run("queues", "move", "a", "b", "--where", "body.n>=8").check()
                #expect(moved.stdout == "moved 3 messages from a to b\n")
                #expect(
                    try await f.run("queues", "move", "a", "b", "--dry-run").check().stdout.contains("would move 7")
                )

                let left = try await f.peek("b")
                let id = try #require(left[0]["id"]?.stringValue)
                let cursor = try #require(left[1]["cursor"]?.integerValue)
                #expect(try await f.run("queues", "remove", "b", id, "\(cursor)").check().stdout.contains("removed 2"))
                let gone = try await f.run("queues", "remove", "b", id)
                #expect(gone.status == 66)
                #expect(gone.stderr.contains(id))
                let unasked = try await f.run("queues", "remove", "a", "--where", "body.n<3")
                #expect(unasked.status == 64)
                try await f.run("queues", "remove", "a", "--where", "body.n<3", "--yes").check()
                #expect(try await f.backlog(of: "a") == 5)
                #expect(try await f.run("queues", "purge", "a").status == 64)
                #expect(try await f.run("queues", "purge", "a", "--yes").check().stdout.contains("removed 5 messages"))
            }
        }

        @Test("an export is imported as it was, bytes too; once more doubles nothing; bad lines are named")
        func exporting() async throws {
            try await FlareFixture.with { f in
                for name in ["a", "b"] { try await f.run("queues", "create", name).check() }
                try await f.run("queues", "send", "a", #"{"n":{n}}"#, "--count", "1200").check()
                try await f.run("queues", "send", "a", "line\nend", "--content-type", "text").check()
                try await f.run(
                    "queues",
                    "send",
                    "a",
                    "--jsonl",
                    "--envelope",
                    input: #"{"body":"/wABfw==","content_type":"bytes"}"#
                ).check()
                let file = f.directory + "/a.jsonl"
                try await f.run("queues", "export", "a", "--output", file).check()
                let report = try await f.run("queues", "import", "b", file, "--json").check().json()
                #expect(report["imported"]?.integerValue == 1_202)
                let again = try await f.run("queues", "import", "b", file, "--json").check().json()
                #expect(again["imported"]?.integerValue == 0)
                #expect(again["skipped"]?.integerValue == 1_202)
                let (left, right) = (try await f.exported("a"), try await f.exported("b"))
                #expect(left.count == 1_202)
                for name in ["id", "body", "encoding", "content_type"] {
                    #expect(left.map { $0[name]?.stringValue } == right.map { $0[name]?.stringValue }, "\(name)")
                }

                // What was interrupted goes on after its last whole line.
                let whole = try await f.run("/bin/cat", [file]).stdout
                try f.write("part.jsonl.part", String(whole.prefix(whole.count / 2)))
                try await f.run("queues", "export", "a", "--output", f.directory + "/part.jsonl", "--resume").check()
                #expect(try await f.run("/bin/cat", [f.directory + "/part.jsonl"]).stdout == whole)

                let lines = "{\"body\":1}\nnothing\n{\"body\":2}\n{\"body\":3,\"id\":\"x\"}\n{\"body\":4}\n"
                try await f.run("queues", "purge", "b", "--yes").check()
                let stopped = try await f.run("queues", "import", "b", input: lines)
                #expect(stopped.status == 65)
                #expect(stopped.stderr.contains("line 2"))
                #expect(try await f.backlog(of: "b") == 1)
                let skipped = try await f.run("queues", "import", "b", "--on-error", "skip", input: lines)
                #expect(skipped.status == 65)
                #expect(skipped.stderr.contains("line 2:") && skipped.stderr.contains("line 4:"))
                #expect(try await f.backlog(of: "b") == 4)
            }
        }

        @Test("pause, resume and stats; consumers in both spellings")
        func keeping() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "now", "too").check()
                try await f.run("queues", "send", "orders", "later", "--delay", "1h").check()
                let stats = try await f.run("queues", "stats", "orders", "--json").check().json()
                #expect(stats["visible_count"]?.integerValue == 2)
                #expect(stats["delayed_count"]?.integerValue == 1)
                let watched = try await f.run(
                    "queues",
                    "stats",
                    "orders",
                    "--watch",
                    "--interval",
                    "100ms",
                    "--count",
                    "2"
                ).check()
                #expect(watched.lines.count == 2)
                #expect(try JSONValue(json: watched.lines[1].utf8)["queue"]?.stringValue == "orders")

                try await f.run("queues", "pause", "orders").check()
                let paused = try await f.run("queues", "consume", "orders")
                #expect(paused.status != 0)
                #expect(paused.stderr.contains("paused") && paused.stderr.contains("--resume"))
                #expect(try await f.run("queues", "stats").check().containsRow("orders", "2", "0", "1"))
                try await f.run("queues", "resume-delivery", "orders").check()
                #expect(try await f.run("queues", "consume", "orders").check().lines.sorted() == ["now", "too"])

                try await f.run(
                    "queues",
                    "consumer",
                    "http",
                    "add",
                    "orders",
                    "--batch-size",
                    "7",
                    "--retry-delay-secs",
                    "3",
                    "--visibility-timeout-secs",
                    "60"
                ).check()
                let list = try await f.run("queues", "consumers", "list", "orders", "--json").check().json()
                let settings = list.arrayValue?.first?["settings"]
                #expect(settings?["batch_size"]?.integerValue == 7)
                #expect(settings?["visibility_timeout_ms"]?.integerValue == 60_000)
                #expect(try await f.run("queues", "consumer", "worker", "remove", "orders", "w").status == 66)
                try await f.run("queues", "consumer", "http", "remove", "orders").check()
                let early = try await f.run("queues", "consumers", "add", "orders", "--worker", "later").check()
                #expect(early.stderr.contains("messages wait until it is deployed: Worker \"later\" not found"))
            }
        }
    }
}

extension FlareFixture {
    /// The messages that a peek shows, 100 unless the arguments say otherwise.
    func peek(_ queue: String, _ arguments: String...) async throws -> [JSONValue] {
        let limit = arguments.contains("--limit") ? [] : ["--limit", "100"]
        let words = ["queues", "peek", queue, "--json"] + limit + arguments
        return try await run("flare", words).check().json().arrayValue ?? []
    }

    /// The lines of an export.
    func exported(_ queue: String) async throws -> [JSONValue] {
        try await run("queues", "export", queue).check().lines.map { try JSONValue(json: $0.utf8) }
    }
}

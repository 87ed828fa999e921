import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("watching workflows")
    struct WatchingTests {
        static let configuration = """
            "workflows": [{ "binding": "ORDERS", "name": "orders", "class_name": "Orders" }]
            """

        static let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";

            export class Orders extends WorkflowEntrypoint {
              async run(event, step) {
                await step.do(
                  'say "hi"',
                  { retries: { limit: 2, delay: 10, backoff: "constant" } },
                  async (context) => {
                    console.debug("attempt", context.attempt);
                    if (context.attempt < 2) throw new Error("not yet");
                    return { greeting: "hi" };
                  },
                );
                await step.sleep("nap", 20);
                const sign = await step.waitForEvent("sign", { type: "go", timeout: "1 hour" });
                if (sign.payload.fails) throw new RangeError("as you wish");
                return "done";
              }
            }

            export default {};

            """

        private static func begin(_ f: FlareFixture, _ id: String) async throws {
            try await f.run("workflows", "run", "orders", "--id", id).check()
            try await f.run("workflows", "wait", "orders", id, "--for", "step=nap", "--timeout", "60s").check()
        }

        private static func send(_ f: FlareFixture, _ id: String, _ payload: String) async throws {
            try await f.run(
                "workflows",
                "send-event",
                "orders",
                id,
                "--type",
                "go",
                "--payload",
                payload
            ).check()
        }

        @Test("metrics count what ran, survive kill -9, and are read by Prometheus")
        func metrics() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("orders", Self.configuration, source: Self.source).check()
                for id in ["one", "two"] {
                    try await Self.begin(f, id)
                    try await Self.send(f, id, #"{"fails":\#(id == "two")}"#)
                    #expect(try await f.run("workflows", "wait", "orders", id).status == (id == "one" ? 0 : 1))
                }
                try await f.killEngine()
                let text = try await f.run("workflows", "metrics", "orders").check()
                #expect(text.containsRow("say \"hi\"", "step", "2", "0", "2"))
                #expect(text.containsRow("nap", "sleep", "2", "0", "0"))
                #expect(text.containsRow("errored", "1"))
                let json = try await f.run("workflows", "metrics", "orders", "--instance", "latest", "--json").check()
                let metrics = try json.json()
                #expect(metrics["instance_id"]?.stringValue == "two")
                let labels = metrics["labels"]?.arrayValue ?? []
                #expect(labels.map { $0["label"]?.stringValue } == ["say \"hi\"", "nap", "sign"])
                #expect(labels.first?["attempts"] == .object(["complete": .integer(1), "failed": .integer(1)]))
                #expect(metrics["runs"]?.arrayValue?.map { $0["outcome"]?.stringValue } == ["errored"])

                let samples = try await Self.scrape(f)
                let step = #"workflow="orders",label="say \"hi\"","#
                #expect(samples["flare_workflow_step_duration_seconds_count{\(step)outcome=\"complete\"}"] == 2)
                #expect(samples["flare_workflow_attempt_duration_seconds_count{\(step)outcome=\"failed\"}"] == 2)
                #expect(samples[#"flare_workflow_retries_total{workflow="orders",label="say \"hi\""}"#] == 2)
                #expect(
                    samples[#"flare_workflow_run_duration_seconds_count{workflow="orders",outcome="errored"}"#] == 1
                )
                #expect(samples[#"flare_workflow_instances{workflow="orders",status="waiting"}"#] == 0)
            }
        }

        /// All samples by their name and labels; each line that is not a sample must be a comment.
        private static func scrape(_ f: FlareFixture) async throws -> [String: Double] {
            let token = try await f.createToken()
            let headers = [("Authorization", "Bearer \(token)")]
            let reply = try await httpRequest("GET", "/metrics", port: f.engine().controlPort, headers: headers)
            #expect(reply.status == 200)
            var samples: [String: Double] = [:]
            for line in reply.text.split(separator: "\n") where !line.hasPrefix("# ") {
                let space = try #require(line.lastIndex(of: " "))
                let value = try #require(Double(line[line.index(after: space)...]))
                #expect(samples.updateValue(value, forKey: String(line[..<space])) == nil, "\(line) occurs twice")
            }
            return samples
        }

        @Test("a subscriber gets all events, goes on after the last one when the engine is killed, and sees the end")
        func subscribe() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("orders", Self.configuration, source: Self.source).check()
                try await Self.begin(f, "one")
                let token = try await f.createToken()
                let url = "http://127.0.0.1:\(try f.engine().controlPort)\(Self.path)"
                let words = ["-s", "-N", "-H", "Accept: text/event-stream", "-H", "Authorization: Bearer \(token)"]
                let follow = try f.start(#require(FlareFixture.find("curl")), words + [url])
                // It gets what has been and then waits; its connection is cut.
                try await waitUntil("a subscriber follows") {
                    try Self.events(in: follow.outputSoFar()).contains { $0.type == "wait_started" }
                }
                try await f.killEngine()
                let first = try Self.events(in: try await follow.result().stdout)
                #expect(first.map(\.type).contains("sleep_completed"))
                #expect(!first.map(\.type).contains("workflow_completed"))

                try await f.startEngine()
                let cursor = first.last?.id ?? 0
                let rest = Task { try await Self.events(f, token, cursor: cursor) }
                try await Self.send(f, "one", "{}")
                let second = try await rest.value
                #expect(second.last?.type == "workflow_completed")
                #expect(second.allSatisfy { $0.id > cursor })

                let whole = try await Self.events(f, token)
                #expect(whole.map(\.id) == (first + second).map(\.id))
                #expect(whole.first?.type == "workflow_queued")
                #expect(whole.filter { $0.type == "workflow_started" }.count == 1)
                #expect(whole.first { $0.type == "workflow_started" }?.body["params"] == .null)
                let failed = whole.first { $0.type == "attempt_errored" }?.body
                #expect(failed?["stepName"]?.stringValue == "say \"hi\"-1")
                #expect(failed?["retryDelayMs"]?.integerValue == 10)
                #expect(failed?["error"]?["message"]?.stringValue == "not yet")
                let done = whole.first { $0.type == "step_completed" }?.body
                #expect(done?["output"]?["greeting"]?.stringValue == "hi")
                #expect(whole.last?.body["output"]?.stringValue == "done")
                let types = try await Self.events(f, token, query: "?type=sleep_started,wait_started").map(\.type)
                #expect(types == ["sleep_started", "wait_started"])
            }
        }

        private struct Event {
            var id: Int
            var type: String
            var body: JSONValue
        }

        @Test("an answer after which the connection closes says so, whether it is one, an error or a stream")
        func endings() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("orders", Self.configuration, source: Self.source).check()
                try await Self.begin(f, "one")
                let token = try await f.createToken()
                let one = "/flare/v1/workflows/orders/instances/one"
                for (path, status) in [
                    (one + "/wait?timeout=0", 200), (one + "1/wait?timeout=0", 404), (one + "/logs?follow=true", 200),
                ] {
                    if path.contains("follow") {
                        try await f.run("workflows", "terminate", "orders", "one", "--yes").check()
                    }
                    // Without a word about the connection, which HTTP/1.1 keeps open then.
                    let head = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
                    let reply = try await exchange(Array(head.utf8), port: f.engine().controlPort)
                    let text = String(decoding: reply, as: UTF8.self)
                    #expect(text.hasPrefix("HTTP/1.1 \(status)"), "\(path)")
                    #expect(text.lowercased().contains("\r\nconnection: close\r\n"), "\(path)")
                }
            }
        }

        /// Reads events until the engine ends the answer, or itself; each whole one.
        private static func events(
            _ f: FlareFixture,
            _ token: String,
            cursor: Int? = nil,
            query: String = ""
        ) async throws -> [Event] {
            let resume = cursor.map { "Last-Event-ID: \($0)\r\n" } ?? ""
            let head = """
                GET \(path)\(query) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/event-stream\r
                Authorization: Bearer \(token)\r\n\(resume)\r\n
                """
            let reply = try await exchange(Array(head.utf8), port: f.engine().controlPort)
            let text = String(decoding: reply, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 200") && text.lowercased().contains("text/event-stream"))
            return try events(in: text)
        }

        private static let path = "/client/v4/accounts/a/workflows/orders/instances/one/subscribe"

        private static func events(in text: String) throws -> [Event] {
            var id = 0
            var type = ""
            return try text.split(whereSeparator: \.isNewline).compactMap { line in
                if line.hasPrefix("id: ") { id = Int(line.dropFirst(4)) ?? -1 }
                if line.hasPrefix("event: ") { type = String(line.dropFirst(7)) }
                guard line.hasPrefix("data: ") else { return nil }
                return Event(id: id, type: type, body: try JSONValue(json: line.dropFirst(6).utf8))
            }
        }

        @Test("followers see the end over a kill of the engine, and their exit status is that of the end")
        func follows() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("orders", Self.configuration, source: Self.source).check()
                try await Self.begin(f, "one")
                let status = try f.start("flare", ["workflows", "status", "orders", "--follow"])
                let json = try f.start("flare", ["workflows", "status", "orders", "one", "--follow", "--json"])
                let logs = try f.start("flare", ["workflows", "logs", "orders", "latest", "--follow"])
                let wait = try f.start("flare", ["workflows", "wait", "orders", "one"])
                let goal = try f.start("flare", ["workflows", "wait", "orders", "one", "--for", "step=sign"])
                for follower in [status, json, logs] {
                    try await waitUntil("a follower waits") { try follower.outputSoFar().contains("wait_started") }
                }
                try await f.killEngine()
                try await Self.begin(f, "two")
                try await Self.send(f, "one", #"{"fails":true}"#)
                let ends = [try await status.result(), try await json.result(), try await logs.result()]
                #expect(ends.map(\.status) == [1, 1, 0])
                for end in ends {
                    #expect(end.stdout.contains("workflow_errored"))
                    #expect(!end.stdout.contains("\u{1B}"))
                    // No line came twice, nor from the newer instance.
                    #expect(Set(end.lines).count == end.lines.count)
                    #expect(end.lines.filter { $0.contains("wait_started") }.count == 1)
                }
                for line in ends[1].lines { _ = try JSONValue(json: line.utf8) }
                #expect(try await wait.result().status == 1)
                #expect(try await goal.result().status == 0)

                try await Self.send(f, "two", "{}")
                #expect(try await f.run("workflows", "status", "orders", "--follow").status == 0)
                let never = try await f.run("workflows", "wait", "orders", "--for", "paused")
                #expect(never.status == 1)
                #expect(never.stderr.contains("is complete and will not be paused"))
                let misspelt = try await f.run("workflows", "wait", "orders", "--for", "step=nab")
                #expect(misspelt.status == 1)
                #expect(misspelt.stderr.contains("has ended no step \"nab\". Did you mean \"nap\"?"))
                #expect(try await f.run("workflows", "wait", "orders", "--for", "done").status == 64)
                // As the table of a replay writes it.
                #expect(try await f.run("workflows", "wait", "orders", "--for", "step=nap#1").status == 0)
                let numbered = try await f.run("workflows", "logs", "orders", "--step", "nap#1").check()
                #expect(numbered.stdout.contains("nap-1") && numbered.stderr.isEmpty)
                let debug = try await f.run("workflows", "logs", "orders", "--step", "say \"hi\"").check()
                #expect(debug.lines.contains { $0.contains("debug") && $0.contains("attempt 2") })
                for words in [[], ["--follow"]] {
                    let nab = ["workflows", "logs", "orders", "--step", "nab"] + words
                    let none = try await f.run("flare", nab).check()
                    #expect(none.stdout.isEmpty)
                    #expect(none.stderr.contains("has no step \"nab\". Did you mean \"nap\"?"))
                }
                let errors = try await f.run("workflows", "logs", "orders", "--level", "error").check()
                #expect(errors.lines.count == 1 && errors.stdout.contains("attempt_errored"))
                #expect(try await f.run("workflows", "logs", "orders", "--since", "soon").status == 64)
            }
        }
    }
}

import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("queues")
    struct QueuesTests {
        @Test("a Worker's queue handler gets the messages; what it asks to retry comes again")
        func worker() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("buckets", "create", "receipts").check()
                try await f.deploy(
                    "clerk",
                    """
                    "r2_buckets": [{ "binding": "RECEIPTS", "bucket_name": "receipts" }],
                    "queues": { "consumers": [{ "queue": "orders", "max_batch_size": 2, "max_batch_timeout": 1 }] }
                    """,
                    source: """
                        export default {
                          async queue(batch, env) {
                            for (const message of batch.messages) {
                              if (message.body.shy && message.attempts === 1) {
                                message.retry();
                              } else {
                                const { backlogCount, oldestMessageTimestamp } = batch.metadata.metrics;
                                const metered = backlogCount >= batch.messages.length
                                  && oldestMessageTimestamp instanceof Date;
                                const receipt = { queue: batch.queue, attempts: message.attempts, metered };
                                await env.RECEIPTS.put(`order-${message.body.n}`, JSON.stringify(receipt));
                              }
                            }
                          },
                        };

                        """
                ).check()
                try await f.run("queues", "send", "orders", #"{"n":1}"#).check()
                try await f.run("queues", "send", "orders", #"{"n":2,"shy":true}"#).check()
                try await f.run("queues", "send", "orders", #"{"n":3}"#).check()
                try await waitUntil("all orders have their receipts") {
                    try await f.keys(of: "receipts") == ["order-1", "order-2", "order-3"]
                }
                let receipts = try await f.records(of: "receipts")
                #expect(receipts.compactMap { $0["attempts"]?.integerValue } == [1, 2, 1])
                #expect(receipts.allSatisfy { $0["queue"]?.stringValue == "orders" })
                #expect(receipts.allSatisfy { $0["metered"]?.boolValue == true })
                try await waitUntil("the queue is empty") { try await f.backlog(of: "orders") == 0 }
            }
        }

        @Test("a workflow directly on a queue gets each batch as one run")
        func workflow() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                for n in 1...3 { try await f.run("queues", "send", "orders", #"{"n":\#(n)}"#).check() }
                try await f.deploy(
                    "adder",
                    """
                    "workflows": [{ "binding": "ADD", "name": "add", "class_name": "Add" }],
                    "queues": {
                      "consumers": [
                        { "queue": "orders", "workflow": "add", "max_batch_size": 10, "max_batch_timeout": 1 }
                      ]
                    }
                    """,
                    source: """
                        import { WorkflowEntrypoint } from "cloudflare:workers";
                        export class Add extends WorkflowEntrypoint {
                          async run(event, step) {
                            return await step.do("add", async () =>
                              event.payload.messages.reduce((sum, message) => sum + message.n, 0));
                          }
                        }
                        export default {};

                        """
                ).check()
                try await eventually("a run has begun") {
                    try await f.run("workflows", "instances", "add", "--json").check().json().arrayValue?.first
                }
                let run = try await f.run("workflows", "wait", "add", "--json").check().json()
                #expect(run["output"]?.integerValue == 6)
                #expect(try await f.backlog(of: "orders") == 0)
                let instances = try await f.run("workflows", "instances", "add", "--json").check().json()
                #expect(instances.arrayValue?.count == 1)
            }
        }

        @Test("--exec runs a command on each message, and its exit status decides")
        func command() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "jobs").check()
                for body in ["good", "later", "bad"] { try await f.run("queues", "send", "jobs", body).check() }
                // Keeps what it was given, then ends with the status that the body asks for.
                let script = """
                    body=$(cat); echo "$body $FLARE_MESSAGE_ATTEMPTS $FLARE_QUEUE" >> \(f.directory)/seen
                    case $body in good) exit 0;; later) exit 75;; *) exit 3;; esac
                    """
                let result = try await f.run(
                    "queues",
                    "consume",
                    "jobs",
                    "--max",
                    "3",
                    "--exec",
                    script,
                    "--retry-after",
                    "1h"
                )
                #expect(result.status == 1)
                #expect(result.stderr.contains("3"))
                let seen = try await f.run("/bin/cat", [f.directory + "/seen"])
                #expect(seen.lines.sorted() == ["bad 1 jobs", "good 1 jobs", "later 1 jobs"])

                // The good one is gone; the bad one has one attempt behind it, the later one none.
                let left = try await f.run("queues", "peek", "jobs", "--json").check().json().arrayValue ?? []
                #expect(left.count == 2)
                #expect(left.compactMap { $0["attempts"]?.integerValue }.sorted() == [0, 1])
            }
        }

        @Test("peek and tail change nothing; consume takes, and --no-ack gives back")
        func looking() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "first").check()
                try await f.run("queues", "send", "orders", "-", input: #"{"n":2}"#).check()
                for _ in 0..<2 {
                    let peeked = try await f.run("queues", "peek", "orders", "--json").check().json().arrayValue
                    #expect(peeked?.map { $0["attempts"]?.integerValue } == [0, 0])
                    let tail = try await f.run("queues", "tail", "orders", "--no-follow").check()
                    #expect(tail.lines.count == 2)
                }
                let shown = try await f.run("queues", "consume", "orders", "--no-ack", "--visibility-timeout", "5s")
                    .check()
                #expect(shown.lines == ["first", #"{"n":2}"#])
                #expect(try await f.run("queues", "consume", "orders").check().stdout.isEmpty)
                let again = try await f.run("queues", "consume", "orders", "--follow", "--max", "2").check()
                #expect(again.lines.sorted() == ["first", #"{"n":2}"#])
                #expect(try await f.backlog(of: "orders") == 0)

                try await f.run("queues", "send", "orders", "third").check()
                try await f.run("queues", "purge", "orders", "--yes").check()
                #expect(try await f.backlog(of: "orders") == 0)
            }
        }

        @Test("a follower prints what is sent while it follows, and ends with 130 at Ctrl-C")
        func follow() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let follower = try f.start("flare", ["queues", "consume", "orders", "--follow"])
                try await f.run("queues", "send", "orders", "hello").check()
                try await waitUntil("the message is printed") { try follower.outputSoFar() == "hello\n" }
                follower.signal(2)
                #expect(try await follower.result().status == 130)
                #expect(try await f.backlog(of: "orders") == 0)
            }
        }
    }
}

extension FlareFixture {
    /// The messages of a queue that wait or are leased.
    func backlog(of queue: String) async throws -> Int? {
        try await run("queues", "info", queue, "--json").check().json()["backlog_count"]?.integerValue
    }
}

import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    /// S3 clients and queue clients, while the engine is killed under them.
    @Suite("objects, messages and kill -9")
    struct StoreKillTests {
        static let kills = 200

        @Test(
            "two hundred times, and each acknowledged put has its object and one message, and no message is lost",
            .timeLimit(.minutes(10)),
            .enabled(if: preparedPython != nil, noPython)
        )
        func killed() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                try await prepare(f)
                let key = try await f.run(
                    "buckets",
                    "keys",
                    "create",
                    "--name",
                    "chaos",
                    "--permission",
                    "write",
                    "--json"
                )
                .check().json()
                let stop = f.directory + "/stop"
                let client = try f.start(
                    python,
                    [
                        f.client("store_chaos.py"), "http://127.0.0.1:\(try #require(try f.engine().s3Port))",
                        key["id"]?.stringValue ?? "", key["secret"]?.stringValue ?? "",
                        "http://127.0.0.1:\(try f.engine().controlPort)/client/v4", try await f.createToken(), stop,
                    ]
                )
                for _ in 0..<Self.kills {
                    try await pause(atMost: .milliseconds(300))
                    try await f.killEngine()
                    try await f.startEngine()
                }
                try f.write("stop", "")
                let report = try await client.result(within: .seconds(240)).check().json()
                #expect(report["faults"] == .array([]), "\(report)")
                for count in ["puts", "uploads", "sends", "acks", "redriven"] {
                    #expect((report[count]?.integerValue ?? 0) > 0, "\(report)")
                }
            }
        }

        private func prepare(_ f: FlareFixture) async throws {
            for queue in ["events", "work", "dead"] { try await f.run("queues", "create", queue).check() }
            try await f.run("buckets", "create", "things").check()
            try await f.run(
                "buckets",
                "notify",
                "create",
                "things",
                "--queue",
                "events",
                "--event-type",
                "object-create"
            ).check()
            try await f.run(
                "queues",
                "consumers",
                "add",
                "work",
                "--pull",
                "--message-retries",
                "1",
                "--dead-letter-queue",
                "dead"
            ).check()
        }
    }
}

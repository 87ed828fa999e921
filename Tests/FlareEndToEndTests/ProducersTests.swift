import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    /// Clients that number what they send, while the engine is killed under them.
    @Suite("producers and kill -9")
    struct ProducersTests {
        static let codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
        /// Of each client with each codec.
        static let count = 100_000
        static let kills = 5

        @Test(
            "what Kafka clients send with every codec is there exactly once",
            .enabled(if: preparedPython != nil, noPython),
            .enabled(if: kcat != nil, "kcat is not installed")
        )
        func kafka() async throws {
            let (python, kcat) = (try #require(preparedPython), try #require(kcat))
            try await FlareFixture.with { f in
                try await create(f)
                let address = "127.0.0.1:\(try f.engine().kafkaPort)"
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in ["kafka-python", "confluent"] {
                        group.addTask {
                            for codec in Self.codecs {
                                try await f.run(
                                    python,
                                    [
                                        f.client("kafka_produce.py"), address, "orders", client, codec, "\(Self.count)",
                                        "0", "--seconds", "300",
                                    ],
                                    within: .seconds(320)
                                ).check()
                            }
                        }
                    }
                    group.addTask {
                        for codec in Self.codecs { try await Self.produce(f, kcat, address, codec) }
                    }
                    let clients = 3
                    group.addTask { try await Self.kill(f, records: clients * Self.codecs.count * Self.count) }
                    try await group.waitForAll()
                }
                let expected = ["kafka-python", "confluent", "kcat"].flatMap { client in
                    Self.codecs.flatMap { codec in (0..<Self.count).map { "\(client)-\(codec)-\($0)" } }
                }
                try await check(f, expected)
            }
        }

        @Test(
            "what a named WebSocket producer sends is there exactly once",
            .enabled(if: preparedPython != nil, noPython)
        )
        func webSocket() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                try await create(f)
                let url = "ws://127.0.0.1:\(try f.engine().ingestPort)/orders"
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let script = f.client("websocket_send.py")
                        let arguments = [
                            script, url, "\(Self.count)", "socket", "--producer", "till-1", "--seconds", "200",
                        ]
                        try await f.run(python, arguments, within: .seconds(220)).check()
                    }
                    group.addTask { try await Self.kill(f, records: Self.count) }
                    try await group.waitForAll()
                }
                try await check(f, (0..<Self.count).map { "socket-\($0)" })
            }
        }

        private func create(_ f: FlareFixture) async throws {
            try await f.run(
                "pipelines",
                "create",
                "orders",
                "--destination-bucket=orders",
                "--batch-timeout-secs=2",
                "--batch-max-rows=5000"
            ).check()
        }

        private static func produce(_ f: FlareFixture, _ kcat: String, _ address: String, _ codec: String) async throws
        {
            let lines = (0..<count).map { #"{"id":"kcat-\#(codec)-\#($0)","text":"an order of some length"}"# }
            let file = try f.write("kcat-\(codec).ndjson", lines.joined(separator: "\n") + "\n")
            // -E: a broker that is away for a moment is no reason for kcat to give up.
            let arguments = [
                "-E", "-P", "-b", address, "-t", "orders", "-z", codec, "-X", "enable.idempotence=true", "-X",
                "message.timeout.ms=300000", "-X", "reconnect.backoff.max.ms=500", "-l", file,
            ]
            try await f.run(kcat, arguments, within: .seconds(320)).check()
        }

        /// Kills the engine each time that a part more of the records has been taken, and starts it again.
        private static func kill(_ f: FlareFixture, records: Int) async throws {
            for number in 1...kills {
                let goal = records * number / (kills + 1)
                try await waitUntil("\(goal) records are taken", within: .seconds(240)) {
                    let shown = try await f.run("pipelines", "get", "orders", "--json").check().json()
                    return (shown["progress"]?["end_offset"]?.integerValue ?? 0) >= goal
                }
                try await f.killEngine()
                try await f.startEngine()
            }
        }

        /// Every id is in the bucket once, and no other is.
        private func check(_ f: FlareFixture, _ expected: [String]) async throws {
            try await f.run("pipelines", "flush", "orders").check()
            var ids: [String] = []
            for key in try await f.keys(of: "orders") {
                let text = try await f.run("buckets", "objects", "get", "orders", key).check().stdout
                ids += text.split(separator: "\n").map { line in
                    // {"id":"…", or with a space behind the colon.
                    String(line.split(separator: "\"", maxSplits: 4)[3])
                }
            }
            #expect(ids.count == expected.count)
            let missing = Set(expected).subtracting(ids)
            #expect(missing.isEmpty, "\(missing.count) records are missing, such as \(missing.prefix(3))")
            #expect(Set(ids).isSubset(of: Set(expected)))
        }
    }
}

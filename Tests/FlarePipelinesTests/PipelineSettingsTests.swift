import FlareModel
import Testing

@testable import FlarePipelines

@Suite("settings of a pipeline")
struct PipelineSettingsTests {
    private static let schema = try? RecordSchema(fields: [SchemaField(name: "a", type: .scalar(.int64))])

    private func settings(_ body: PipelineSettingsBody = .init()) throws -> PipelineSettings {
        try PipelineSettings(PipelineCreateBody(name: "orders", destinationBucket: "data", settings: body))
    }

    @Test("what is left out gets its default, and is shown")
    func defaults() throws {
        let settings = try settings()
        #expect(
            settings.body
                == PipelineSettingsBody(
                    prefix: "",
                    partitionBy: "",
                    format: .ndjson,
                    compression: PipelineCompression.none,
                    batch: .init(
                        maxBytes: Limits.batchBytesDefault,
                        maxDurationSeconds: Limits.batchSecondsDefault,
                        maxRows: Limits.batchRowsDefault
                    ),
                    concurrency: 0,
                    corsOrigins: [],
                    requiresHTTPAuth: false,
                    keepsKafkaMetadata: false
                )
        )
        #expect(settings.concurrency == Limits.pipelineCommitBatchesMax)
        #expect(try self.settings(.init(transform: "worker")).concurrency == Limits.pipelineConcurrencyAutomatic)
        #expect(try self.settings(.init(concurrency: 2)).concurrency == 2)
        #expect(settings.transform == nil && settings.jsonKey == nil)
        #expect(settings.rules.age == .seconds(Limits.batchSecondsDefault))
        #expect(settings.ingestRules.schema == nil && !settings.ingestRules.requiresToken)
        #expect(try self.settings(.init(format: .parquet)).compression == .zstd)
        #expect(try self.settings(.init(format: .json)).compression == .none)
    }

    @Test("what is not named in a change stays")
    func unchanged() throws {
        let all = PipelineSettingsBody(
            batchOnJSONKey: ".a",
            prefix: "raw",
            partitionBy: "day",
            format: .json,
            compression: .zstd,
            compressionLevel: 7,
            batch: .init(maxBytes: 1, maxDurationSeconds: 2, maxRows: 3),
            schema: Self.schema,
            transform: "worker.Class",
            concurrency: 5,
            maxLatencyMilliseconds: 100,
            corsOrigins: ["https://a.example"],
            requiresHTTPAuth: true,
            keepsKafkaMetadata: true
        )
        let settings = try settings(all)
        #expect(settings.body == all)
        #expect(settings.rules.age == .milliseconds(100))
        #expect(settings.transform?.worker == "worker" && settings.transform?.entrypoint == "Class")
        #expect(settings.ingestRules.schema != nil && settings.ingestRules.requiresToken)
        #expect(try settings.changed(by: PipelineUpdateBody()) == settings)
        let moved = try settings.changed(by: PipelineUpdateBody(destinationBucket: "other"))
        #expect(moved.bucket == "other" && moved.body == all)
        let rows = try settings.changed(by: PipelineUpdateBody(settings: .init(batch: .init(maxRows: 9))))
        #expect(rows.body.batch == .init(maxBytes: 1, maxDurationSeconds: 2, maxRows: 9))
    }

    @Test("an empty text, an empty list and a latency of 0 clear")
    func clearing() throws {
        let full = try settings(
            .init(
                batchOnJSONKey: ".a",
                prefix: "raw",
                partitionBy: "day",
                transform: "worker",
                maxLatencyMilliseconds: 100,
                corsOrigins: ["*"]
            )
        )
        let cleared = try full.changed(
            by: PipelineUpdateBody(
                settings: .init(
                    batchOnJSONKey: "",
                    prefix: "",
                    partitionBy: "",
                    transform: "",
                    maxLatencyMilliseconds: 0,
                    corsOrigins: []
                )
            )
        )
        #expect(try cleared == settings())
    }

    @Test("a format brings its own compression, a compression its own level, unless they are named")
    func format() throws {
        func after(_ start: PipelineSettingsBody, _ change: PipelineSettingsBody) throws -> String {
            let changed = try settings(start).changed(by: PipelineUpdateBody(settings: change)).body
            return [changed.format?.rawValue, changed.compression?.rawValue, changed.compressionLevel.map(String.init)]
                .compactMap { $0 }.joined(separator: " ")
        }
        let gzip = PipelineSettingsBody(compression: .gzip, compressionLevel: 9)
        #expect(try after(gzip, .init(format: .parquet)) == "parquet zstd")
        #expect(try after(gzip, .init(format: .ndjson)) == "ndjson gzip 9")
        #expect(try after(gzip, .init(format: .json, compression: .gzip)) == "json gzip")
        #expect(try after(gzip, .init(compression: .zstd)) == "ndjson zstd")
        #expect(try after(gzip, .init(compression: .zstd, compressionLevel: 19)) == "ndjson zstd 19")
        #expect(try after(gzip, .init(compressionLevel: 2)) == "ndjson gzip 2")
        let snappy = PipelineSettingsBody(format: .parquet, compression: .snappy)
        #expect(try after(snappy, .init(format: .ndjson)) == "ndjson none")
        #expect(try after(snappy, .init(compression: .zstd, compressionLevel: 3)) == "parquet zstd 3")
    }

    @Test(
        "what cannot be is refused, in a new pipeline and in a change",
        arguments: [
            PipelineSettingsBody(batchOnJSONKey: ".a["), .init(prefix: "/x"),
            .init(prefix: String(repeating: "x", count: Limits.pipelinePrefixBytesMax + 1)),
            .init(partitionBy: "week"), .init(partitionBy: ".a,.b,.c,.d,.e"),
            .init(format: .ndjson, compression: .snappy), .init(format: .json, compression: .snappy),
            .init(compressionLevel: 1), .init(format: .parquet, compression: .snappy, compressionLevel: 1),
            .init(compression: .gzip, compressionLevel: 0), .init(compression: .gzip, compressionLevel: 10),
            .init(compression: .zstd, compressionLevel: 20), .init(compression: .zstd, compressionLevel: -1),
            .init(batch: .init(maxBytes: 0)), .init(batch: .init(maxBytes: 100_000_001)),
            .init(batch: .init(maxDurationSeconds: 0)), .init(batch: .init(maxDurationSeconds: 3_601)),
            .init(batch: .init(maxRows: 0)), .init(batch: .init(maxRows: 10_000_001)),
            .init(transform: "worker."), .init(transform: "Not A Worker"), .init(transform: ".Class"),
            .init(transform: "worker." + String(repeating: "x", count: 256)),
            .init(concurrency: -1), .init(concurrency: Limits.pipelineConcurrencyMax + 1),
            .init(maxLatencyMilliseconds: 9), .init(maxLatencyMilliseconds: 3_600_001),
            .init(corsOrigins: ["shop.example"]), .init(corsOrigins: ["https://"]),
            .init(corsOrigins: ["https://shop.example/"]), .init(corsOrigins: ["*", "https://shop.example"]),
            .init(corsOrigins: (0...Limits.corsOriginsMax).map { "https://\($0).example" }),
        ]
    )
    func invalid(body: PipelineSettingsBody) throws {
        let valid: Set<FlareError.Code> = [.invalidArgument, .invalidName]
        let created = #expect(throws: FlareError.self) { try settings(body) }
        #expect(created.map { valid.contains($0.code) } == true)
        let fresh = try settings()
        let changed = #expect(throws: FlareError.self) { try fresh.changed(by: PipelineUpdateBody(settings: body)) }
        #expect(changed.map { valid.contains($0.code) } == true)
    }

    @Test("a level that the new compression does not have is refused in a change")
    func level() throws {
        let zstd = try settings(.init(compression: .zstd, compressionLevel: 19))
        #expect(throws: FlareError.self) {
            try zstd.changed(by: PipelineUpdateBody(settings: .init(compression: .gzip, compressionLevel: 19)))
        }
        let none = PipelineSettingsBody(compression: PipelineCompression.none, compressionLevel: 19)
        #expect(throws: FlareError.self) { try zstd.changed(by: PipelineUpdateBody(settings: none)) }
    }

    @Test("are read back from their row as they were")
    func roundTrip() async throws {
        try await PipelinesFixture.with { f in
            let first = try await f.start()
            let body = PipelineSettingsBody(
                batchOnJSONKey: ".a.\"b c\"",
                prefix: "raw/ü",
                partitionBy: ".c,dt=%Y%m%d",
                format: .parquet,
                compression: .gzip,
                compressionLevel: 3,
                schema: Self.schema,
                transform: "worker",
                maxLatencyMilliseconds: 10,
                corsOrigins: ["*"],
                requiresHTTPAuth: true
            )
            let create = PipelineCreateBody(name: "orders", destinationBucket: "data", settings: body)
            let created = try await first.pipelines.create(create)
            try await first.crash()
            let second = try await f.start()
            #expect(try second.pipelines.get("orders").record == created)
            try await second.crash()
        }
    }
}

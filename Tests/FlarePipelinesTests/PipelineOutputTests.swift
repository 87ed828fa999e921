import CFlareSystem
import FlareBuckets
import FlareModel
import FlareStore
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("objects of pipelines")
struct PipelineOutputTests {
    /// What objects are asked to be, and what they must say of themselves.
    struct Form: Sendable, CustomTestStringConvertible {
        let format: PipelineFormat
        let compression: PipelineCompression
        let suffix: String
        let contentType: String

        init(_ format: PipelineFormat, _ compression: PipelineCompression, _ suffix: String, _ contentType: String) {
            self.format = format
            self.compression = compression
            self.suffix = suffix
            self.contentType = contentType
        }

        var testDescription: String { "\(format.rawValue) \(compression.rawValue)" }
    }

    static let forms = [
        Form(.ndjson, .none, "ndjson", "application/x-ndjson"),
        Form(.ndjson, .gzip, "ndjson.gz", "application/gzip"),
        Form(.ndjson, .zstd, "ndjson.zst", "application/zstd"),
        Form(.json, .none, "json", "application/json"),
        Form(.json, .gzip, "json.gz", "application/gzip"),
        Form(.json, .zstd, "json.zst", "application/zstd"),
        Form(.parquet, .none, "parquet", "application/vnd.apache.parquet"),
        Form(.parquet, .gzip, "parquet", "application/vnd.apache.parquet"),
        Form(.parquet, .zstd, "parquet", "application/vnd.apache.parquet"),
        Form(.parquet, .snappy, "parquet", "application/vnd.apache.parquet"),
    ]

    /// The text of an object, its compression undone.
    private func plain(_ bytes: ByteBuffer, _ form: Form) throws -> String {
        if form.compression == .none { return String(buffer: bytes) }
        let kind = form.compression == .gzip ? FLARE_INFLATE_GZIP : FLARE_INFLATE_ZSTD
        let state = try #require(flare_inflate_begin(Int32(kind)))
        defer { flare_inflate_end(state) }
        let capacity = 65_536
        var text = [UInt8](repeating: 0, count: capacity)
        let count = bytes.withUnsafeReadableBytes { input in
            text.withUnsafeMutableBytes { output in
                var (taken, written) = (0, 0)
                guard let room = output.baseAddress else { return 0 }
                _ = flare_inflate_push(state, input.baseAddress, input.count, &taken, room, capacity, &written)
                return written
            }
        }
        #expect(flare_inflate_is_whole(state) == 1)
        return String(decoding: text.prefix(count), as: UTF8.self)
    }

    @Test("are in the form that was asked for, and say so", arguments: forms)
    func form(form: Form) async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.pipelines.create(
                PipelineCreateBody(
                    name: "orders",
                    destinationBucket: "data",
                    settings: .init(format: form.format, compression: form.compression)
                )
            )
            try await life.send("{\"before\":true}")
            try await life.pipelines.flush("orders")
            try await life.send("[{\"n\":1},\n{\"n\":\n2},{\"n\":3}]")
            try await life.pipelines.flush("orders")
            let keys = try await life.keys()
            #expect(keys.count == 2 && keys.allSatisfy { $0.hasSuffix("." + form.suffix) })
            var found = false
            for key in keys {
                let object = try #require(try await life.buckets.head(key, in: "data"))
                #expect(object.metadata.http.contentType == form.contentType)
                #expect(object.metadata.custom["pipeline"] == "orders")
                guard object.metadata.custom["first-offset"] == "1" else { continue }
                found = true
                #expect(object.metadata.custom["records"] == "3")
                let bytes = try await life.buckets.bytes(key, in: "data")
                switch form.format {
                case .ndjson: #expect(try plain(bytes, form) == "{\"n\":1}\n{\"n\": 2}\n{\"n\":3}\n")
                case .json: #expect(try plain(bytes, form) == "[{\"n\":1},\n{\"n\": 2},\n{\"n\":3}]\n")
                case .parquet:
                    #expect(bytes.readableBytesView.starts(with: "PAR1".utf8))
                    #expect(Array(bytes.readableBytesView.suffix(4)) == Array("PAR1".utf8))
                }
            }
            #expect(found)
            try await life.crash()
        }
    }

    @Test("lie where the layout says, one for each value, and records are found again")
    func layout() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.pipelines.create(
                PipelineCreateBody(
                    name: "orders",
                    destinationBucket: "data",
                    settings: .init(prefix: "raw", partitionBy: ".shop,month,.user.city")
                )
            )
            try await life.send(
                """
                [{"shop":"a","user":{"city":"x/y"},"n":1},{"shop":"a","user":{"city":"z"},"n":2},
                {"shop":"a","user":{"city":"x/y"},"n":3},{"n":4}]
                """
            )
            try await life.pipelines.flush("orders")
            let folders = try await life.keys().map { $0.split(separator: "/").dropLast().joined(separator: "/") }
            #expect(
                folders.sorted() == [
                    "raw/shop=__none__/year=2023/month=11/user.city=__none__",
                    "raw/shop=a/year=2023/month=11/user.city=x%2Fy", "raw/shop=a/year=2023/month=11/user.city=z",
                ]
            )
            #expect(try await life.numbers().sorted() == [1, 2, 3, 4])
            try await life.crash()
        }
    }

    @Test("a bucket is not deleted under a pipeline, and who tries hears why")
    func bucketInUse() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let error = await #expect(throws: FlareError.self) { try await life.buckets.delete("data") }
            #expect(error?.code == .inUse)
            #expect(error?.message == "bucket \"data\" is the destination of a pipeline")
            #expect(error?.hint == "see: flare pipelines list")
            try await life.send("{\"n\":1}")
            try await life.pipelines.flush("orders")
            #expect(await code { try await life.buckets.delete("data") } == .bucketNotEmpty)
            try await life.pipelines.update("orders", PipelineUpdateBody(destinationBucket: "other"))
            _ = try await life.buckets.delete(try await life.keys(), in: "data")
            try await life.buckets.delete("data")
            try await life.crash()
        }
    }

    @Test("with a key of its own for each record, only so many batches are open, and each record is written")
    func manyKeys() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let count = 3_000
            for start in stride(from: 0, to: count, by: 1_000) {
                let records = (start..<start + 1_000).map { "{\"shop\":\($0),\"n\":\($0)}" }
                try await life.send("[" + records.joined(separator: ",") + "]")
            }
            async let flushed: Void = life.pipelines.flush("orders")
            var most = 0
            try await life.until("all is written") {
                let progress = try life.pipelines.get("orders").progress
                most = max(most, progress.openBatches)
                return progress.flushedOffset == count
            }
            try await flushed
            #expect(most <= 2 * (Limits.pipelineOpenBatchesMax + Limits.pipelinePendingBatchesMax))
            #expect(try await life.buckets.get("data").objectCount == count)
            #expect(try life.pipelines.get("orders").progress.unflushedBytes == 0)
            try await life.crash()
        }
    }
}

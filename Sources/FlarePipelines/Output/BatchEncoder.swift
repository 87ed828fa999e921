import CFlareSystem
import FlareBuckets
import FlareModel
import NIOCore

/// Turns the lines of a batch into the bytes of its object.
struct BatchEncoder: Sendable {
    private let format: PipelineFormat
    private let compression: PipelineCompression
    private let level: Int
    private let schema: RecordSchema?

    /// zstd 1 is faster than gzip 1 and smaller than gzip 6; gzip is there for readers that know nothing else.
    private static let levelDefault = 1

    /// - Parameter format: another format than the pipeline's own, with that format's own compression.
    init(_ settings: PipelineSettings, format: PipelineFormat?) {
        self.format = format ?? settings.format
        let isOwn = format == nil || format == settings.format
        compression = isOwn ? settings.compression : self.format.defaultCompression
        level = isOwn ? settings.body.compressionLevel ?? Self.levelDefault : Self.levelDefault
        // What a transform makes need not look like what came in.
        schema = settings.transform == nil ? settings.body.schema : nil
    }

    /// What the names of the objects end with.
    var suffix: String { format == .parquet ? "parquet" : format.rawValue + compression.suffix }

    /// Throws `internalError` when the library fails, which it does only for lack of memory.
    func encode(_ lines: ByteBuffer) throws -> ByteBuffer {
        switch format {
        case .ndjson: try compress(lines)
        case .json: try compress(Self.array(lines))
        case .parquet:
            try ParquetEncoder.encode(lines: lines, schema: schema, compression: parquetCompression, level: level)
        }
    }

    /// What the object says about itself: its type, and where its records come from.
    func metadata(pipeline: String, recordCount: Int, firstOffset: Int64) -> ObjectMetadata {
        let contentType =
            switch (format, compression) {
            case (.parquet, _): "application/vnd.apache.parquet"
            case (_, .gzip): "application/gzip"
            case (_, .zstd): "application/zstd"
            case (.json, _): "application/json"
            case (.ndjson, _): "application/x-ndjson"
            }
        return ObjectMetadata(
            http: HTTPMetadata(contentType: contentType),
            custom: ["pipeline": pipeline, "records": "\(recordCount)", "first-offset": "\(firstOffset)"]
        )
    }

    private var parquetCompression: ParquetCompression {
        switch compression {
        case .none: .none
        case .gzip: .gzip
        case .zstd: .zstd
        case .snappy: .snappy
        }
    }

    /// One JSON array, still a record a line.
    private static func array(_ lines: ByteBuffer) -> ByteBuffer {
        var result = ByteBufferAllocator().buffer(capacity: lines.readableBytes * 9 / 8 + 8)
        result.writeInteger(UInt8(ascii: "["))
        var rest = lines
        var isFirst = true
        while let end = rest.readableBytesView.firstIndex(of: 0x0A),
            let line = rest.readSlice(length: end - rest.readerIndex)
        {
            rest.moveReaderIndex(forwardBy: 1)
            if !isFirst { result.writeStaticString(",\n") }
            isFirst = false
            result.writeImmutableBuffer(line)
        }
        result.writeStaticString("]\n")
        return result
    }

    private func compress(_ bytes: ByteBuffer) throws -> ByteBuffer {
        switch compression {
        case .none, .snappy: bytes
        case .gzip: try compress(bytes, capacity: flare_gzip_bound(bytes.readableBytes), with: flare_gzip_compress)
        case .zstd: try compress(bytes, capacity: flare_zstd_bound(bytes.readableBytes), with: flare_zstd_compress)
        }
    }

    private func compress(
        _ lines: ByteBuffer,
        capacity: Int,
        with function: (UnsafeRawPointer?, Int, UnsafeMutableRawPointer, Int, Int32) -> Int
    ) throws -> ByteBuffer {
        var result = ByteBufferAllocator().buffer(capacity: capacity)
        let written = result.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { destination in
            lines.withUnsafeReadableBytes { source in
                guard let base = destination.baseAddress else { return 0 }
                return function(source.baseAddress, source.count, base, destination.count, Int32(level))
            }
        }
        guard written > 0 else { throw FlareError(.internalError, "a batch could not be compressed") }
        return result
    }
}

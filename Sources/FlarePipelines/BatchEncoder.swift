import CFlareSystem
import FlareBuckets
import FlareModel
import NIOCore

/// Turns the lines of a batch into the bytes of its object.
enum BatchEncoder {
    /// zstd 1 is faster than gzip 1 and smaller than gzip 6; gzip is there for readers that know nothing else.
    private static let level: Int32 = 1

    /// Throws `internalError` when the library fails, which it does only for lack of memory.
    static func encode(_ lines: ByteBuffer, compression: PipelineCompression) throws -> ByteBuffer {
        switch compression {
        case .none: lines
        case .gzip: try compress(lines, capacity: flare_gzip_bound(lines.readableBytes), with: flare_gzip_compress)
        case .zstd: try compress(lines, capacity: flare_zstd_bound(lines.readableBytes), with: flare_zstd_compress)
        }
    }

    /// What the object says about itself: its type, and where its records come from.
    static func metadata(of batch: Batcher.Batch, in record: PipelineRecord) -> ObjectMetadata {
        let contentType =
            switch record.settings.compression {
            case .none: "application/x-ndjson"
            case .gzip: "application/gzip"
            case .zstd: "application/zstd"
            }
        return ObjectMetadata(
            http: HTTPMetadata(contentType: contentType),
            custom: [
                "pipeline": record.name, "records": "\(batch.rows)", "first-offset": "\(batch.firstOffset)",
            ]
        )
    }

    private static func compress(
        _ lines: ByteBuffer,
        capacity: Int,
        with function: (UnsafeRawPointer?, Int, UnsafeMutableRawPointer, Int, Int32) -> Int
    ) throws -> ByteBuffer {
        var result = ByteBufferAllocator().buffer(capacity: capacity)
        let written = result.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { destination in
            lines.withUnsafeReadableBytes { source in
                guard let base = destination.baseAddress else { return 0 }
                return function(source.baseAddress, source.count, base, destination.count, level)
            }
        }
        guard written > 0 else { throw FlareError(.internalError, "a batch could not be compressed") }
        return result
    }
}

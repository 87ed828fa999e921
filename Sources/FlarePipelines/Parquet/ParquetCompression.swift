import CFlareSystem
import FlareModel

/// How the pages of a Parquet file are compressed.
enum ParquetCompression: Sendable, CaseIterable {
    case none, snappy, gzip, zstd

    /// The number of CompressionCodec in the format.
    ///
    /// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
    var codec: Int32 {
        switch self {
        case .none: 0
        case .snappy: 1
        case .gzip: 2
        case .zstd: 6
        }
    }

    /// Throws `internalError` when the library fails, which it does only for lack of memory.
    func compress(_ page: [UInt8], level: Int) throws -> [UInt8] {
        let result: [UInt8] =
            switch self {
            case .none: page
            case .snappy: Self.compress(page, flare_snappy_bound(page.count)) { flare_snappy_compress($0, $1, $2, $3) }
            case .gzip:
                Self.compress(page, flare_gzip_bound(page.count)) { flare_gzip_compress($0, $1, $2, $3, Int32(level)) }
            case .zstd:
                Self.compress(page, flare_zstd_bound(page.count)) { flare_zstd_compress($0, $1, $2, $3, Int32(level)) }
            }
        guard !result.isEmpty || page.isEmpty else {
            throw FlareError(.internalError, "a page of a Parquet file could not be compressed")
        }
        return result
    }

    private static func compress(
        _ page: [UInt8],
        _ capacity: Int,
        with function: (UnsafeRawPointer?, Int, UnsafeMutableRawPointer, Int) -> Int
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: capacity) { destination, count in
            guard let base = destination.baseAddress else { return }
            count = page.withUnsafeBytes { function($0.baseAddress, $0.count, base, destination.count) }
        }
    }
}

import CFlareSystem

/// How the records of a batch are compressed: the lowest three bits of its attributes.
enum KafkaCodec: Int16 {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4

    init(attributes: Int16) throws(KafkaFault) {
        guard let codec = KafkaCodec(rawValue: attributes & 7) else {
            throw KafkaFault(
                .unsupportedCompressionType,
                "the compression codec \(attributes & 7) is not supported; gzip, snappy, lz4 and zstd are"
            )
        }
        self = codec
    }

    /// Calls `body` with what the bytes become, and takes its size from `budget`.
    ///
    /// Throws `messageTooLarge` when it is larger than that.
    /// - Parameters:
    ///   - magic: the version of the format. With 0 the checksum of an LZ4 frame's header is not looked at:
    ///     clients of that time wrote a wrong one (KAFKA-3160).
    func withDecompressed(
        _ bytes: UnsafeBufferPointer<UInt8>,
        magic: Int8,
        budget: inout Int,
        _ body: (UnsafeBufferPointer<UInt8>) throws(KafkaFault) -> Void
    ) throws(KafkaFault) {
        var output = flare_bytes()
        defer { flare_bytes_free(&output) }
        let result: flare_decompress_result
        switch self {
        case .none: return try body(bytes)
        case .gzip: result = flare_decompress_gzip(bytes.baseAddress, bytes.count, budget, &output)
        case .snappy: result = flare_decompress_snappy(bytes.baseAddress, bytes.count, budget, &output)
        case .lz4: result = flare_decompress_lz4(bytes.baseAddress, bytes.count, budget, magic == 0, &output)
        case .zstd: result = flare_decompress_zstd(bytes.baseAddress, bytes.count, budget, &output)
        }
        switch result {
        case FLARE_DECOMPRESSED: break
        case FLARE_DECOMPRESS_TOO_LARGE:
            // Java clients split such a batch and send the halves.
            throw KafkaFault(.messageTooLarge, "the records are too large when decompressed (\(self))")
        case FLARE_DECOMPRESS_NO_MEMORY:
            throw KafkaFault(.notEnoughReplicas, "no memory to decompress the records")
        default:
            throw KafkaFault(.invalidRecord, "the records cannot be decompressed (\(self))")
        }
        budget -= output.length
        try body(UnsafeBufferPointer(start: output.bytes, count: output.length))
    }
}

import NIOCore

/// ApiVersions, the first request of most clients.
enum KafkaVersions {
    /// Lists what is supported.
    ///
    /// A version that is not known is answered in the layout of version 0, with the error and the list, so that the
    /// client can ask again (KIP-511).
    static func reply(_ header: KafkaRequestHeader) -> ByteBuffer {
        var writer = KafkaWriter(answering: header)
        writer.error(header.isUnknownVersion ? .unsupportedVersion : .none)
        writer.array(KafkaAPI.allCases) { writer, api in
            writer.integer(api.rawValue)
            writer.integer(api.versions.lowerBound)
            writer.integer(api.versions.upperBound)
            writer.tags()
        }
        if header.version >= 1 { writer.integer(Int32(0)) }
        writer.tags()
        return writer.finish()
    }
}

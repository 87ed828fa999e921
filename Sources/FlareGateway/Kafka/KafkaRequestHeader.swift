/// What stands before every request: header version 1, or 2 with tagged fields.
struct KafkaRequestHeader: Equatable {
    let api: KafkaAPI
    let version: Int16
    let correlationID: Int32
    /// The version that was asked for is not known; only ApiVersions is answered then.
    let isUnknownVersion: Bool

    /// Reads the header and prepares the reader for the body.
    ///
    /// Throws for an API that is not known, or a version of it.
    static func read(_ reader: inout KafkaReader) throws(KafkaMalformed) -> KafkaRequestHeader {
        let key = try reader.integer(as: Int16.self)
        let version = try reader.integer(as: Int16.self)
        let correlationID = try reader.integer(as: Int32.self)
        guard let api = KafkaAPI(rawValue: key) else { throw KafkaMalformed("the API \(key) is not supported") }
        guard api.versions.contains(version) else {
            guard api == .versions else {
                throw KafkaMalformed("version \(version) of the API \(key) (\(api)) is not supported")
            }
            return KafkaRequestHeader(api: api, version: 0, correlationID: correlationID, isUnknownVersion: true)
        }
        _ = try reader.plainString()
        reader.isFlexible = api.isFlexible(version)
        try reader.skipTags()
        return KafkaRequestHeader(api: api, version: version, correlationID: correlationID, isUnknownVersion: false)
    }
}

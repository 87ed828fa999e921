/// What a pipeline asks of those who send to it.
///
/// A value: a request keeps the rules that held when it began.
package struct IngestRules: Sendable {
    /// What every record must look like; nil when any JSON object is taken.
    package var schema: SchemaValidator?
    /// Kafka records keep their key, headers and timestamp as the member `_kafka`.
    package var keepsKafkaMetadata: Bool
    /// Only those with one of the pipeline's tokens may send.
    package var requiresToken: Bool
    /// Web pages of these origins may send; `*` for all, empty for none.
    package var corsOrigins: [String]

    package init(
        schema: SchemaValidator? = nil,
        keepsKafkaMetadata: Bool = false,
        requiresToken: Bool = false,
        corsOrigins: [String] = []
    ) {
        self.schema = schema
        self.keepsKafkaMetadata = keepsKafkaMetadata
        self.requiresToken = requiresToken
        self.corsOrigins = corsOrigins
    }

    /// What an answer to a page of `origin` says in `Access-Control-Allow-Origin`; nil when the page may not send.
    package func allowedOrigin(_ origin: String) -> String? {
        if corsOrigins.contains("*") { return "*" }
        return corsOrigins.contains(origin) ? origin : nil
    }
}

/// What requests are answered from: where this broker is, and which topics and tokens there are.
///
/// It is the only one, with the node id 0. A topic is a pipeline, with the one partition 0.
struct KafkaBroker: Sendable {
    static let nodeID: Int32 = 0
    static let clusterID = "flare"
    static let partition: Int32 = 0

    /// Where the client reached this broker, so that what it connected to once works again.
    let host: String
    let port: Int32
    /// The names of all pipelines, in order.
    let topics: @Sendable () -> [String]
    /// Whether a password is a token of some pipeline.
    let isToken: @Sendable (String) -> Bool
}

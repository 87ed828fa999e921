package import FlareModel

/// Where an engine's doors for records listen, as its pipelines' endpoints say it.
package struct DoorAddresses: Sendable {
    private let host = "127.0.0.1"
    private let ingestPort: Int
    private let kafkaPort: Int
    /// Name the endpoints that speak TLS: every client trusts the certificate, or none without TLS is let in.
    private let showsTLS: Bool

    package init(ingestPort: Int, kafkaPort: Int, showsTLS: Bool) {
        self.ingestPort = ingestPort
        self.kafkaPort = kafkaPort
        self.showsTLS = showsTLS
    }

    /// The three doors of a pipeline, in the order in which the command line prints them.
    package func endpoints(of pipeline: String) -> [PipelineEndpoint] {
        let place = "\(host):\(ingestPort)/\(pipeline)"
        return [
            PipelineEndpoint(type: showsTLS ? "HTTPS" : "HTTP", url: (showsTLS ? "https://" : "http://") + place),
            PipelineEndpoint(type: "WebSocket", url: (showsTLS ? "wss://" : "ws://") + place),
            PipelineEndpoint(type: "Kafka", url: "\(host):\(kafkaPort) (topic: \(pipeline))"),
        ]
    }
}

import FlareModel

/// `GET /metrics`: what every room has counted, for Prometheus.
struct MetricsRoutes {
    /// Writes the numbers of one room.
    typealias Collector = @Sendable (inout MetricsText) async throws -> Void

    let collectors: [Collector]

    func register(on routes: APIRoutes) {
        routes.get("/metrics") { _ in
            var text = MetricsText()
            for collect in collectors { try await collect(&text) }
            return .raw(
                headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
                bytes: Array(text.text.utf8)
            )
        }
    }
}

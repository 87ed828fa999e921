import FlareModel
import FlarePipelines
import Glibc
import Logging
import NIOPosix
import Testing

@testable import FlareGateway

/// A Kafka server on a free port, with the pipeline `orders`.
struct KafkaFixture {
    let ingest: IngestFixture
    let port: Int

    static func with(_ body: (KafkaFixture) async throws -> Void) async throws {
        try await IngestFixture.with { ingest in
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let server = KafkaServer(
                pipelines: ingest.pipelines,
                group: MultiThreadedEventLoopGroup.singleton,
                logger: logger
            )
            let port = try await server.start(host: "127.0.0.1", port: 0)
            do {
                try await body(KafkaFixture(ingest: ingest, port: port))
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        }
    }
}

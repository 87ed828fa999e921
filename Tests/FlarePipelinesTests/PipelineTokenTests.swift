import FlareModel
import FlarePipelines
import FlareStore
import FlareTestSupport
import Testing

@Suite("the tokens of a pipeline", .timeLimit(.minutes(1)))
struct PipelineTokenTests {
    @Test("a token that is revoked lets nobody in from the commit on")
    func revoked() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let secret = try await life.pipelines.createToken("shop", of: "orders")
            let stream = try life.pipelines.stream(named: "orders")
            #expect(stream.accepts(token: secret))
            let writer = await BlockedWriter(of: life.database)
            async let revoked: Void = life.pipelines.revokeToken("shop", of: "orders")
            try await life.until("the token is being revoked") { life.database.waitingWrites == 1 }
            let isIn = Monitor<Bool?>(nil)
            let isSeen = Wake()
            life.database.write { _ in
            } completion: { _ in
                // What is committed with it finds it done.
                isIn.withLock { $0 = stream.accepts(token: secret) }
                isSeen.notify()
            }
            writer.free()
            try await revoked
            await isSeen.wait()
            #expect(isIn.withLock { $0 } == false)
            try await life.crash()
        }
    }
}

import FlareModel
import FlareStore
import Testing

@testable import FlareWorkers

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct RunnerFleetTests {
    @Test func `a process is looked at often from the moment on when it is chosen for an invocation`() async throws {
        try await WorkersFixture.with { fixture in
            let deployed = try await fixture.deploy(
                #"{"name": "demo", "main": "index.ts"}"#,
                "export default { fetch: () => new Response() };"
            )
            let fleet = fixture.service.fleet
            let key = VersionKey(worker: "demo", version: deployed.worker.version)
            // The one who asks is told of it before the invocation begins, and then nobody is told any more.
            _ = try await fleet.runner(for: key, processesMax: nil)
            let next = try #require(await fleet.tend())
            #expect(next <= SystemTime().now() + fixture.service.settings.lookInterval)
        }
    }
}

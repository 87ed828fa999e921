import FlareModel
import FlareTestSupport
import Foundation
import Testing

/// A Python that has the client libraries; `make test` prepares one.
let preparedPython = ProcessInfo.processInfo.environment["FLARE_TEST_PYTHON"]

extension EndToEnd {
    @Suite("official client libraries")
    struct ClientLibraryTests {
        @Test(
            "Cloudflare's Python package drives queues and workflows, unchanged",
            .enabled(if: preparedPython != nil, "FLARE_TEST_PYTHON is not set; make test prepares a Python")
        )
        func python() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                try await f.deploy(
                    "greeter",
                    #""workflows": [{ "binding": "GREET", "name": "greet", "class_name": "Greet" }]"#,
                    source: """
                        import { WorkflowEntrypoint } from "cloudflare:workers";
                        export class Greet extends WorkflowEntrypoint {
                          async run(event, step) {
                            return await step.do("greet", async () => `Hello, ${event.payload.name}`);
                          }
                        }
                        export default {};

                        """
                ).check()
                let token = try await f.createToken()
                let script = BuiltPrograms.repository + "/Tests/FlareEndToEndTests/Clients/queues_and_workflows.py"
                let base = "http://127.0.0.1:\(try f.engine().controlPort)/client/v4"
                let instance = try await f.run(python, [script, base, token]).check().lines[0]

                try await f.run("workflows", "wait", "greet", instance).check()
                let status = try await f.api(
                    "GET",
                    "/client/v4/accounts/local/workflows/greet/instances/\(instance)",
                    token: token
                )
                #expect(status["output"] == .string("Hello, Ada"))
            }
        }
    }
}

import FlareModel
import FlareTestSupport
import Foundation

/// The report of Clients/sdk/run.py: what each of its checks found.
struct ClientLibraryReport: Sendable {
    /// The methods that the installed package has.
    var package: Set<String> = []
    /// What went wrong, by group and name of a check; empty for nothing.
    var problems: [String: [String: String]] = [:]

    /// Reads the lines that the program prints.
    init(lines: [String]) throws {
        for line in lines {
            let json = try JSONValue(json: line.utf8)
            guard let group = json["group"]?.stringValue, let name = json["name"]?.stringValue else {
                throw FlareError(.invalidData, "not a line of the report: \(line)")
            }
            if group == "package" {
                package.insert(name)
            } else {
                problems[group, default: [:]][name] = json["problem"]?.stringValue ?? ""
            }
        }
    }

    /// What a check found; a sentence when it was not made.
    func problem(of name: String, in group: String) -> String {
        problems[group]?[name] ?? "there is no check of \"\(name)\" in Clients/sdk"
    }
}

/// One run of the program against one engine, for all tests that read its report.
enum ClientLibraryRun {
    /// Made when the first test asks; each test that reads it waits for it.
    static let report = Task { try await make() }

    private static let worker = """
        import { WorkflowEntrypoint } from "cloudflare:workers";

        export class Greet extends WorkflowEntrypoint {
          async run(event, step) {
            const greeting = await step.do("greet", async () => `Hello, ${event.payload.name}`);
            await step.sleep("rest", 1);
            return greeting;
          }
        }

        export class Patient extends WorkflowEntrypoint {
          async run(event, step) {
            const permission = await step.waitForEvent("permission", { type: "may go", timeout: "1 hour" });
            return permission.payload.n;
          }
        }

        export default { async queue() {} };

        """

    private static func make() async throws -> ClientLibraryReport {
        guard let preparedPython else {
            throw FlareError(.toolMissing, "FLARE_TEST_PYTHON is not set", hint: "make test prepares a Python")
        }
        return try await FlareFixture.with { f in
            try await f.deploy(
                "clerk",
                """
                "workflows": [
                  { "binding": "GREET", "name": "greet", "class_name": "Greet" },
                  { "binding": "PATIENT", "name": "patient", "class_name": "Patient" }
                ]
                """,
                source: worker
            ).check()
            let token = try await f.createToken()
            let key = try await f.run("buckets", "keys", "create", "--name", "sdk", "--json").check().json()
            let result = try await f.run(
                preparedPython,
                [
                    BuiltPrograms.repository + "/Tests/FlareEndToEndTests/Clients/sdk/run.py",
                    "http://127.0.0.1:\(try f.engine().controlPort)/client/v4", token,
                    key["id"]?.stringValue ?? "",
                ],
                // No compiled copies beside the sources.
                environment: ["PYTHONDONTWRITEBYTECODE": "1"]
            ).check()
            return try ClientLibraryReport(lines: result.lines)
        }
    }
}

import Foundation
import Testing

/// A Python that has the client libraries; `make test` prepares one.
let preparedPython = ProcessInfo.processInfo.environment["FLARE_TEST_PYTHON"]

extension EndToEnd {
    /// Cloudflare's own Python package, unchanged, and the calls that wrangler makes.
    ///
    /// One engine and one Python for all; each test reads its line of the report.
    @Suite(
        "official client libraries",
        .enabled(if: preparedPython != nil, "FLARE_TEST_PYTHON is not set; make test prepares a Python")
    )
    struct ClientLibraryTests {
        @Test("a method of the Python package does what it says", arguments: ClientLibraryChecks.methods)
        func method(_ name: String) async throws {
            let problem = try await ClientLibraryRun.report.value.problem(of: name, in: "method")
            #expect(problem.isEmpty, "\(problem)")
        }

        @Test("what official clients rely on holds", arguments: ClientLibraryChecks.promises)
        func promise(_ name: String) async throws {
            let problem = try await ClientLibraryRun.report.value.problem(of: name, in: "promise")
            #expect(problem.isEmpty, "\(problem)")
        }

        @Test("the calls of a wrangler command get the answers that it reads", arguments: ClientLibraryChecks.commands)
        func command(_ name: String) async throws {
            let problem = try await ClientLibraryRun.report.value.problem(of: name, in: "command")
            #expect(problem.isEmpty, "\(problem)")
        }

        @Test("no method of the package and no check of the program is left out")
        func complete() async throws {
            let report = try await ClientLibraryRun.report.value
            #expect(report.package.symmetricDifference(ClientLibraryChecks.methods) == [])
            let listed = [
                "method": Set(ClientLibraryChecks.methods), "promise": Set(ClientLibraryChecks.promises),
                "command": Set(ClientLibraryChecks.commands),
            ]
            #expect(report.problems.mapValues { Set($0.keys) } == listed)
        }
    }
}

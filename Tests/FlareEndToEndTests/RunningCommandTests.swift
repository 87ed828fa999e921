import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    /// What the tests stand on: a command that has ended leaves nothing behind in the process that ran it.
    @Suite("commands that a test runs")
    struct RunningCommandTests {
        @Test("a command holds no descriptor of the process that runs it")
        func descriptors() async throws {
            try await FlareFixture.with { flare in
                for _ in 0..<3 { #expect(try await flare.run("--version").status == 0) }
                let own = "/proc/self/fd"
                let open = try FileManager.default.contentsOfDirectory(atPath: own).filter {
                    // The one that reads the directory is closed by now.
                    let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(own)/\($0)")) ?? ""
                    return target.hasPrefix(flare.directory)
                }
                #expect(open.isEmpty)
            }
        }
    }
}

import ArgumentParser
import FlareCLI
import Foundation
import Testing

@Suite("shell completions")
struct CompletionsTests {
    @Test(
        "the scripts in Completions are those of the commands",
        arguments: [("bash", "flare.bash"), ("zsh", "_flare"), ("fish", "flare.fish")]
    )
    func current(shell: String, file: String) throws {
        let shell = try #require(CompletionShell(rawValue: shell))
        let generated = Flare.completionScript(for: shell) + "\n"
        #expect(try Repository.text("Completions/" + file) == generated, "Completions/\(file) is stale: make generate")
    }

    @Test("bash can read its script")
    func bash() throws {
        let script = Repository.root.appendingPathComponent("Completions/flare.bash").path
        let result = try run("/bin/bash", ["-n", script])
        #expect(result.status == 0, "\(result.stderr)")
    }
}

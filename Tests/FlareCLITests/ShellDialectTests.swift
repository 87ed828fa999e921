import Testing

@testable import FlareCLI

@Suite("shells that are named")
struct ShellDialectTests {
    @Test("bash and zsh are sh, as far as setting variables goes")
    func names() {
        for name in ["sh", "bash", "zsh"] { #expect(ShellDialect(argument: name) == .sh, "\(name)") }
        #expect(ShellDialect(argument: "fish") == .fish)
        #expect(ShellDialect(argument: "nope") == nil)
    }
}

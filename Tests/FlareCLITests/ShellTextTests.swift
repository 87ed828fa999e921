import Testing

@testable import FlareCLI

@Suite("what a terminal is told")
struct ShellTextTests {
    @Test(
        "of a name in an error a terminal obeys nothing",
        arguments: [
            ("queue \"orders\" not found", "queue \"orders\" not found"), ("a\n\tb ü", "a\n\tb ü"),
            ("object \"\u{1B}]0;x\u{7}\" is locked\r", #"object "\u{1b}]0;x\u{7}" is locked\u{d}"#),
            ("a\r\nb\u{9B}", "a\\u{d}\nb\\u{9b}"),
        ]
    )
    func harmless(text: String, expected: String) {
        #expect(Shell.harmless(text) == expected)
    }
}

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

    @Test("a cell of a table is one line of which a terminal obeys nothing")
    func cells() {
        let text = Table.text(["NAME", "TEXT"], [["a", "one\r\ntwo\t\u{1B}[2J"], ["bc", "ü"]])
        #expect(
            text == #"""
                NAME  TEXT
                a     one\r\ntwo\t\u{1b}[2J
                bc    ü
                """#
        )
    }
}

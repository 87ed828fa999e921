import FlareModel
import Glibc

/// One line on stderr that says how far a command is, rewritten in place; nothing where there is no terminal.
struct ProgressLine {
    private let isOn: Bool
    private var shownAt: ContinuousClock.Instant?
    private var isShown = false

    /// - Parameter shell: with its `--json` nothing is shown.
    init(_ shell: Shell) {
        isOn = isatty(2) == 1 && !shell.json
    }

    /// Shows the text unless the last one is a moment old.
    mutating func show(_ text: @autoclosure () -> String) {
        guard isOn else { return }
        if let shownAt, ContinuousClock.now - shownAt < .milliseconds(150) { return }
        shownAt = .now
        isShown = true
        write("\r\u{1B}[K" + text())
    }

    /// Clears the line, before other talk.
    mutating func clear() {
        guard isShown else { return }
        isShown = false
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        // Progress that cannot be shown is not worth an error.
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}

/// "1 message", "2 messages".
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}

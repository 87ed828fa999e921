import Glibc

/// Keeps the lines of a table on one line of the terminal each.
enum TerminalWidth {
    /// Columns of the terminal that stdout is; nil when it is none.
    static var columns: Int? { size.map { Int($0.ws_col) } }

    /// Its lines.
    static var rows: Int? { size.map { Int($0.ws_row) } }

    private static var size: winsize? {
        var size = winsize()
        guard isatty(1) == 1, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return size
    }

    /// Cuts each line to the terminal; leaves it where there is none.
    static func cut(_ text: String) -> String {
        guard let columns else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.count > columns ? $0.prefix(columns - 1) + "…" : $0 }
            .joined(separator: "\n")
    }
}

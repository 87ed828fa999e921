import ArgumentParser

/// The language of a shell, as far as setting variables goes.
enum ShellDialect: String, ExpressibleByArgument, CaseIterable {
    /// sh, bash, zsh, dash, ksh.
    case sh
    case fish
    case powershell

    /// Takes the name of any shell that is known, too: `zsh`.
    init?(argument: String) {
        let shells: [String: ShellDialect] = ["bash": .sh, "zsh": .sh, "dash": .sh, "ksh": .sh, "pwsh": .powershell]
        guard let dialect = shells[argument] ?? ShellDialect(rawValue: argument) else { return nil }
        self = dialect
    }

    /// The dialect of the shell whose path `SHELL` holds.
    init(ofShell path: String?) {
        let name = path?.split(separator: "/").last.map(String.init) ?? ""
        self = ["fish": .fish, "pwsh": .powershell, "powershell": .powershell][name] ?? .sh
    }

    /// The line that sets a variable for the programs that the shell starts, or removes it when `value` is nil.
    func line(_ name: String, _ value: String?) -> String {
        switch (self, value) {
        case (.sh, let value?): "export \(name)=\(quoted(value))"
        case (.sh, nil): "unset \(name)"
        case (.fish, let value?): "set -gx \(name) \(quoted(value))"
        case (.fish, nil): "set -e \(name)"
        case (.powershell, let value?): "$Env:\(name) = \(quoted(value))"
        case (.powershell, nil): "Remove-Item -ErrorAction Ignore Env:\(name)"
        }
    }

    /// A value as one word in which nothing means anything but itself.
    private func quoted(_ value: String) -> String {
        switch self {
        case .sh: "'" + value.replacing("'", with: #"'\''"#) + "'"
        case .fish: "'" + value.replacing(#"\"#, with: #"\\"#).replacing("'", with: #"\'"#) + "'"
        // The typographic quotes end a text there as the plain one does.
        case .powershell:
            "'" + String(value.flatMap { "'\u{2018}\u{2019}\u{201A}\u{201B}".contains($0) ? [$0, $0] : [$0] }) + "'"
        }
    }
}

import FoundationEssentials
import Glibc

/// Colour, for a terminal alone.
struct Ink: Sendable {
    /// What a colour says.
    enum Tone: String, Sendable {
        case good = "32"
        case bad = "31"
        case busy = "36"
        case quiet = "33"
    }

    let isOn: Bool

    /// No colour at all.
    static let none = Ink(isOn: false)

    /// Colour when stdout is a terminal and NO_COLOR is not set, or CLICOLOR_FORCE asks for it.
    static let standard: Ink = {
        let environment = ProcessInfo.processInfo.environment
        if !(environment["NO_COLOR"] ?? "").isEmpty { return .none }
        let isForced = !["", "0"].contains(environment["CLICOLOR_FORCE"] ?? "")
        return Ink(isOn: isForced || isatty(1) == 1)
    }()

    func paint(_ text: String, _ tone: Tone?) -> String {
        guard isOn, let tone, !text.isEmpty else { return text }
        return "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m"
    }
}

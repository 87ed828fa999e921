import ArgumentParser

/// Which of the files or keys of a command are meant.
struct ObjectFilter: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Only what matches this pattern (*, **, ?, [a-z]); without a slash it is about the last part of the name. "
                + "May be repeated.",
            valueName: "glob"
        )
    )
    var include: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("Not what matches this pattern, even if it is included. May be repeated.", valueName: "glob")
    )
    var exclude: [String] = []

    init() {}

    init(include: [String], exclude: [String]) {
        self.include = include
        self.exclude = exclude
    }

    var isEmpty: Bool { include.isEmpty && exclude.isEmpty }

    /// Whether a path below the directory or prefix is meant.
    func accepts(_ relative: String) -> Bool {
        if isEmpty { return true }
        let isIncluded = include.isEmpty || include.contains { Self.matches($0, relative) }
        return isIncluded && !exclude.contains { Self.matches($0, relative) }
    }

    private static func matches(_ pattern: String, _ relative: String) -> Bool {
        if pattern.hasSlash {
            // A pattern that ends in a slash is about all below that folder.
            return GlobPattern(pattern.endsWithSlash ? pattern + "**" : pattern).matches(relative)
        }
        return GlobPattern(pattern).matches(relative.lastPart)
    }
}

import FlareModel

/// Which changes below a project are a reason to deploy it again.
struct WatchedProject {
    let directory: String
    /// What the last deploy that worked was made of; nil before the first.
    private var watch: WatchBody?
    /// After a deploy that failed, a file that is not known yet may be what was missing.
    private var takesAll = true

    init(directory: String) {
        self.directory = directory
    }

    mutating func deployed(_ watch: WatchBody?) {
        self.watch = watch
        takesAll = false
    }

    mutating func failed() {
        takesAll = true
    }

    /// Watches what there is now.
    ///
    /// Called before each deploy, too, since directories come and go.
    func arm(_ watcher: SourceWatcher) throws {
        try watcher.watch(tree: directory)
        for path in watch?.directories ?? [] { try watcher.watch(tree: path) }
        for path in Set((watch?.files ?? []).compactMap(Self.parent)) { try watcher.watch(directory: path) }
    }

    /// The first of the changed files that matters; nil when none does.
    func reason(among changed: Set<String>) -> String? {
        changed.sorted().first { path in
            guard let watch, !takesAll else { return !isHidden(path) }
            return watch.files.contains(path) || watch.directories.contains { path.hasPrefix($0 + "/") }
        }
    }

    /// The path as a person would say it.
    func shown(_ path: String) -> String {
        path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
    }

    /// Files of editors and tools; those with settings of the Worker count.
    private func isHidden(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        let isSetting = [".dev.vars", ".env"].contains { name.hasPrefix($0) }
        return !isSetting && (name.hasPrefix(".") || name.hasSuffix("~"))
    }

    private static func parent(_ path: String) -> String? {
        path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}

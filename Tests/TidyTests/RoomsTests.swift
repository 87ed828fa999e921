import Testing

/// Which room may import what: only downward, and each outside library in one place.
@Suite("rooms keep to their imports")
struct RoomsTests {
    /// The parts of the language and the system that every room may use.
    static let everywhere: Set<String> = ["Swift", "Synchronization", "Glibc", "FoundationEssentials"]

    static let nio: Set<String> = ["NIOCore", "NIOPosix"]
    static let running: Set<String> = ["Logging", "ServiceLifecycle"]
    static let products: Set<String> = [
        "FlareQueues", "FlareBuckets", "FlarePipelines", "FlareWorkers", "FlareWorkflows",
    ]

    static let allowed: [String: Set<String>] = [
        "FlareModel": [],
        "FlareClient": nio.union(["FlareModel", "CFlareProcess", "NIOHTTP1"]),
        // GRDB needs all of Foundation, so nothing is saved by avoiding it on the engine's side of the house.
        "FlareStore": ["FlareModel", "CFlareSystem", "NIOCore", "GRDB", "GRDBSQLite", "Foundation"],
        "FlareWorkers": nio.union(running).union([
            "FlareModel", "FlareStore", "CFlareProcess", "CFlareSystem", "TOMLKit",
        ]),
        "FlareQueues": running.union(["FlareModel", "FlareStore"]),
        "FlareBuckets": running.union([
            "FlareModel", "FlareStore", "FlareQueues", "CFlareProcess", "CFlareSystem", "NIOCore",
        ]),
        "FlarePipelines": running.union([
            "FlareModel", "FlareStore", "FlareQueues", "FlareBuckets", "FlareWorkers", "CFlareSystem", "NIOCore",
        ]),
        "FlareWorkflows": running.union(["FlareModel", "FlareStore", "FlareWorkers", "FlareQueues", "NIOCore"]),
        "FlareGateway": nio.union(running).union(products).union([
            "FlareModel", "FlareStore", "CFlareSystem", "NIOHTTP1", "NIOWebSocket", "NIOSSL", "Hummingbird",
            "HTTPTypes",
            "AsyncAlgorithms",
        ]),
        "FlareEngine": nio.union(running).union(products).union([
            "FlareModel", "FlareStore", "FlareGateway", "ArgumentParser", "UnixSignals",
        ]),
        // The command line starts in milliseconds because it links neither the store nor all of Foundation.
        "FlareCLI": ["FlareModel", "FlareClient", "CFlareProcess", "ArgumentParser"],
        "flare": ["FlareCLI"],
        "flare-engine": ["FlareEngine"],
        "flare-bench": nio.union(["FlareModel", "FlareClient", "NIOHTTP1", "ArgumentParser"]),
    ]

    @Test("each room imports only what it may")
    func imports() {
        for file in SourceTree.sources {
            guard let allowed = Self.allowed[file.target] else {
                Issue.record("\(file): the target \(file.target) has no line in this test's table")
                continue
            }
            for (number, module) in imports(of: file) where !allowed.union(Self.everywhere).contains(module) {
                Issue.record("\(file):\(number): \(file.target) may not import \(module)")
            }
        }
    }

    @Test("the routing framework stays in the control API")
    func hummingbird() {
        for file in SourceTree.sources where !file.path.hasPrefix("Sources/FlareGateway/API/") {
            #expect(!imports(of: file).contains { ["Hummingbird", "HTTPTypes"].contains($0.module) }, "\(file)")
        }
    }

    @Test("SQL stands in records and migrations only")
    func sql() {
        let statements = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "CREATE INDEX ", "PRAGMA "]
        for file in SourceTree.sources where file.target != "FlareStore" {
            guard !file.name.contains("Record"), !file.name.contains("Migrations") else { continue }
            for statement in statements {
                for number in file.numbers(ofLinesWith: statement) {
                    Issue.record("\(file):\(number): \(statement) outside of a record or migration")
                }
            }
        }
    }

    /// The modules that a file imports, with line numbers, whatever stands before `import`.
    private func imports(of file: SourceFile) -> [(number: Int, module: String)] {
        // What stands in a text of several lines is another language's.
        var isText = false
        return file.lines.enumerated().compactMap { index, line in
            if line.split(separator: "\"\"\"", omittingEmptySubsequences: false).count % 2 == 0 { isText.toggle() }
            if isText { return nil }
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), words.count > position + 1 else { return nil }
            let before = words[..<position]
            guard before.allSatisfy({ ["package", "private", "@testable", "internal"].contains($0) }) else {
                return nil
            }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "typealias"]
            let name = kinds.contains(words[position + 1]) ? words[position + 2] : words[position + 1]
            return (index + 1, String(name.prefix { $0 != "." }))
        }
    }
}

import Testing

/// A word that has a better replacement here.
struct BannedWord: Sendable, CustomTestStringConvertible {
    let word: String
    let instead: String
    /// Paths that begin with one of these may use it; the reason stands beside the entry.
    var allowedIn: [String] = []

    var testDescription: String { word }
}

@Suite("words that are not used")
struct BannedWordsTests {
    static let words = [
        BannedWord(word: "NSLock", instead: "Synchronization.Mutex"),
        BannedWord(word: "NSRecursiveLock", instead: "Synchronization.Mutex"),
        BannedWord(word: "DispatchQueue", instead: "an actor, an event loop, or a Thread that one type owns"),
        BannedWord(word: "DispatchSemaphore", instead: "a continuation"),
        BannedWord(word: "Task.detached", instead: "a child task, or a Service"),
        BannedWord(word: "try!", instead: "try, or #require in a test"),
        BannedWord(word: "as!", instead: "as? with an error"),
        BannedWord(word: "fatalError(", instead: "a thrown FlareError, or precondition with a sentence for a bug"),
        // Access: nothing outside of this package uses its modules.
        BannedWord(word: "public ", instead: "package, or nothing"),
        BannedWord(word: "open class", instead: "final class"),
        // The end of a benchmark and of a test fixture is talk on a terminal; everything else prints through Shell.
        BannedWord(
            word: "print(",
            instead: "Shell of FlareCLI, or a Logger",
            allowedIn: ["Sources/FlareCLI/Output/", "Sources/flare-bench/", "Tests/FlareTestSupport/"]
        ),
        BannedWord(
            word: "Task.sleep",
            instead: "TimeSource, a Wake, or eventually(…) in a test",
            allowedIn: [
                // The real clock, wrapped once.
                "Sources/FlareStore/TimeSource.swift",
                // Bounds in real time on what others do: a key press of Tab, and a tool that user code is built with.
                "Sources/FlareCLI/Complete.swift", "Sources/FlareWorkers/Processes/ToolRun.swift",
                // Looks at another process, the engine, that may be away for a while.
                "Sources/FlareCLI/Workflows/Following.swift",
                // A pace in real time that whoever gave the command has asked for.
                "Sources/FlareCLI/Pace.swift",
                // Until an engine that went away under a script is tried again.
                "Sources/FlareCLI/Step/StepEngine.swift",
                // An engine that has gone tells nobody when another one runs.
                "Sources/FlareCLI/EngineFollow.swift",
                // An engine that hangs, with many that wait for it, tells nobody when it takes the next one.
                "Sources/FlareClient/EngineClient.swift",
                // Where the tests look again and again.
                "Tests/FlareTestSupport/Eventually.swift",
            ]
        ),
        BannedWord(
            word: "usleep(",
            instead: "TimeSource, or a condition",
            allowedIn: [
                // A lock of the kernel tells only those who take it for good that another process has left it.
                "Sources/FlareStore/StateLock.swift",
                // An engine that somebody else starts or stops tells nobody else.
                "Sources/FlareClient/EngineLauncher.swift",
            ]
        ),
        BannedWord(word: "@preconcurrency", instead: "a Sendable type"),
    ]

    /// What a word is searched in: our own Swift, except the lists of this suite.
    static let searched = SourceTree.swift.filter { $0.target != "TidyTests" }

    @Test("no banned word", arguments: words)
    func banned(_ banned: BannedWord) {
        for file in Self.searched where !banned.allowedIn.contains(where: { file.path.hasPrefix($0) }) {
            for number in file.numbers(ofLinesWith: banned.word) {
                Issue.record("\(file):\(number): \(banned.word) — use \(banned.instead)")
            }
        }
    }

    @Test("nothing is left open and no path of a machine is written down")
    func leftovers() {
        let leftovers = ["TODO", "FIXME", "XXX", "HACK", "/root/", "/work/", "/home/"]
        for file in SourceTree.all where file.target != "TidyTests" {
            for leftover in leftovers where file.text.contains(leftover) {
                let number = file.lines.firstIndex { $0.contains(leftover) } ?? 0
                // mkdtemp's six letters are no mark.
                guard !file.lines[number].contains("XXXXXX") else { continue }
                Issue.record("\(file):\(number + 1): \(leftover)")
            }
        }
    }
}

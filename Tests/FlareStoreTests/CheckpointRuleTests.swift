import FlareModel
import Testing

@testable import FlareStore

@Suite struct CheckpointRuleTests {
    @Test("the thread copies a long log, the writer the little that has come meanwhile, and a new log is short again")
    func turns() {
        var rule = CheckpointRule()
        rule.committed(pages: Limits.databaseLogPages - 1)
        #expect(rule.next() == .nothing)
        rule.committed(pages: Limits.databaseLogPages)
        #expect(rule.next() == .begin)
        rule.committed(pages: 3 * Limits.databaseLogPages)
        #expect(rule.next() == .nothing)
        rule.ended(copied: 3 * Limits.databaseLogPages)
        #expect(rule.next() == .finish)
        rule.finished(copied: 3 * Limits.databaseLogPages)
        #expect(rule.next() == .nothing)
        rule.committed(pages: 1)
        #expect(rule.next() == .nothing)
        rule.committed(pages: Limits.databaseLogPages)
        #expect(rule.next() == .begin)
    }

    @Test("a copy of the thread that cannot tell how far it came is followed by one of the writer's own")
    func unknown() {
        var rule = CheckpointRule()
        rule.committed(pages: Limits.databaseLogPages)
        #expect(rule.next() == .begin)
        rule.committed(pages: 2 * Limits.databaseLogPages)
        rule.ended(copied: nil)
        #expect(rule.next() == .finish)
        rule.finished(copied: nil)
        #expect(rule.next() == .nothing)
        rule.committed(pages: 3 * Limits.databaseLogPages)
        #expect(rule.next() == .begin)
    }

    @Test(
        "the thread never begins on a log that is copied to its end, and the writer never copies beside it",
        arguments: 1...20 as ClosedRange<UInt64>
    )
    func invariant(seed: UInt64) {
        var log = LogModel(random: Random(state: seed))
        for _ in 0..<20_000 { log.step() }
        #expect(log.copiesBegunOnFullyCopiedLog == 0)
        #expect(log.copiesOfWriterBesideThread == 0)
        #expect(log.copiesOfThread > 100)
        #expect(log.copiesOfWriter > 100)
        #expect(log.newBeginnings > 100)
    }
}

/// A write-ahead log as SQLite keeps it, its writer and its thread, each of which goes on at any moment.
private struct LogModel {
    enum Thread {
        case idle
        case told
        /// It has seen how long the log is.
        case copies(upTo: Int)
        /// It has copied, and not told yet.
        case copied(Int?)
    }

    var random: Random
    var rule = CheckpointRule()
    var thread = Thread.idle
    var pages = 0
    var copied = 0
    var copiesBegunOnFullyCopiedLog = 0
    var copiesOfWriterBesideThread = 0
    var copiesOfThread = 0
    var copiesOfWriter = 0
    var newBeginnings = 0

    /// A group of the writer, which may be without a commit, with moments of the thread before each of its parts.
    mutating func step() {
        stepThread()
        if random.below(5) > 0 { commit(random.below(20) == 0 ? random.below(3_000) + 1 : random.below(80) + 1) }
        stepThread()
        switch rule.next() {
        case .nothing: break
        case .begin:
            if copied == pages { copiesBegunOnFullyCopiedLog += 1 }
            thread = .told
        case .finish:
            copiesOfWriter += 1
            if case .idle = thread {} else { copiesOfWriterBesideThread += 1 }
            rule.finished(copied: copy(upTo: pages))
        }
    }

    private mutating func commit(_ count: Int) {
        // A reader may keep a log that is copied to its end from beginning anew.
        if copied == pages, pages > 0, random.below(8) > 0 {
            (pages, copied) = (0, 0)
            newBeginnings += 1
        }
        pages += count
        stepThread()
        rule.committed(pages: pages)
    }

    private mutating func stepThread() {
        while random.below(2) == 0 {
            switch thread {
            case .idle: return
            case .told:
                if copied == pages { copiesBegunOnFullyCopiedLog += 1 }
                thread = .copies(upTo: pages)
            case .copies(let end):
                copiesOfThread += 1
                thread = .copied(copy(upTo: end))
            case .copied(let copied):
                thread = .idle
                rule.ended(copied: copied)
            }
        }
    }

    /// Returns what the copy tells; one that fails may have copied all the same.
    private mutating func copy(upTo end: Int) -> Int? {
        let fails = random.below(10) == 0
        let isCutShort = random.below(5) == 0
        if copied < end { copied = isCutShort ? copied + random.below(end - copied + 1) : end }
        return fails ? nil : copied
    }
}

/// The same numbers in each run.
private struct Random {
    var state: UInt64

    mutating func below(_ end: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(end))
    }
}

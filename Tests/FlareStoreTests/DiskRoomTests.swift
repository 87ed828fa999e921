import FlareModel
import FlareTestSupport
import Testing

@testable import FlareStore

@Suite struct DiskRoomTests {
    private let reserve = DiskReserve.accepting.bytes

    private func rule(free: Int, reusable: Int = 0) -> DiskRoomRule {
        var rule = DiskRoomRule(trustedBytesMax: 1_000_000)
        rule.measured(free: free, reusable: reusable, at: 0)
        return rule
    }

    private func takes(
        _ sizes: [Int],
        leaving reserve: DiskReserve = .accepting,
        at now: Int64 = 0,
        isMeasured: Bool = true,
        isOpen: Bool = false,
        _ rule: inout DiskRoomRule
    ) -> [Bool] {
        sizes.map { rule.take($0, leaving: reserve, at: now, isMeasured: isMeasured, isOpen: isOpen) }
    }

    @Test("what comes in leaves the reserve, and what goes on may take half of it")
    func reserves() {
        var rule = rule(free: reserve + 10)
        #expect(takes([11, 10, 1], &rule) == [false, true, false])
        #expect(takes([reserve / 2, 1], leaving: .finishing, &rule) == [true, false])
    }

    @Test("what is free within a file stands in for half of the reserve, and no more")
    func reusable() {
        var some = rule(free: reserve - 100, reusable: 150)
        #expect(takes([50, 1], &some) == [true, false])
        var much = rule(free: reserve / 2, reusable: .max)
        #expect(takes([1], &much) == [false])
    }

    @Test("one measurement is good for many bytes far from the end, for few near it, and for a moment")
    func trust() {
        var far = rule(free: .max)
        let late = Limits.diskTrustedMilliseconds - 1
        #expect(takes([1_000_000, 1], at: late, isMeasured: false, &far) == [true, false])
        var near = rule(free: reserve + 1_600)
        #expect(takes([100, 1], isMeasured: false, &near) == [true, false])
        var old = rule(free: .max)
        #expect(takes([1], at: late + 1, isMeasured: false, &old) == [false])
    }

    @Test("what an open group has taken is not free, however often the disk is measured, until the group has ended")
    func openGroup() {
        var rule = rule(free: reserve + 100)
        #expect(takes([60], isOpen: true, &rule) == [true])
        rule.measured(free: reserve + 100, reusable: 0, at: 0)
        #expect(takes([41, 30], &rule) == [false, true])
        // Only what is open is missing from a measurement.
        rule.measured(free: reserve + 70, reusable: 0, at: 0)
        #expect(takes([11, 10], &rule) == [false, true])
        rule.endGroup()
        rule.measured(free: reserve + 5, reusable: 0, at: 0)
        #expect(takes([6, 5], &rule) == [false, true])
    }

    @Test("what an open group has taken counts when it is said how far a measurement is good")
    func openTrust() {
        var rule = rule(free: reserve + 3_200)
        #expect(takes([1_600], isOpen: true, &rule) == [true])
        rule.measured(free: reserve + 3_200, reusable: 0, at: 0)
        #expect(takes([101, 100], isMeasured: false, &rule) == [false, true])
    }

    @Test("of two bodies of one group that each fit one is refused, and the next group is measured anew")
    func openGroupOfBodies() async throws {
        try await withTemporaryDirectory { directory in
            let disk = FaultyDisk()
            let database = try Database.open(
                path: directory + "/flare.db",
                migrations: [Migration("bytes-1", "CREATE TABLE bytes (bytes BLOB);")],
                room: DiskRoom(directory: "/", disk: disk, trustedBytesMax: 0)
            )
            disk.announcedFreeBytes = reserve + 2 * 1_000 + Limits.transactionOverheadBytes
            let insert: @Sendable (Transaction) throws -> Void = { tx in
                try tx.requireRoom(for: 1_000)
                try tx.execute("INSERT INTO bytes VALUES (zeroblob(1000))")
            }
            let codes = Monitor<[FlareError.Code?]>([])
            let writer = await BlockedWriter(of: database)
            // Both wait, so that the next group has them.
            for _ in 0..<2 {
                database.write(insert) { result in
                    var code: FlareError.Code?
                    if case .failure(let error as FlareError) = result { code = error.code }
                    codes.withLock { [code] in $0.append(code) }
                    codes.notifyAll()
                }
            }
            writer.free()
            #expect(codes.wait { $0.count == 2 ? $0 : nil } == [nil, .diskFull])
            try await database.write(insert)
            try database.close()
        }
    }

    @Test("a disk is measured again once it was full, so that it is used as soon as there is room")
    func room() throws {
        let disk = FaultyDisk()
        let room = DiskRoom(directory: "/", disk: disk)
        disk.announcedFreeBytes = reserve
        let error = #expect(throws: FlareError.self) { try room.require(1) }
        #expect(error?.code == .diskFull)
        #expect(error?.message.contains("16.8 MB left") == true)
        #expect(room.refusal(of: 1)?.code == .diskFull)
        disk.announcedFreeBytes = reserve + 1
        #expect(room.refusal(of: 1) == nil)
    }

    @Test("rows are refused on a disk that is nearly full until others were deleted, whose pages they take")
    func rows() async throws {
        try await withTemporaryDirectory { directory in
            let disk = FaultyDisk()
            let database = try Database.open(
                path: directory + "/flare.db",
                migrations: [Migration("bytes-1", "CREATE TABLE bytes (bytes BLOB);")],
                room: DiskRoom(directory: "/", disk: disk, trustedBytesMax: 0)
            )
            let insert: @Sendable (Transaction) throws -> Void = { tx in
                try tx.requireRoom(for: 1_000_000)
                try tx.execute("INSERT INTO bytes VALUES (zeroblob(1000000))")
            }
            for _ in 0..<3 { try await database.write(insert) }
            disk.announcedFreeBytes = reserve
            await #expect(throws: FlareError.self) { try await database.write(insert) }
            try await database.write { _ = try $0.execute("DELETE FROM bytes") }
            try await database.write(insert)
            let count = try await database.read { try $0.row("SELECT count(*) FROM bytes") { $0.int(0) } }
            #expect(count == 1)
            try database.close()
        }
    }
}

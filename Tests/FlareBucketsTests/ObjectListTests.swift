import FlareBuckets
import FlareModel
import Testing

@Suite("Listing objects")
struct ObjectListTests {
    /// Reads all pages.
    ///
    /// Returns keys, prefixes and how many pages there were.
    private func all(
        _ request: ObjectListRequest,
        _ f: BucketsFixture
    ) async throws -> (keys: [String], prefixes: [String], pages: Int) {
        var request = request
        var result: (keys: [String], prefixes: [String], pages: Int) = ([], [], 0)
        repeat {
            let page = try await f.service.list(request, in: "data")
            #expect(page.objects.count + page.delimitedPrefixes.count <= request.limit)
            result.keys += page.objects.map(\.key)
            result.prefixes += page.delimitedPrefixes
            result.pages += 1
            request.cursor = page.cursor
        } while request.cursor != nil
        return result
    }

    @Test("keys come in the order of their bytes")
    func order() async throws {
        try await BucketsFixture.with { f in
            for key in ["b", "a/2", "\u{1F600}", "a", "B", "\u{FFFD}", "a/10", "é"] { try await f.put(key) }
            let expected = ["B", "a", "a/10", "a/2", "b", "é", "\u{FFFD}", "\u{1F600}"]
            for limit in [1, 3, 8, 1000] {
                #expect(try await all(ObjectListRequest(limit: limit), f).keys == expected)
            }
        }
    }

    @Test("a prefix, and what to start after, bound the list")
    func bounds() async throws {
        try await BucketsFixture.with { f in
            for key in ["a/1", "a/2", "a/3", "b/1"] { try await f.put(key) }
            #expect(try await all(ObjectListRequest(prefix: "a/"), f).keys == ["a/1", "a/2", "a/3"])
            #expect(
                try await all(ObjectListRequest(prefix: "a/", startAfter: "a/1", limit: 1), f).keys == ["a/2", "a/3"]
            )
            #expect(try await all(ObjectListRequest(startAfter: "a/2x"), f).keys == ["a/3", "b/1"])
            #expect(try await all(ObjectListRequest(prefix: "b/", startAfter: "a/2"), f).keys == ["b/1"])
            #expect(try await all(ObjectListRequest(prefix: "c"), f).keys.isEmpty)
        }
    }

    @Test("a delimiter rolls keys up, whatever the size of the pages", arguments: [1, 2, 3, 50, 1000])
    func delimiter(limit: Int) async throws {
        try await BucketsFixture.with { f in
            let keys = (0..<300).map { "in/x/\($0)" } + ["in/a", "in/b/1", "in/b/2/3", "in/z", "in/", "other"]
            for key in keys { try await f.put(key) }
            let found = try await all(ObjectListRequest(prefix: "in/", delimiter: "/", limit: limit), f)
            #expect(found.keys == ["in/", "in/a", "in/z"])
            #expect(found.prefixes == ["in/b/", "in/x/"])
            #expect(found.pages == max(1, (5 + limit - 1) / limit))
            let top = try await all(ObjectListRequest(delimiter: "/", limit: limit), f)
            #expect(top.keys == ["other"])
            #expect(top.prefixes == ["in/"])
            let long = try await all(ObjectListRequest(prefix: "in", delimiter: "/b/", limit: limit), f)
            #expect(long.prefixes == ["in/b/"])
            #expect(long.keys.count == 303)
        }
    }

    @Test("more rows than are read at once come in full")
    func many() async throws {
        try await BucketsFixture.with { f in
            let keys = (1000..<1400).map { "k\($0)" }
            for key in keys { try await f.put(key) }
            #expect(try await all(ObjectListRequest(), f).keys == keys)
            let paged = try await all(ObjectListRequest(limit: 150), f)
            #expect(paged.keys == keys)
            #expect(paged.pages == 3)
        }
    }

    @Test("a bad limit, cursor or bucket is refused")
    func bad() async throws {
        try await BucketsFixture.with { f in
            try await f.put("a")
            for request in [
                ObjectListRequest(limit: 0), ObjectListRequest(limit: 1001), ObjectListRequest(cursor: "?"),
                ObjectListRequest(cursor: "eA=="),
            ] {
                #expect(await code { try await f.service.list(request, in: "data") } == .invalidArgument)
            }
            #expect(await code { try await f.service.list(ObjectListRequest(), in: "nope") } == .bucketNotFound)
        }
    }
}

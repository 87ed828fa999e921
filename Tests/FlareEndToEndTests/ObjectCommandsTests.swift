import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("objects from the shell")
    struct ObjectCommandsTests {
        private static let putBig = [
            "buckets", "objects", "put", "data", "big", "big", "--part-size", "5MiB", "--parallel", "1",
        ]

        private func bytes(_ count: Int, seed: UInt64) -> Data {
            var state = seed
            return Data(
                (0..<count / 8).flatMap { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return withUnsafeBytes(of: state) { Array($0) }
                }
            )
        }

        private func objects(_ f: FlareFixture, _ words: String...) async throws -> CommandResult {
            try await f.run("flare", ["buckets", "objects"] + words)
        }

        /// Whether the journal names an upload, which it does from before the first part on.
        private func hasBegun(_ f: FlareFixture) throws -> Bool {
            let directory = f.state + "/transfers"
            return try FileManager.default.contentsOfDirectory(atPath: directory)
                .contains { FileManager.default.contents(atPath: "\(directory)/\($0)")?.isEmpty == false }
        }

        private func read(_ f: FlareFixture, _ name: String) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: f.directory + "/" + name))
        }

        @Test("of several keys that are to be deleted, one that is locked keeps none of the others")
        func deleteLocked() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                try await f.run("buckets", "lock", "add", "data", "rule", "kept/", "--retention-days", "1").check()
                for key in ["a", "kept/b", "c"] { try await f.run("buckets", "objects", "put", "data", key).check() }
                let refused = try await objects(f, "delete", "data", "a", "kept/b", "c", "--yes")
                #expect(refused.status == 1)
                #expect(refused.stderr.contains("object \"kept/b\" in bucket \"data\" is locked by rule \"rule\""))
                let left = try await objects(f, "list", "data", "--json").check().json().arrayValue ?? []
                #expect(left.map { $0["key"]?.stringValue } == ["kept/b"])
            }
        }

        @Test("an object that is locked is not moved, and nothing of it is where it should have gone")
        func moveLocked() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                try await f.run("buckets", "lock", "add", "data", "rule", "kept/", "--retention-days", "1").check()
                for key in ["kept/a", "b"] { try await f.run("buckets", "objects", "put", "data", key).check() }
                let refused = try await objects(f, "move", "data/kept/a", "data/moved")
                #expect(refused.status != 0 && refused.stderr.contains("is locked by rule \"rule\""))
                try await objects(f, "move", "data/b", "data/c").check()
                let left = try await objects(f, "list", "data", "--json").check().json().arrayValue ?? []
                #expect(left.map { $0["key"]?.stringValue } == ["c", "kept/a"])
            }
        }

        @Test("a sync deletes no object whose file is there but was passed over")
        func syncPassesOver() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                try f.write("tree/file", "file")
                try f.write("else/in", "in")
                for (link, target) in [("tree/link", "file"), ("tree/folder", "../else")] {
                    try FileManager.default.createSymbolicLink(
                        atPath: f.directory + "/" + link,
                        withDestinationPath: target
                    )
                }
                let words = ["buckets", "objects", "sync", "tree", "flare://data", "--delete"]
                try await f.run("flare", words + ["--follow-links"]).check()
                for key in ["folder-2", "linked"] { try await f.run("buckets", "objects", "put", "data", key).check() }
                let synced = try await f.run("flare", words).check()
                #expect(synced.stdout.contains("deleted data/folder-2") && synced.stdout.contains("data/linked"))
                let left = try await objects(f, "list", "data", "--json").check().json().arrayValue ?? []
                #expect(left.map { $0["key"]?.stringValue } == ["file", "folder/in", "link"])
            }
        }

        @Test("a sync with a filter protects what lies behind a link that the filter does not mean, or sends it")
        func syncPassesOverFiltered() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                for name in ["tree/a.jpg", "tree/d/a.txt", "else/in.jpg", "else/in.txt"] { try f.write(name, name) }
                let links = [
                    ("tree/folder", "../else"), ("tree/d/up", "."), ("tree/nowhere", "../gone"),
                    ("tree/link.jpg", "a.jpg"), ("tree/root", "../tree"),
                ]
                for (link, target) in links {
                    try FileManager.default.createSymbolicLink(
                        atPath: f.directory + "/" + link,
                        withDestinationPath: target
                    )
                }
                try await f.run("/bin/sh", ["-c", "mkfifo \(f.directory)/tree/pipe"]).check()
                let protected = ["d/up/x.jpg", "folder/in.jpg", "nowhere/x.jpg", "pipe/x.jpg"]
                for key in protected + ["gone.jpg", "gone.txt"] {
                    try await f.run("buckets", "objects", "put", "data", key, input: "x").check()
                }
                let words = [
                    "buckets", "objects", "sync", "tree", "flare://data", "--delete", "--include", "*.jpg",
                    "--checksum",
                ]
                let synced = try await f.run("flare", words).check()
                // Only what the filter means is told of.
                #expect(synced.stderr.contains("tree/link.jpg is a symbolic link"))
                #expect(!synced.stderr.contains("tree/folder") && !synced.stderr.contains("tree/pipe"))
                for key in protected { #expect(try await objects(f, "head", "data", key).status == 0, "\(key)") }
                #expect(try await objects(f, "head", "data", "gone.jpg").status != 0)
                #expect(try await objects(f, "head", "data", "gone.txt").status == 0)

                try await f.run("flare", words + ["--follow-links"]).check()
                for key in protected { #expect(try await objects(f, "head", "data", key).status == 0, "\(key)") }
                #expect(try await objects(f, "get", "data", "folder/in.jpg").check().stdout == "else/in.jpg")
                #expect(try await objects(f, "head", "data", "folder/in.txt").status != 0)
                #expect(try await objects(f, "head", "data", "root/a.jpg").status != 0)
            }
        }

        @Test("a copy of a word without a key says what is missing")
        func copyOfNoKey() async throws {
            try await FlareFixture.with { f in
                let refused = try await objects(f, "copy", "hello.txt", "data/x")
                #expect(refused.status == 64)
                #expect(refused.stderr.contains("\"hello.txt\" is a bucket and names no key"))
            }
        }

        @Test("the destination of a pipeline keeps its objects when it cannot be deleted")
        func destination() async throws {
            try await FlareFixture.with { f in
                try await f.run("pipelines", "create", "orders", "--destination-bucket=data").check()
                try await f.run("buckets", "objects", "put", "data", "mine", input: "x").check()
                let refused = try await f.run("buckets", "delete", "data", "--recursive", "--yes")
                #expect(refused.status == 73)
                #expect(refused.stderr.contains("the destination of pipeline \"orders\""))
                #expect(try await objects(f, "get", "data", "mine").check().stdout == "x")
                try await f.run("pipelines", "delete", "orders", "--yes").check()
                try await f.run("buckets", "delete", "data", "--recursive", "--yes").check()
            }
        }

        @Test("a directory goes into a bucket and back, by sync both ways")
        func sync() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                for name in ["a.txt", "d/b.txt", "d/e/é %2F.txt", "skip.log"] { try f.write("tree/" + name, name) }
                let words = ["buckets", "objects", "sync", "tree", "flare://data/in", "--exclude", "*.log"]
                let planned = try await f.run("flare", words + ["--dry-run"]).check()
                #expect(planned.stdout.contains("would have done 3 items; nothing was changed"))
                #expect(try await objects(f, "list", "data", "--json").json() == .array([]))
                try await f.run("flare", words).check()
                #expect(try await f.run("flare", words).check().lines == ["changed 0 items; 3 left as they are"])

                // One changed without another size, one new, one gone.
                try f.write("tree/a.txt", "A.TXT")
                try f.write("tree/new", "new")
                try FileManager.default.removeItem(atPath: f.directory + "/tree/d/b.txt")
                let kept = try await f.run("flare", words + ["--json"]).check().json()
                #expect(kept["summary"]?["done"] == .integer(2))
                #expect(try await objects(f, "head", "data", "in/d/b.txt").status == 0)
                let deleted = try await f.run("flare", words + ["--delete"]).check()
                #expect(deleted.lines == ["deleted data/in/d/b.txt", "changed 1 item; 3 left as they are"])

                try f.write("back/too-much/x", "x")
                let back = ["buckets", "objects", "sync", "flare://data/in", "back", "--delete"]
                #expect(try await f.run("flare", back + ["--dry-run"]).check().stdout.contains("would delete back/too"))
                try await f.run("flare", back).check()
                #expect(try read(f, "back/a.txt") == Data("A.TXT".utf8))
                #expect(try read(f, "back/d/e/é %2F.txt") == Data("d/e/é %2F.txt".utf8))
                #expect(!FileManager.default.fileExists(atPath: f.directory + "/back/too-much"))
                #expect(try await f.run("flare", back).check().lines == ["changed 0 items; 3 left as they are"])
            }
        }

        @Test(
            "a large upload goes on with the parts that are there when it or the engine was killed"
        )
        func killedUploads() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                let contents = bytes(20_000_000, seed: 1)
                try contents.write(to: URL(fileURLWithPath: f.directory + "/big"))
                let words = [
                    "buckets", "objects", "put", "data", "big", "big", "--part-size", "5MiB", "--parallel", "1",
                ]
                let first = try f.start("flare", words)
                let parts = f.state + "/transfers"
                try await waitUntil("the upload has begun") { try hasBegun(f) }
                first.signal(SIGKILL)
                _ = try await first.result()
                #expect(try await objects(f, "head", "data", "big").status == 66, "half an object is visible")

                let second = try f.start("flare", words)
                try await f.killEngine()
                try await second.result().check()
                #expect(try FileManager.default.contentsOfDirectory(atPath: parts) == [])
                try await objects(f, "get", "data", "big", "--output", "copy").check()
                #expect(try read(f, "copy") == contents)
                let head = try await objects(f, "head", "data", "big", "--json").json()
                #expect(head["part_count"] == .integer(4))
            }
        }

        @Test("an interrupted upload keeps its parts, or none with --no-resume")
        func interruptedUpload() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                try bytes(30_000_000, seed: 2).write(to: URL(fileURLWithPath: f.directory + "/big"))
                let words = [
                    "buckets", "objects", "put", "data", "big", "big", "--part-size", "5MiB", "--parallel", "1",
                ]
                let command = try f.start("flare", words)
                try await waitUntil("the upload has begun") { try hasBegun(f) }
                command.signal(SIGINT)
                let result = try await command.result()
                // It may have been done before the signal came.
                if result.status != 0 {
                    #expect(result.status == 130)
                    #expect(result.stderr.contains("the same command goes on from there"))
                }
                try await f.run("flare", words).check()
                #expect(try FileManager.default.contentsOfDirectory(atPath: f.state + "/transfers") == [])
            }
        }

        @Test("no key leads out of the directory, and the rest goes on")
        func oddKeys() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                let good = ["a", "d/b c", "%2e%2e/x", "é", "e\u{301}", "-rf", "*"]
                let bad = ["../out", "x//y", "/abs", "a/b", "d/../../out", "link/in"]
                for key in good + bad {
                    try await f.run(
                        "flare",
                        ["buckets", "objects", "put", "data", "--", key, "-"],
                        input: Array(key.utf8)
                    )
                    .check()
                }
                try f.write("elsewhere/keep", "keep")
                try FileManager.default.createDirectory(atPath: f.directory + "/to", withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(
                    atPath: f.directory + "/to/link",
                    withDestinationPath: f.directory + "/elsewhere"
                )
                let words = ["buckets", "objects", "get", "data", "--recursive", "--output", "to", "--parallel", "1"]
                let result = try await f.run("flare", words + ["--json"])
                #expect(result.status == 1)
                let items = try #require(result.json()["items"]?.arrayValue)
                let failed = items.filter { $0["result"] == .string("failed") }.compactMap { $0["key"]?.stringValue }
                #expect(Set(failed.map { Array($0.utf8) }) == Set(bad.map { Array($0.utf8) }))
                for key in good { #expect(try read(f, "to/" + key) == Data(key.utf8)) }
                #expect(try FileManager.default.contentsOfDirectory(atPath: f.directory + "/elsewhere") == ["keep"])
                #expect(!FileManager.default.fileExists(atPath: f.directory + "/out"))

                // The key that looks like a pattern is itself; each other pattern is one.
                try await objects(f, "delete", "data", "*", "--yes").check()
                #expect(try await objects(f, "head", "data", "a").status == 0)
                let rest = try await objects(f, "delete", "data", "**", "--yes").check()
                #expect(rest.lines == ["deleted \(good.count + bad.count - 1) objects of data"])
            }
        }

        @Test("conditions, ranges, copies and failures end as they should")
        func ends() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "data").check()
                try await f.run("buckets", "create", "other").check()
                let put = [
                    "buckets", "objects", "put", "data", "k", "-", "--metadata", "who=me", "--if-none-match", "*",
                ]
                try await f.run("flare", put, input: Array("hello".utf8)).check()
                #expect(try await f.run("flare", put, input: Array("again".utf8)).status == 73)
                #expect(try await objects(f, "get", "data", "k", "--range", "1-3").check().stdout == "ell")
                #expect(try await objects(f, "get", "data", "k", "--range", "9-").status == 65)
                #expect(try await objects(f, "get", "data", "none").status == 66)
                #expect(try await objects(f, "get", "data", "k", "--output", "no/such/dir").status == 66)
                #expect(try await objects(f, "put", "data", "x/", "a", "b").status == 1)
                #expect(try await objects(f, "put", "data", "a", "b", "c").status == 64)
                #expect(try await objects(f, "get", "data", "--recursive").status == 64)
                let broken = try await objects(f, "put", "data", "x", "-", "--content-type", "text\r\nevil: 1")
                #expect(broken.status == 64 && broken.stderr.contains("content-type"), "\(broken)")
                #expect(try await objects(f, "delete", "data", "k").status == 64, "asked without a terminal")

                try await objects(f, "copy", "data/k", "other/").check()
                let copy = try await objects(f, "head", "other", "k", "--json").check().json()
                #expect(copy["custom_metadata"]?["who"] == .string("me"))
                try await objects(f, "move", "data/k", "flare://other/moved", "--metadata", "who=you").check()
                #expect(try await objects(f, "head", "data", "k").status == 66)
                let moved = try await objects(f, "head", "other", "moved", "--json").check().json()
                #expect(moved["custom_metadata"]?["who"] == .string("you"))

                #expect(try await f.run("buckets", "delete", "other", "--yes").status == 73)
                #expect(try await f.run("buckets", "delete", "other", "--force").status == 64)
                try await f.run("buckets", "delete", "other", "--force", "--yes").check()
                #expect(try await objects(f, "list", "other").status == 66)
            }
        }
    }
}

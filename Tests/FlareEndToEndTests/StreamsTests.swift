import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    /// What a command does when a standard stream is not as it should be.
    @Suite("standard streams")
    struct StreamsTests {
        @Test("a closed stream is closed for the command too, and no other file takes its place")
        func closed() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let flare = try BuiltPrograms.path("flare")
                let output = try await f.run("/bin/sh", ["-c", "\(flare) queues list >&-"])
                #expect(output.status == 74)
                #expect(output.stderr == "error: cannot write the output: Bad file descriptor\n")
                let input = try await f.run("/bin/sh", ["-c", "\(flare) queues send orders <&-"])
                #expect(input.status == 64)
                #expect(input.stderr == "error: cannot read stdin: Bad file descriptor\n")
                try await f.run("/bin/sh", ["-c", "\(flare) queues send orders x 2>&-"]).check()
                #expect(try await f.run("/bin/sh", ["-c", "\(flare) queues info nope 2>&-"]).status == 66)
            }
        }

        @Test("an error that cannot be told, on a full disk, is no other error")
        func fullError() async throws {
            try await FlareFixture.with { f in
                let flare = try BuiltPrograms.path("flare")
                #expect(try await f.run("/bin/sh", ["-c", "\(flare) queues info nope 2>/dev/full"]).status == 66)
            }
        }

        @Test("pipes that somebody made non-blocking are waited for")
        func nonBlocking() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let flare = try BuiltPrograms.path("flare")
                let program = """
                    import os, sys
                    os.set_blocking(int(sys.argv[1]), False)
                    os.execv(sys.argv[2], sys.argv[2:])
                    """
                let setter = "python3 -c '\(program)'"
                // The other side begins after the command has tried.
                let slowly = "\(flare) queues list >/dev/null"
                let send = "(\(slowly); printf late) | \(setter) 0 \(flare) queues send orders"
                try await f.run("/bin/sh", ["-c", send]).check()
                #expect(try await f.peek("orders").first?["body"]?.stringValue == "late")

                let body = String(repeating: "x", count: 100_000)
                try await f.run("queues", "send", "orders", body, "--count", "5").check()
                let export = "\(setter) 1 \(flare) queues export orders | (\(slowly); wc -l)"
                let lines = try await f.run("/bin/sh", ["-c", export]).check()
                #expect(lines.stdout.trimmingCharacters(in: .whitespacesAndNewlines) == "6")
                #expect(lines.stderr.isEmpty)
            }
        }

        @Test("a body on the command line is sent byte for byte")
        func wordBytes() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let flare = try BuiltPrograms.path("flare")
                let send = "\(flare) queues send orders \"$(printf 'a\\377')\" \"$(printf 'b\\376')\" c"
                try await f.run("/bin/sh", ["-c", send]).check()
                #expect(try await f.peek("orders").map { $0["body"]?.stringValue } == ["Yf8=", "Yv4=", "c"])
            }
        }

        @Test("an export goes into a pipe or a device as it is, and through a link; a directory is refused at once")
        func exportTargets() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "one", "two").check()
                let flare = try BuiltPrograms.path("flare")
                let fifo = f.directory + "/pipe"
                let export = "\(flare) queues export orders -o \(fifo) >/dev/null"
                let script = "mkfifo \(fifo); \(export) & wc -l < \(fifo); wait $!"
                let piped = try await f.run("/bin/sh", ["-c", script]).check()
                #expect(piped.stdout == "2\n")
                #expect(try await f.run("/bin/sh", ["-c", "test -p \(fifo) && test ! -e \(fifo).part"]).status == 0)

                let file = try f.write("kept/orders.ndjson", "old")
                let link = f.directory + "/latest"
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
                try await f.run("queues", "export", "orders", "-o", link).check()
                #expect(try await f.run("/bin/sh", ["-c", "test -L \(link) && wc -l < \(file)"]).stdout == "2\n")

                let later = f.directory + "/later"
                try FileManager.default.createSymbolicLink(atPath: later, withDestinationPath: "kept/new.ndjson")
                try await f.run("queues", "export", "orders", "-o", later).check()
                #expect(
                    try await f.run("/bin/sh", ["-c", "test -L \(later) && wc -l < kept/new.ndjson"]).stdout == "2\n"
                )

                let refused = try await f.run("queues", "export", "orders", "-o", f.directory)
                #expect(refused.status == 64)
                #expect(refused.stderr.contains("Is a directory"))
            }
        }

        @Test("the name of an open file is that file, which keeps what is in it", arguments: openNames)
        func openFiles(name: String) async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.run("queues", "send", "orders", "one", "two").check()
                try await f.run("buckets", "create", "data").check()
                try await f.run("buckets", "objects", "put", "data", "key", input: "bytes").check()
                let flare = try BuiltPrograms.path("flare")
                let file = try f.write("all.ndjson", "old\n")
                let log = f.directory + "/log"
                try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: name)
                let commands = [
                    "queues export orders -o \(name)", "queues export orders -o \(log) --json",
                    "buckets objects get data key --output \(name)",
                ]
                let descriptor = name.hasSuffix("5") ? "5" : "1"
                for command in commands {
                    try await f.run("/bin/sh", ["-c", "\(flare) \(command) \(descriptor)>>\(file)"]).check()
                }
                let text = try String(contentsOfFile: file, encoding: .utf8)
                #expect(text.hasPrefix("old\n{") && text.hasSuffix("}\nbytes"))
                #expect(text.split(separator: "\n").count == 6)
                #expect(!FileManager.default.fileExists(atPath: file + ".part"))

                // Not open for writing.
                let refused = try await f.run("queues", "export", "orders", "-o", "/dev/stdin")
                #expect(refused.status == 64)
            }
        }

        private static let openNames = ["/dev/stdout", "/dev/fd/5", "/proc/self/fd/1"]
    }
}

import FlareModel
import FlareTestSupport
import Foundation
import Testing

/// The programs of other people that speak S3, where they are installed.
private let s3cmd = FlareFixture.find("s3cmd")
private let rclone = FlareFixture.find("rclone")

extension EndToEnd {
    @Suite("S3 clients, unchanged")
    struct S3ClientsTests {
        @Test(
            "boto3 lives the common life of buckets and objects",
            .enabled(if: preparedPython != nil, noPython)
        )
        func boto3() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                let s3 = try await S3Door(f)
                let script = f.client("s3_life.py")
                let result = try await f.run(python, [script, s3.url], environment: s3.environment).check()
                #expect(result.lines == ["done"])
            }
        }

        @Test(
            "a client that is killed on its way through 200 MB finds its parts and goes on",
            .enabled(if: preparedPython != nil, noPython)
        )
        func resumed() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                let s3 = try await S3Door(f)
                let arguments = [f.client("s3_resume.py"), s3.url, "200000000"]
                try await f.run(python, arguments, environment: s3.environment).check()
            }
        }

        @Test(
            "aws s3 sync works both ways, and a queue hears of every object",
            .enabled(if: preparedPython != nil, noPython)
        )
        func sync() async throws {
            let aws = (try #require(preparedPython) as NSString).deletingLastPathComponent + "/aws"
            try await FlareFixture.with { f in
                let s3 = try await S3Door(f)
                func run(_ words: String...) async throws -> CommandResult {
                    try await f.run(aws, words, environment: s3.environment).check()
                }
                _ = try await run("s3", "mb", "s3://site")
                try await f.run("queues", "create", "events").check()
                let notification = try f.write(
                    "notification.json",
                    """
                    {"QueueConfigurations": [{"QueueArn": "arn:flare:sqs:::events",
                      "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]}
                    """
                )
                _ = try await run(
                    "s3api",
                    "put-bucket-notification-configuration",
                    "--bucket=site",
                    "--notification-configuration=file://" + notification
                )
                for (name, text) in Self.pages { try f.write("site/" + name, text) }
                _ = try await run("s3", "sync", f.directory + "/site", "s3://site")
                #expect(try await f.keys(of: "site") == Self.pages.map(\.name))
                #expect(try await s3.events() == Self.pages.map { "PutObject \($0.name)" })

                // The second time nothing is sent; back they are the same files.
                let again = try await run("s3", "sync", f.directory + "/site", "s3://site")
                #expect(again.stdout.isEmpty)
                _ = try await run("s3", "sync", "s3://site", f.directory + "/back")
                for (name, text) in Self.pages {
                    #expect(try String(contentsOfFile: f.directory + "/back/" + name, encoding: .utf8) == text)
                }

                // What is gone here goes there.
                try FileManager.default.removeItem(atPath: f.directory + "/site/index.html")
                _ = try await run("s3", "sync", f.directory + "/site", "s3://site", "--delete")
                _ = try await run("s3", "mv", "s3://site/a b.txt", "s3://site/moved.txt")
                #expect(try await f.keys(of: "site") == ["moved.txt", "ü/deep/x.json"])
                let told = Self.pages.map { "PutObject \($0.name)" }
                let more = ["CopyObject moved.txt", "DeleteObject a b.txt", "DeleteObject index.html"]
                #expect(try await s3.events() == (told + more).sorted())
                _ = try await run("s3", "rb", "s3://site", "--force")
            }
        }

        private static let pages = [
            (name: "a b.txt", text: "with a blank"), (name: "index.html", text: "<p>hello</p>"),
            (name: "ü/deep/x.json", text: "{}"),
        ]

        @Test("s3cmd puts, lists, copies, gets and deletes", .enabled(if: s3cmd != nil, "s3cmd is not installed"))
        func debian() async throws {
            let s3cmd = try #require(s3cmd)
            try await FlareFixture.with { f in
                let s3 = try await S3Door(f)
                let options = [
                    "--no-ssl", "--host=\(s3.host)", "--host-bucket=\(s3.host)", "--access_key=\(s3.key)",
                    "--secret_key=\(s3.secret)", "--no-progress", "--no-preserve",
                ]
                func run(_ words: String...) async throws -> CommandResult {
                    try await f.run(s3cmd, options + words).check()
                }
                _ = try await run("mb", "s3://tapes")
                let small = try f.write("in/one+two é.txt", "some text")
                // More than one part of s3cmd's.
                let large = try f.write("in/large", String(repeating: "0123456789", count: 1_200_000))
                _ = try await run("put", small, large, "--multipart-chunk-size-mb=5", "s3://tapes/in/")
                let listed = try await run("ls", "s3://tapes/in/").stdout
                #expect(listed.contains("s3://tapes/in/one+two é.txt") && listed.contains("12000000"))
                _ = try await run("cp", "s3://tapes/in/large", "s3://tapes/copy")
                _ = try await run("get", "s3://tapes/copy", f.directory + "/copy")
                #expect(try Data(contentsOf: URL(fileURLWithPath: f.directory + "/copy")).count == 12_000_000)
                _ = try await run("info", "s3://tapes/copy")
                _ = try await run("del", "--recursive", "--force", "s3://tapes/")
                _ = try await run("rb", "s3://tapes")
            }
        }

        @Test("rclone copies, checks and purges", .enabled(if: rclone != nil, "rclone is not installed"))
        func rcloneLife() async throws {
            let rclone = try #require(rclone)
            try await FlareFixture.with { f in
                let s3 = try await S3Door(f)
                let environment = [
                    "RCLONE_CONFIG_FLARE_TYPE": "s3", "RCLONE_CONFIG_FLARE_PROVIDER": "Other",
                    "RCLONE_CONFIG_FLARE_ENDPOINT": s3.url, "RCLONE_CONFIG_FLARE_ACCESS_KEY_ID": s3.key,
                    "RCLONE_CONFIG_FLARE_SECRET_ACCESS_KEY": s3.secret,
                ]
                func run(_ words: String...) async throws -> CommandResult {
                    try await f.run(rclone, words, environment: environment).check()
                }
                for (name, text) in Self.pages { try f.write("in/" + name, text) }
                try f.write("in/large", String(repeating: "0123456789", count: 1_200_000))
                _ = try await run("mkdir", "flare:tapes")
                _ = try await run(
                    "copy",
                    f.directory + "/in",
                    "flare:tapes/in",
                    "--s3-upload-cutoff=6M",
                    "--s3-chunk-size=5M"
                )
                _ = try await run("check", f.directory + "/in", "flare:tapes/in")
                let listed = try await run("lsf", "-R", "--files-only", "flare:tapes").lines.sorted()
                #expect(listed == (Self.pages.map { "in/" + $0.name } + ["in/large"]).sorted())
                _ = try await run("moveto", "flare:tapes/in/large", "flare:tapes/moved")
                #expect(try await run("cat", "flare:tapes/in/a b.txt").stdout == "with a blank")
                _ = try await run("purge", "flare:tapes")
                #expect(try await run("lsf", "flare:").stdout.isEmpty)
            }
        }
    }
}

/// The S3 door of a fixture's engine, with a key that opens it.
struct S3Door: Sendable {
    private let fixture: FlareFixture
    let host: String
    let key: String
    let secret: String

    var url: String { "http://" + host }

    /// What S3 clients read of their surroundings.
    var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8",
        ]
    }

    init(_ fixture: FlareFixture) async throws {
        self.fixture = fixture
        let created = try await fixture.run("buckets", "keys", "create", "--json").check().json()
        key = try #require(created["id"]?.stringValue)
        secret = try #require(created["secret"]?.stringValue)
        host = "127.0.0.1:\(try #require(try fixture.engine().s3Port))"
    }

    /// What the queue `events` has been told, each as `Action key`, sorted.
    func events() async throws -> [String] {
        let messages = try await fixture.run("queues", "peek", "events", "--max=100", "--json").check().json()
        return try (messages.arrayValue ?? []).map { message in
            let body = try #require(message["body"])
            let event = try body.stringValue.map { try JSONValue(json: Array($0.utf8)) } ?? body
            let action = try #require(event["action"]?.stringValue)
            return "\(action) \(try #require(event["object"]?["key"]?.stringValue))"
        }.sorted()
    }
}

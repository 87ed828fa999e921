import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

@Suite("Locks, CORS and domains of buckets")
struct BucketRulesTests {
    @Test("a locked object is neither replaced, copied over, completed over nor deleted, and can be read")
    func lock() async throws {
        try await BucketsFixture.with { f in
            try await f.put("held/a", "first")
            try await f.put("b", "other")
            let end = f.time.now() + .seconds(100)
            let rules = [
                LockRule(id: "short", prefix: "held/", condition: .init(maxAgeSeconds: 50)),
                LockRule(id: "long", prefix: "held/", condition: .init(date: end)),
                LockRule(id: "off", enabled: false, condition: .indefinite),
            ]
            try await f.service.setLocks(rules, of: "data")
            #expect(try await f.service.locks(of: "data") == rules)
            let error = await #expect(throws: FlareError.self) { try await f.put("held/a", "second") }
            #expect(error?.code == .objectLocked)
            #expect(error?.message.contains("\"long\" until \(end.text)") == true)
            #expect(await code { try await f.service.delete(["b", "held/a"], in: "data") } == .objectLocked)
            #expect(try await f.text("b") == "other")
            let source = ObjectSource(bucket: "data", key: "b")
            #expect(await code { try await f.service.copy(from: source, to: "held/a", in: "data") } == .objectLocked)
            let upload = try await f.service.createUpload("held/a", in: "data")
            let part = try await f.service.uploadPart(1, of: upload.id, key: "held/a", in: "data", Pieces(1, of: 2))
            let parts = [CompletedPart(number: 1, etag: part.etag)]
            #expect(
                await code { try await f.service.completeUpload(upload.id, key: "held/a", in: "data", parts: parts) }
                    == .objectLocked
            )
            #expect(try await f.text("held/a") == "first")
            // A new key is not held, nor what is over.
            try await f.put("held/new")
            f.time.advance(by: .seconds(101))
            try await f.put("held/a", "second")
            #expect(try await f.text("held/a") == "second")
            try await f.service.setLocks([LockRule(id: "all", condition: .indefinite)], of: "data")
            f.time.advance(by: .seconds(1_000_000_000))
            #expect(await code { try await f.service.delete(["b"], in: "data") } == .objectLocked)
            try await f.service.setLocks([], of: "data")
            try await f.service.delete(["b"], in: "data")
        }
    }

    @Test("a page of an allowed origin gets the headers that its browser asks for, and others get none")
    func cors() {
        let rule = CORSRule(
            allowed: .init(
                origins: ["https://a.example", "https://*.b.example"],
                methods: ["GET", "PUT"],
                headers: ["Content-Type", "x-amz-*"]
            ),
            exposeHeaders: ["ETag"],
            maxAgeSeconds: 600
        )
        let open = CORSRule(allowed: .init(origins: ["*"], methods: ["HEAD"]))
        let rules = [rule, open]
        func answer(_ origin: String, _ method: String, _ headers: [String]?) -> [String: String]? {
            rules.match(origin: origin, method: method, requestHeaders: headers)
                .map { Dictionary($0.map { ($0.name, $0.value) }) { first, _ in first } }
        }
        let preflight = answer("https://x.b.example", "PUT", ["content-type", "X-Amz-Date"])
        #expect(preflight?["Access-Control-Allow-Origin"] == "https://x.b.example")
        #expect(preflight?["Access-Control-Allow-Methods"] == "GET, PUT")
        #expect(preflight?["Access-Control-Allow-Headers"] == "content-type, X-Amz-Date")
        #expect(preflight?["Access-Control-Max-Age"] == "600")
        let plain = answer("https://a.example", "GET", nil)
        #expect(plain?["Access-Control-Expose-Headers"] == "ETag")
        #expect(plain?["Access-Control-Allow-Methods"] == nil)
        #expect(plain?["Vary"]?.contains("Origin") == true)
        #expect(answer("https://evil.example", "GET", nil) == nil)
        #expect(answer("https://a.example", "DELETE", nil) == nil)
        #expect(answer("https://a.example", "PUT", ["x-other"]) == nil)
        // The stars stand for something in the middle of a name, not for its end.
        #expect(answer("https://x.b.example.evil", "GET", nil) == nil)
        #expect(answer("https://evil.example", "HEAD", nil)?["Access-Control-Allow-Origin"] == "*")
    }

    @Test("CORS rules are kept as they came, and wrong ones refused with the rule")
    func corsRules() async throws {
        try await BucketsFixture.with { f in
            #expect(try await f.service.cors(of: "data") == [])
            let good = [CORSRule(id: "web", allowed: .init(origins: ["http://localhost:3000"], methods: ["GET"]))]
            try await f.service.setCORS(good, of: "data")
            #expect(try await f.service.cors(of: "data") == good)
            let bad: [CORSRule] = [
                .init(allowed: .init(origins: [], methods: ["GET"])),
                .init(allowed: .init(origins: ["*"], methods: [])),
                .init(allowed: .init(origins: ["*"], methods: ["PATCH"])),
                .init(allowed: .init(origins: ["example.com"], methods: ["GET"])),
                .init(allowed: .init(origins: ["https://a.example/"], methods: ["GET"])),
                .init(allowed: .init(origins: ["*"], methods: ["GET"], headers: ["bad header"])),
                .init(allowed: .init(origins: ["*"], methods: ["GET"]), maxAgeSeconds: 86_401),
            ]
            for rule in bad {
                #expect(await code { try await f.service.setCORS([rule], of: "data") } == .invalidArgument)
            }
            #expect(try await f.service.cors(of: "data") == good)
            #expect(await code { try await f.service.setCORS(good, of: "dat") } == .bucketNotFound)
            try await f.service.setCORS([], of: "data")
            #expect(try await f.service.cors(of: "data") == [])
        }
    }

    @Test("a bucket is found by its host names while they are open, and a name leads to one bucket only")
    func domains() async throws {
        try await BucketsFixture.with { f in
            try await f.service.create("other")
            #expect(try await f.service.publicBucket(forHost: "data.public.localhost") == nil)
            try await f.service.setManagedDomain("data", isOpen: true)
            #expect(try await f.service.publicBucket(forHost: "DATA.public.localhost") == "data")
            #expect(try await f.service.publicBucket(forHost: "other.public.localhost") == nil)
            try await f.service.setManagedDomain("data", isOpen: false)
            #expect(try await f.service.publicBucket(forHost: "data.public.localhost") == nil)
            let added = try await f.service.addCustomDomain(
                "Files.Example.com",
                to: "data",
                zoneID: "z",
                CustomDomainChange(minimumTLS: "1.2")
            )
            #expect(added.domain == "files.example.com")
            #expect(try await f.service.publicBucket(forHost: "files.example.com") == "data")
            let taken = await #expect(throws: FlareError.self) {
                try await f.service.addCustomDomain("files.example.com", to: "other", zoneID: "", .init())
            }
            #expect(taken?.code == .alreadyExists)
            #expect(taken?.message.contains("\"data\"") == true)
            let changed = try await f.service.updateCustomDomain(
                "files.example.com",
                of: "data",
                .init(isEnabled: false)
            )
            #expect(changed.minimumTLS == "1.2")
            #expect(try await f.service.publicBucket(forHost: "files.example.com") == nil)
            for bad in ["nodots", "https://a.example", "a..b", "-a.example", "x.public.localhost", "a_b.example"] {
                #expect(
                    await code { try await f.service.addCustomDomain(bad, to: "data", zoneID: "", .init()) }
                        == .invalidArgument
                )
            }
            let near = await #expect(throws: FlareError.self) {
                try await f.service.removeCustomDomain("file.example.com", of: "data")
            }
            #expect(near?.code == .domainNotFound)
            #expect(near?.message.contains("Did you mean \"files.example.com\"") == true)
            // What belongs to a bucket goes with it.
            try await f.service.delete("data")
            try await f.service.create("data")
            #expect(try await f.service.customDomains(of: "data") == [])
        }
    }

    @Test("rules of a deploy are added, kept with their ids, moved and removed; those of commands are left alone")
    func declared() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("by-hand")
            let own = try await f.addRule(queue: "by-hand", prefix: "hand/").rules[0]
            func declare(_ rules: [DeclaredNotificationRule], of worker: String = "app") async throws {
                try await f.database.write { try f.service.setRules(rules, ofWorker: worker, in: $0) }
            }
            func rule(_ prefix: String, _ queue: String, _ bucket: String = "data") -> DeclaredNotificationRule {
                .init(bucket: bucket, queue: queue, rule: .init(prefix: prefix, actions: [.putObject]))
            }
            // What is missing is created.
            try await declare([rule("a/", "first"), rule("", "first", "fresh")])
            let first = try await f.service.rules(of: "data", queue: "first").rules
            #expect(first.map(\.worker) == ["app"])
            #expect(try await f.service.rules(of: "fresh", queue: "first").rules.count == 1)
            #expect(try await f.queues.get("first").producers.map(\.name) == ["data", "fresh"])
            try await declare([rule("a/", "first"), rule("b/", "second")])
            #expect(try await f.service.rules(of: "data", queue: "first").rules == first)
            #expect(try await f.service.rules(of: "fresh").isEmpty)
            #expect(try await f.queues.get("first").producers.map(\.name) == ["data"])
            // The same keys to another queue are a move, no overlap.
            try await declare([rule("a/", "second"), rule("b/", "second")])
            #expect(try await f.service.rules(of: "data", queue: "first").rules.isEmpty)
            let hand = await #expect(throws: FlareError.self) { try await declare([rule("hand/x", "second")]) }
            #expect(hand?.code == .ruleOverlap)
            #expect(hand?.message.contains(own.id) == true)
            let other = await #expect(throws: FlareError.self) {
                try await declare([rule("a/x", "second")], of: "other")
            }
            #expect(other?.code == .ruleOverlap)
            #expect(other?.message.contains("Worker \"app\"") == true)
            #expect(try await f.service.rules(of: "data", queue: "second").rules.count == 2)
            try await declare([])
            #expect(try await f.service.rules(of: "data").flatMap(\.rules) == [own])
        }
    }

    @Test("a test of rules says which match, and sends to them alone unless it is a dry run")
    func test() async throws {
        try await BucketsFixture.with { f in
            _ = try await f.queues.create("images")
            _ = try await f.queues.create("deleted")
            let images = try await f.addRule(queue: "images", suffix: ".png").rules[0]
            _ = try await f.addRule(queue: "deleted", [.objectDelete])
            let dry = try await f.service.testRules(.putObject, key: "a.png", bucket: "data", isDryRun: true)
            #expect(dry.matches.map(\.ruleId) == [images.id])
            #expect(dry.sent == 0)
            #expect(try await f.messages("images").isEmpty)
            let none = try await f.service.testRules(.putObject, key: "a.txt", bucket: "data", isDryRun: false)
            #expect(none.matches.isEmpty)
            let sent = try await f.service.testRules(.deleteObject, key: "a.png", bucket: "data", isDryRun: false)
            #expect(sent.matches.map(\.queueName) == ["deleted"])
            #expect(try await f.messages("deleted").map { $0["object"] } == [.object(["key": .string("a.png")])])
            #expect(try await f.messages("images").isEmpty)
            // Nothing has happened, so nothing is in the log.
            #expect(try await f.service.eventCursor(.now, of: "data") == 0)
        }
    }
}

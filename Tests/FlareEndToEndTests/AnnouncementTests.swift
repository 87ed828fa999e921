import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("the announced workflow")
    struct AnnouncementTests {
        @Test("an uploaded object starts it by its notification, and it completes")
        func completes() async throws {
            try await FlareFixture.with { f in
                let flow = try await AnnouncementFlow(f)
                try await flow.open("models", "vectors")
                try await flow.upload("notes/a.txt", "Hello")
                try await flow.waitForCall(1, of: "vectors")
                let end = try await flow.end()
                #expect(end["status"]?.stringValue == "complete")
                #expect(end["trigger"]?["source"]?.stringValue == "queue")

                let message = try #require(end["params"]?["messages"]?.arrayValue?.first)
                #expect(message["action"]?.stringValue == "PutObject")
                #expect(message["bucket"]?.stringValue == "uploads")
                #expect(message["object"]?["key"]?.stringValue == "notes/a.txt")
                #expect(message["object"]?["size"]?.integerValue == 5)

                let steps = end["steps"]?.arrayValue ?? []
                #expect(steps.map { $0["name"]?.stringValue } == Announcement.steps.map { "\($0)-1" })
                #expect(steps.map { $0["attempts"]?.arrayValue?.count } == [1, 1, 1])
                #expect(steps.first?["output"] == .array([.string("Hello")]))
                #expect(try await flow.arguments(of: "vectors") == [.array([])])
                let call = try #require(try await flow.arguments(of: "models").first)
                #expect(call["model"]?.stringValue == "@cf/baai/bge-small-en-v1.5")
                #expect(call["inputs"]?["text"] == .array([.string("Hello")]))
            }
        }

        /// Where the engine is killed, and what an outsider counts in the end.
        enum Moment: String, CaseIterable {
            case beforeTheFirst, duringTheSecond, beforeItsRetry, betweenSecondAndThird, duringTheThird, afterTheEnd

            /// Calls of the models and of the vector index; a call that was cut off is made again.
            var calls: [Int] {
                switch self {
                case .beforeTheFirst, .betweenSecondAndThird, .afterTheEnd: [1, 1]
                case .duringTheSecond, .beforeItsRetry: [2, 1]
                case .duringTheThird: [1, 2]
                }
            }
        }

        @Test("killed at any moment it goes on by itself, and no finished step runs twice", arguments: Moment.allCases)
        func killed(_ moment: Moment) async throws {
            try await FlareFixture.with { f in
                let flow = try await AnnouncementFlow(f)
                if moment == .beforeTheFirst { try await f.run("queues", "update", "new-uploads", "--pause").check() }
                try await flow.upload("a", moment == .beforeItsRetry ? "unlucky" : "Hello")
                let first = try await bring(flow, to: moment)
                try await f.killEngine()
                try await f.startEngine()
                if moment == .beforeTheFirst { try await f.run("queues", "update", "new-uploads", "--resume").check() }
                if moment == .betweenSecondAndThird {
                    #expect(try await flow.status()["status"]?.stringValue == "paused")
                    try await f.run("workflows", "resume", "embed").check()
                }
                try await flow.open("models", "vectors", "luck")
                try await waitUntil("the instance") { try await flow.status()["id"] != nil }
                let end = try await flow.end()
                #expect(end["status"]?.stringValue == "complete")
                let steps = end["steps"]?.arrayValue ?? []
                #expect(steps.map { $0["name"]?.stringValue } == Announcement.steps.map { "\($0)-1" })
                let kept = (first?["steps"]?.arrayValue ?? []).filter { $0["success"] == .bool(true) }
                #expect(Array(steps.prefix(kept.count)) == kept, "what was finished has changed")
                for step in steps {
                    let attempts = step["attempts"]?.arrayValue ?? []
                    #expect(attempts.count { $0["success"] == .bool(true) } == 1)
                }
                #expect([try await flow.calls(of: "models"), try await flow.calls(of: "vectors")] == moment.calls)
                let instances = try await f.run("workflows", "instances", "embed", "--json").check().json()
                #expect(instances.arrayValue?.count == 1)
            }
        }

        /// Waits until an instance has come to a moment; returns it as it then is, nil before it exists.
        private func bring(_ flow: AnnouncementFlow, to moment: Moment) async throws -> JSONValue? {
            switch moment {
            case .beforeTheFirst:
                #expect(try await flow.fixture.run("workflows", "status", "embed").status == 66)
                return nil
            case .duringTheSecond:
                try await flow.waitForCall(1, of: "models")
            case .beforeItsRetry:
                try await flow.open("models")
                try await waitUntil("the first attempt has failed") {
                    let step = try await flow.status()["steps"]?.arrayValue?.last
                    return step?["attempts"]?.arrayValue?.first?["success"] == .bool(false)
                }
            case .betweenSecondAndThird:
                try await flow.waitForCall(1, of: "models")
                try await flow.fixture.run("workflows", "pause", "embed").check()
                try await flow.open("models")
                try await flow.waitForStatus("paused")
            case .duringTheThird:
                try await flow.open("models")
                try await flow.waitForCall(1, of: "vectors")
            case .afterTheEnd:
                try await flow.open("models", "vectors")
                try await flow.waitForStatus("complete")
            }
            let status = try await flow.status()
            let finished = (status["steps"]?.arrayValue ?? []).count { $0["success"] == .bool(true) }
            let expected = [Moment.duringTheSecond: 1, .beforeItsRetry: 1, .afterTheEnd: 3][moment] ?? 2
            #expect(finished == expected, "the engine is to be killed \(moment)")
            return status
        }

        @Test("of a hundred objects, put while the engine is killed, each is told to one instance")
        func hundred() async throws {
            let count = 100
            try await FlareFixture.with { f in
                let flow = try await AnnouncementFlow(f)
                try await flow.open("models", "vectors")
                let token = try await f.createToken()
                let keys = (0..<count).map { "object-\($0)" }
                for (index, key) in keys.enumerated() {
                    if index == count / 2 {
                        try await f.killEngine()
                        try await f.startEngine()
                    }
                    let path = "/client/v4/accounts/local/r2/buckets/uploads/objects/\(key)"
                    _ = try await f.api("PUT", path, token: token, body: .string(key))
                }
                let path = "/client/v4/accounts/local/workflows/embed/instances"
                var told: [String] = []
                try await waitUntil("every object is told of and every instance is complete", within: .seconds(120)) {
                    let instances = try await f.apiPages(path, token: token)
                    guard instances.allSatisfy({ $0["status"]?.stringValue == "complete" }) else { return false }
                    told = []
                    for instance in instances {
                        let id = instance["id"]?.stringValue ?? ""
                        let messages = try await f.api("GET", "\(path)/\(id)", token: token)["params"]?["messages"]
                        told += (messages?.arrayValue ?? []).compactMap { $0["object"]?["key"]?.stringValue }
                    }
                    return told.count >= count
                }
                #expect(told.sorted() == keys.sorted())
                let texts = try await flow.arguments(of: "models").flatMap { $0["inputs"]?["text"]?.arrayValue ?? [] }
                #expect(Set(texts.compactMap(\.stringValue)) == Set(keys.map { "\"\($0)\"" }))
            }
        }
    }
}

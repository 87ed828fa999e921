import FlareModel
import FlareStore
import FlareWorkers
import NIOEmbedded
import Testing

@testable import FlareGateway

@Suite("the tails that clients ask for")
struct TailSessionsTests {
    private static func sessions() -> TailSessions {
        let sessions = TailSessions(time: ManualTime())
        sessions.listens(on: 1)
        return sessions
    }

    @Test("tails of clients that never came or were killed make room for new ones, the oldest first")
    func makesRoom() throws {
        let sessions = Self.sessions()
        let tails = try (0..<Limits.tailsOfWorkerMax).map { _ in try sessions.create(of: "shop", where: .init()) }
        let (first, channel) = (tails[0].id, EmbeddedChannel())
        let isFollowed = sessions.begin(channel, of: first)
        #expect(isFollowed)
        let next = try sessions.create(of: "shop", where: .init())
        #expect(sessions.find(first) != nil && sessions.find(next.id) != nil)
        #expect(sessions.find(tails[1].id) == nil && sessions.find(tails[2].id) != nil)
        // Its client was killed.
        sessions.end(channel, of: first)
        _ = try sessions.create(of: "shop", where: .init())
        #expect(sessions.find(first) == nil)
    }

    @Test("a Worker whose tails are all followed gets no further one, and another Worker does")
    func full() throws {
        let sessions = Self.sessions()
        for _ in 0..<Limits.tailsOfWorkerMax {
            let isFollowed = sessions.begin(EmbeddedChannel(), of: try sessions.create(of: "shop", where: .init()).id)
            #expect(isFollowed)
        }
        let error = #expect(throws: FlareError.self) { try sessions.create(of: "shop", where: .init()) }
        #expect(error?.code == .tooManyRequests)
        #expect(error?.message == "the Worker \"shop\" has 10 tails, and all of them are followed")
        _ = try sessions.create(of: "other", where: .init())
    }

    @Test("one tail is followed by so many connections and no more")
    func followers() throws {
        let sessions = Self.sessions()
        let id = try sessions.create(of: "shop", where: .init()).id
        let begun = (0...Limits.tailFollowersMax).map { _ in sessions.begin(EmbeddedChannel(), of: id) }
        #expect(begun == Array(repeating: true, count: Limits.tailFollowersMax) + [false])
    }

    @Test("a tail that cannot be followed yet takes no place")
    func starting() throws {
        let sessions = TailSessions(time: ManualTime())
        let error = #expect(throws: FlareError.self) { try sessions.create(of: "shop", where: .init()) }
        #expect(error?.code == .engineUnavailable)
        #expect(sessions.newest(of: "shop") == nil)
    }
}

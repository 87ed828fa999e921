import NIOCore
import Testing

@testable import FlareGateway

@Suite("replies of one connection")
struct ReplyQueueTests {
    private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test("are written in the order of the requests")
    func order() {
        var queue = ReplyQueue()
        let tickets = (0..<3).map { _ in queue.reserve() }
        queue.complete(tickets[2], with: bytes("c"), closes: false)
        queue.complete(tickets[1], with: bytes("b"), closes: false)
        #expect(queue.next() == nil)
        queue.complete(tickets[0], with: bytes("a"), closes: false)
        #expect(queue.next() == .write(bytes("a")))
        #expect(queue.next() == .write(bytes("b")))
        #expect(queue.next() == .write(bytes("c")))
        #expect(queue.next() == nil)
        #expect(queue.count == 0)
    }

    @Test("nothing is written after the one that closes")
    func closing() {
        var queue = ReplyQueue()
        let first = queue.reserve()
        let second = queue.reserve()
        queue.complete(second, with: bytes("b"), closes: false)
        queue.complete(first, with: bytes("a"), closes: true)
        #expect(queue.next() == .writeThenClose(bytes("a")))
        #expect(queue.next() == nil)
    }

    @Test("100 Continue waits for the replies before it")
    func expectation() {
        var queue = ReplyQueue()
        let first = queue.reserve()
        let second = queue.reserve()
        queue.expectContinue(second)
        #expect(queue.next() == nil)
        queue.complete(first, with: bytes("a"), closes: false)
        #expect(queue.next() == .write(bytes("a")))
        #expect(queue.next() == .writeContinue)
        #expect(queue.next() == nil)
        queue.complete(second, with: bytes("b"), closes: false)
        #expect(queue.next() == .write(bytes("b")))
    }

    @Test("a second reply to the same request is dropped")
    func twice() {
        var queue = ReplyQueue()
        let ticket = queue.reserve()
        queue.complete(ticket, with: bytes("a"), closes: false)
        queue.complete(ticket, with: bytes("b"), closes: false)
        #expect(queue.next() == .write(bytes("a")))
        queue.complete(ticket, with: bytes("c"), closes: false)
        #expect(queue.next() == nil)
    }
}

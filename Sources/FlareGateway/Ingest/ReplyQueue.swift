import NIOCore

/// Keeps the replies of one connection in the order of its requests, however the disk orders them.
///
/// HTTP/1.1 pipelining: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
struct ReplyQueue {
    enum Action: Equatable {
        case write(ByteBuffer)
        /// The last reply of this connection.
        case writeThenClose(ByteBuffer)
        /// `100 Continue` for the request whose body the client holds back.
        case writeContinue
    }

    private enum Slot {
        case waiting(wantsContinue: Bool)
        case ready(ByteBuffer, closes: Bool)
    }

    private var slots = CircularBuffer<Slot>()
    private var firstTicket = 0
    private var isClosed = false

    /// Requests without a written reply.
    var count: Int { slots.count }

    /// Takes the next place in the order for a request whose head has arrived.
    mutating func reserve() -> Int {
        slots.append(.waiting(wantsContinue: false))
        return firstTicket + slots.count - 1
    }

    /// The client of this request sends its body only after `100 Continue`.
    mutating func expectContinue(_ ticket: Int) {
        set(ticket, .waiting(wantsContinue: true))
    }

    /// The reply of a request is known.
    ///
    /// A second one for the same request is dropped.
    mutating func complete(_ ticket: Int, with reply: ByteBuffer, closes: Bool) {
        guard ticket >= firstTicket, case .waiting = slots[offset: ticket - firstTicket] else { return }
        set(ticket, .ready(reply, closes: closes))
    }

    /// What may be written now; nil when the next reply is not known yet.
    mutating func next() -> Action? {
        guard !isClosed, let first = slots.first else { return nil }
        switch first {
        case .waiting(wantsContinue: false):
            return nil
        case .waiting(wantsContinue: true):
            set(firstTicket, .waiting(wantsContinue: false))
            return .writeContinue
        case .ready(let reply, let closes):
            slots.removeFirst()
            firstTicket += 1
            isClosed = closes
            return closes ? .writeThenClose(reply) : .write(reply)
        }
    }

    private mutating func set(_ ticket: Int, _ slot: Slot) {
        guard ticket >= firstTicket, ticket - firstTicket < slots.count else { return }
        slots[slots.index(slots.startIndex, offsetBy: ticket - firstTicket)] = slot
    }
}

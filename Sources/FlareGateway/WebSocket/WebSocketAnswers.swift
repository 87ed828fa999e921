import FlareModel
import FlarePipelines
import NIOCore

/// Keeps the answers of one connection in the order of its messages, however the stream orders them.
struct WebSocketAnswers {
    private struct Slot {
        let round: WebSocketRound
        var isReady = false
        var result: Result<AppendReceipt, FlareError>?
    }

    private var slots = CircularBuffer<Slot>()
    private var firstTicket = 0
    /// What clients have sent and not been answered for.
    private(set) var bytes = 0
    private(set) var messages = 0

    var isEmpty: Bool { slots.isEmpty }

    /// Takes the next place in the order.
    mutating func reserve(_ round: WebSocketRound) -> Int {
        slots.append(Slot(round: round))
        bytes += round.bytes
        messages += round.messages
        return firstTicket + slots.count - 1
    }

    /// What became of a round; nil when nothing of it had to be appended.
    ///
    /// To be called once for each ticket.
    mutating func complete(_ ticket: Int, with result: Result<AppendReceipt, FlareError>?) -> WebSocketRound {
        let index = slots.index(slots.startIndex, offsetBy: ticket - firstTicket)
        slots[index].isReady = true
        slots[index].result = result
        return slots[index].round
    }

    /// Writes the answers that are known and follow the last one written.
    mutating func writeReady(resume: Int64?, to output: inout ByteBuffer) {
        while let slot = slots.first, slot.isReady {
            slot.round.writeAnswers(slot.result, resume: resume, to: &output)
            bytes -= slot.round.bytes
            messages -= slot.round.messages
            slots.removeFirst()
            firstTicket += 1
        }
    }
}

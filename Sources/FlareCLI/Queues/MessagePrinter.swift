import FlareClient
import FlareModel

/// Prints messages and acknowledges them, in this order.
struct MessagePrinter {
    let leases: MessageLeases
    let keeper: LeaseKeeper
    let settler: Settler
    let shell: Shell
    let stop: StopRequest
    let batchSize: Int
    let limit: Int?
    let acknowledges: Bool
    let printsJSON: Bool
    private(set) var report = ConsumeReport()

    init(
        leases: MessageLeases,
        keeper: LeaseKeeper,
        settler: Settler,
        stop: StopRequest,
        batchSize: Int,
        limit: Int?,
        acknowledges: Bool,
        printsJSON: Bool
    ) {
        self.leases = leases
        self.keeper = keeper
        self.settler = settler
        shell = settler.shell
        self.stop = stop
        self.batchSize = batchSize
        self.limit = limit
        self.acknowledges = acknowledges
        self.printsJSON = printsJSON
    }

    /// Goes on until there is no message left, the limit is reached or the wish to stop comes.
    mutating func run() async throws {
        // The settlement of one batch goes on beside the lease of the next.
        var settling: Task<Set<String>, any Error>?
        do {
            while limit.map({ report.handled < $0 }) ?? true, !stop.isStopping {
                let messages = try await leases.next(min(batchSize, limit.map { $0 - report.handled } ?? batchSize))
                if messages.isEmpty { break }
                keeper.hold(acknowledges ? messages : [])
                let (settlement, failure) = show(messages)
                try await noteLost(settling)
                keeper.settles(settlement.leases.map(\.leaseID))
                let (settler, keeper) = (settler, keeper)
                settling = Task {
                    defer { for lease in settlement.leases { _ = keeper.release(lease.leaseID) } }
                    return try await settler.settle(settlement)
                }
                if let failure {
                    try await noteLost(settling)
                    shell.end(failure)
                }
            }
        } catch {
            _ = try? await settling?.value
            throw error
        }
        try await noteLost(settling)
    }

    private mutating func noteLost(_ settling: Task<Set<String>, any Error>?) async throws {
        guard let settling else { return }
        let lost = try await settling.value
        guard !lost.isEmpty else { return }
        report.lost += lost.count
        report.acknowledged -= min(lost.count, report.acknowledged)
        shell.warn("\(counted(lost.count, "message")) may come again: the lease had run out before the acknowledgement")
    }

    /// Prints what it can, and gives back the rest.
    private mutating func show(_ messages: [QueueMessageBody]) -> (QueueAckRequest, Shell.OutputFailure?) {
        var settlement = QueueAckRequest(acks: [], releases: [])
        var failure: Shell.OutputFailure?
        for message in messages {
            guard let leaseID = message.leaseID else { continue }
            if failure == nil, !stop.isStopping {
                do {
                    try shell.tryWriteBytes(bytes(of: message))
                    report.add(acknowledges ? .acknowledged : .kept)
                    if acknowledges { settlement.acks?.append(.init(leaseID: leaseID)) }
                    continue
                } catch {
                    failure = error
                }
            }
            report.add(.returned)
            settlement.releases?.append(.init(leaseID: leaseID))
        }
        return (settlement, failure)
    }

    private func bytes(of message: QueueMessageBody) -> [UInt8] {
        let newline = [UInt8(ascii: "\n")]
        if printsJSON { return FlareJSON.encode(message) + newline }
        // What the engine sends is valid; a body that could not be read is shown as it came.
        return ((try? message.bytes()) ?? Array(message.body.utf8)) + newline
    }
}

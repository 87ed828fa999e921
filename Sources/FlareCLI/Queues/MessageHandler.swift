import FlareClient
import FlareModel

/// Handles leased messages one after the other and settles each lease by what came of it.
struct MessageHandler {
    let queue: String
    let shell: Shell
    let client: EngineClient
    /// Run for each message; nil prints it.
    let command: String?
    let acknowledges: Bool
    /// The wait of messages on which a command failed, or that it gave back.
    let laterSeconds: Int
    private(set) var handled = 0
    private(set) var failed = 0

    init(
        queue: String,
        shell: Shell,
        client: EngineClient,
        command: String?,
        acknowledges: Bool,
        laterSeconds: Int
    ) {
        self.queue = queue
        self.shell = shell
        self.client = client
        self.command = command
        self.acknowledges = acknowledges
        self.laterSeconds = laterSeconds
    }

    /// Handles a batch.
    ///
    /// When the command is interrupted or fails on the way, what is left is given back at once.
    mutating func handle(_ messages: [QueueMessageBody]) async throws {
        var settlement = QueueAckRequest(acks: [], retries: [], releases: [])
        do {
            for message in messages {
                guard let leaseID = message.leaseID else { continue }
                let lease = QueueAckRequest.Lease(leaseID: leaseID)
                if Task.isCancelled {
                    settlement.releases?.append(lease)
                } else if let command {
                    try await run(command, on: message, lease, &settlement)
                } else {
                    try show(message)
                    handled += 1
                    if acknowledges { settlement.acks?.append(lease) }
                }
            }
        } catch {
            let settled = Set(settlement.leases.map(\.leaseID))
            let left = messages.compactMap(\.leaseID).filter { !settled.contains($0) }
            settlement.releases?.append(contentsOf: left.map { .init(leaseID: $0) })
            try await settle(settlement)
            throw error
        }
        try await settle(settlement)
    }

    private func show(_ message: QueueMessageBody) throws {
        if shell.json {
            shell.writeBytes(FlareJSON.encode(message) + [UInt8(ascii: "\n")])
        } else {
            shell.writeBytes(try message.bytes() + [UInt8(ascii: "\n")])
        }
    }

    private mutating func run(
        _ command: String,
        on message: QueueMessageBody,
        _ lease: QueueAckRequest.Lease,
        _ settlement: inout QueueAckRequest
    ) async throws {
        let environment = [
            "FLARE_QUEUE": queue,
            "FLARE_MESSAGE_ID": message.id,
            "FLARE_MESSAGE_ATTEMPTS": "\(message.attempts)",
        ]
        let end = try await ShellCommand(command, input: try message.bytes(), environment: environment).run()
        var lease = lease
        switch end {
        case .exited(0):
            settlement.acks?.append(lease)
        case .exited(75):
            lease.delaySeconds = laterSeconds
            settlement.releases?.append(lease)
        case _ where Task.isCancelled:
            // Stopped because flare was: not the message's fault.
            settlement.releases?.append(lease)
        default:
            lease.delaySeconds = laterSeconds
            lease.reason = "the command \(end)"
            settlement.retries?.append(lease)
            failed += 1
            shell.warn("message \(message.id), attempt \(message.attempts): the command \(end)")
        }
        handled += 1
    }

    /// Settles in a task of its own, which the interrupt that may have ended this one does not cancel.
    private func settle(_ settlement: QueueAckRequest) async throws {
        guard !settlement.leases.isEmpty else { return }
        let path = try QueuePath.own(queue, "settle")
        let client = client
        let task = Task { try await client.call("POST", path, body: settlement, as: QueueAckBody.self) }
        for (lease, warning) in try await task.value.warnings.sorted(by: { $0.key < $1.key }) {
            shell.warn("lease \(lease): \(warning)")
        }
    }
}

extension QueueAckRequest {
    /// All that it settles.
    fileprivate var leases: [Lease] { (acks ?? []) + (retries ?? []) + (releases ?? []) }
}

package import FlareModel
import FlareStore

/// Taking messages out of a queue by the page: back to where they came from, into another queue, or away.
extension QueueService {
    /// What is done with the messages of a page.
    package enum Transfer: Sendable, Hashable {
        /// A new life from the first attempt: dead letters in the queue that they came from, dead messages in their own
        /// queue, or all in the one that is named.
        case redrive(to: String?)
        case move(to: String)
        case remove
    }

    /// Which messages a page is about.
    package struct Selection: Sendable {
        package var filter = MessageConditions()
        package var set: QueueMessageSet
        /// Messages that the page may touch.
        package var limit = Limits.messageTransferDefault
        /// Where the last page ended; nil for the first one.
        package var cursor: String?

        package init(set: QueueMessageSet) {
            self.set = set
        }
    }

    /// Carries out one page in one transaction; the next one begins at the answer's `cursor`.
    ///
    /// Messages that were not there when the first page began are left alone, and so are leased ones.
    package func transfer(
        _ transfer: Transfer,
        of nameOrID: String,
        _ selection: Selection,
        isDryRun: Bool = false
    ) async throws -> QueueTransferBody {
        guard (1...Limits.messageTransferMax).contains(selection.limit) else {
            throw FlareError(
                .invalidArgument,
                "limit \(selection.limit) is out of range",
                hint: "give 1 to \(Limits.messageTransferMax)"
            )
        }
        if isDryRun {
            return try await database.read { tx in
                var page = try TransferPage(transfer, nameOrID, selection, of: self, in: tx)
                page.limit = .max
                try page.select(in: tx)
                return page.report
            }
        }
        return try await database.write { tx in
            var page = try TransferPage(transfer, nameOrID, selection, of: self, in: tx)
            try page.select(in: tx)
            try page.carryOut(in: tx)
            return page.report
        }
    }

    /// Gives all dead letters and dead messages of a queue a new life, page by page.
    package func redrive(
        _ nameOrID: String,
        to target: String? = nil,
        filter: MessageConditions = MessageConditions()
    ) async throws -> QueueTransferBody {
        var selection = Selection(set: .all)
        selection.filter = filter
        var report = QueueTransferBody()
        repeat {
            selection.cursor = report.cursor
            report.add(try await transfer(.redrive(to: target), of: nameOrID, selection))
        } while report.cursor != nil
        return report
    }
}

/// One page of a transfer: first selects, then carries out.
private struct TransferPage {
    /// Messages of one span, one after the other, that go the same way.
    private struct Run {
        let span: SpanRecord
        var range: Range<Int64>
        /// Nil for a removal.
        let target: QueueRecord?
    }

    let queues: QueueService
    let transfer: QueueService.Transfer
    let queue: QueueRecord
    let set: QueueMessageSet
    let filter: MessageConditions
    let now: Timestamp
    var limit: Int
    var report = QueueTransferBody()
    private var runs: [Run] = []
    private var after: Int64
    private let last: Int64
    private var targets: [String: QueueRecord?] = [:]

    init(
        _ transfer: QueueService.Transfer,
        _ nameOrID: String,
        _ selection: QueueService.Selection,
        of queues: QueueService,
        in tx: Transaction
    ) throws {
        self.queues = queues
        self.transfer = transfer
        queue = try queues.record(named: nameOrID, in: tx)
        filter = selection.filter
        now = queues.now
        limit = selection.limit
        if let cursor = selection.cursor {
            let parts = cursor.split(separator: "-").map { Int64($0) }
            guard parts.count == 2, let after = parts[0], let last = parts[1] else {
                throw FlareError(.invalidArgument, "\"\(cursor)\" is not a cursor", hint: "use that of the last page")
            }
            (self.after, self.last) = (after, last)
        } else {
            (after, last) = (-1, try ChunkRecord.lastSequence(in: tx))
        }
        switch transfer {
        case .remove: set = selection.set
        case .move(let name):
            set = selection.set
            let target = try queues.record(named: name, in: tx)
            guard target.id != queue.id else {
                throw FlareError(
                    .invalidArgument,
                    "queue \"\(queue.name)\" is both source and target",
                    hint: "name another queue"
                )
            }
            targets[name] = target
        case .redrive(let name?):
            let target = try queues.record(named: name, in: tx)
            // What lives here already has nothing to gain from being sent here again.
            set = target.id == queue.id ? .dead : selection.set
            targets[name] = target
        case .redrive(nil): set = selection.set
        }
    }

    /// Chooses the messages of the page and says in the report what becomes of them.
    mutating func select(in tx: Transaction) throws {
        while true {
            let spans = try SpanRecord.after(after, upTo: last, of: queue.number, set, limit: 32, in: tx)
            guard !spans.isEmpty else {
                report.cursor = nil
                return
            }
            for span in spans {
                try select(from: span, in: tx)
                guard report.count < limit, report.scanned < Limits.messageTransferScanMax,
                    report.bytes < Limits.messageSweepBytes || limit == .max
                else {
                    report.cursor = "\(after)-\(last)"
                    return
                }
            }
        }
    }

    private mutating func select(from span: SpanRecord, in tx: Transaction) throws {
        let range = max(span.first, after + 1)..<span.sequences.upperBound
        let chunk = try ChunkRecord.find(ChunkRecord.number(of: span.first), in: tx)
        let target = try target(of: span, in: tx)
        for message in span.messages(of: queue.id, in: range, chunk) {
            guard report.count < limit else { return }
            after = message.sequence
            report.scanned += 1
            guard message.fits(filter, at: now) else { continue }
            if span.isLeased(at: now) {
                report.leasedCount += 1
                continue
            }
            switch target {
            case .queue(let record): note(message, of: span, to: record)
            case .nowhere: note(message, of: span, to: nil)
            case .unknown: report.withoutOriginCount += 1
            case .missing(let name): QueueTransferBody.add(1, to: name, of: &report.missingOrigins)
            }
        }
    }

    private mutating func note(_ message: StoredMessage, of span: SpanRecord, to target: QueueRecord?) {
        report.count += 1
        report.bytes += message.body.count
        if let target { QueueTransferBody.add(1, to: target.name, of: &report.targets) }
        if let last = runs.last, last.span.first == span.first, last.range.upperBound == message.sequence {
            runs[runs.count - 1].range = last.range.lowerBound..<(message.sequence + 1)
        } else {
            runs.append(Run(span: span, range: message.sequence..<(message.sequence + 1), target: target))
        }
    }

    private enum Target {
        case queue(QueueRecord)
        case nowhere
        case unknown
        case missing(String)
    }

    private mutating func target(of span: SpanRecord, in tx: Transaction) throws -> Target {
        let name: String
        switch transfer {
        case .remove: return .nowhere
        case .move(let target), .redrive(let target?): name = target
        case .redrive(nil):
            if span.diedAt != nil { return .queue(queue) }
            guard let origin = span.originQueue else { return .unknown }
            name = origin
        }
        if targets[name] == nil { targets[name] = .some(try QueueRecord.find(name: name, in: tx)) }
        guard let found = targets[name], let record = found else { return .missing(name) }
        return record.id == queue.id && span.diedAt == nil ? .unknown : .queue(record)
    }

    /// Moves or removes what was chosen.
    func carryOut(in tx: Transaction) throws {
        var counts = QueueCounters()
        var placed: [String: [QueueService.PlacedMessage]] = [:]
        var records: [String: QueueRecord] = [:]
        // From behind: cutting a span leaves what stands before the cut where it was.
        for run in runs.reversed() {
            guard let current = try SpanRecord.find(run.range.lowerBound, in: tx) else { continue }
            let span = try current.isolate(run.range, in: tx)
            if let target = run.target {
                let messages = try span.messages(of: queue.id, tx).map { self.placed($0, of: span) }
                placed[target.id, default: []].insert(contentsOf: messages, at: 0)
                records[target.id] = target
            }
            try span.delete(in: tx)
            counts.remove(span)
        }
        try queues.add(counts, to: queue.id, at: now, in: tx)
        for record in records.values.sorted(by: { $0.name < $1.name }) {
            let messages = placed[record.id] ?? []
            try queues.place(messages, in: record, at: now, tx)
            guard record.id == queue.id else { continue }
            // They were accepted when they came first.
            var counts = QueueCounters()
            counts.accepted = -messages.count
            try queues.add(counts, to: queue.id, at: now, in: tx)
        }
    }

    private func placed(_ message: StoredMessage, of span: SpanRecord) -> QueueService.PlacedMessage {
        var placed = QueueService.PlacedMessage(
            message: NewMessage(body: message.body, contentType: message.contentType),
            id: message.id,
            visibleAt: now
        )
        switch transfer {
        case .move:
            // What is left of a delay goes along, and so does the history: a dead letter can still be redriven.
            placed = QueueService.PlacedMessage(
                message: placed.message,
                id: message.id,
                visibleAt: span.diedAt == nil ? max(now, message.visibleAt) : now,
                originQueue: span.diedAt == nil ? span.originQueue : span.originQueue ?? queue.name,
                reason: span.reason
            )
        case .redrive where span.diedAt != nil && span.originQueue != nil:
            // Dead lettered once before it died here: that history stays.
            placed.originQueue = span.originQueue
            placed.reason = span.reason
        case .redrive, .remove: break
        }
        return placed
    }
}

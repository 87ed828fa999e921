import FlareModel
import FlarePipelines
import NIOCore

/// Bodies on their way into the stream, and the answers about them.
extension IngestHandler {
    /// Splits and checks a body: here, or on another loop when it is large, so that it holds up no other connection.
    ///
    /// What this connection sends meanwhile waits, so that its records stay in their order.
    func scan(_ body: ByteBuffer, of request: IngestRequest, _ ticket: Int, closes: Bool) {
        guard let context else { return }
        let (scan, time) = (request.scan, pipelines.now())
        do {
            try request.decoder?.finish()
            guard body.readableBytes >= Limits.ingestScannedApartBytes, let loop = scanner(besides: context.eventLoop)
            else {
                return append(try scan.batch(of: body, at: time), of: request, ticket, closes: closes)
            }
            isScanning = true
            let bound = NIOLoopBound((self, request), eventLoop: context.eventLoop)
            loop.execute {
                let batch = Result { try scan.batch(of: body, at: time) }
                bound.eventLoop.execute {
                    let (door, request) = bound.value
                    door.scanned(batch, of: request, ticket, closes: closes)
                }
            }
        } catch {
            refuse(Self.known(error), of: request, ticket, closes: closes)
        }
    }

    /// An event loop that is not this connection's; nil when there is only one.
    private func scanner(besides own: any EventLoop) -> (any EventLoop)? {
        for _ in 0..<2 {
            let loop = scanners.next()
            if loop !== own { return loop }
        }
        return nil
    }

    private func scanned(
        _ batch: Result<IngestBatch, any Error>,
        of request: IngestRequest,
        _ ticket: Int,
        closes: Bool
    ) {
        isScanning = false
        switch batch {
        case .success(let batch): append(batch, of: request, ticket, closes: closes)
        case .failure(let error): refuse(Self.known(error), of: request, ticket, closes: closes)
        }
        while !isScanning, let next = parked.popFirst() { answer(next) }
    }

    private func refuse(_ error: FlareError, of request: IngestRequest, _ ticket: Int, closes: Bool) {
        let reply = IngestReply.failure(error, headers: request.headers, closes: closes)
        finish(ticket, reply, closes: closes)
    }

    private func append(_ batch: IngestBatch, of request: IngestRequest, _ ticket: Int, closes: Bool) {
        guard let context else { return }
        let stream = request.stream
        if let error = batch.allRefused {
            stream.metrics.took(.http, records: 0, bytes: 0, refused: batch.refusedCount)
            let result = batch.result(offset: nil)
            let reply = IngestReply.failure(error, result: result, headers: request.headers, closes: closes)
            return finish(ticket, reply, closes: closes)
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let answer = IngestAnswer(batch, headers: request.headers)
        stream.append(batch, on: context.eventLoop) { result in
            switch result {
            case .success(let receipt):
                answer.count(receipt, in: stream.metrics)
                bound.value.finish(ticket, answer.reply(receipt), closes: closes)
            case .failure(let error):
                bound.value.note(error, of: stream)
                let reply = IngestReply.failure(error, headers: answer.headers, closes: closes)
                bound.value.finish(ticket, reply, closes: closes)
            }
        }
    }
}

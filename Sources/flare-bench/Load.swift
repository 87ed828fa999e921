import FlareModel
import NIOCore
import NIOPosix

/// Sends one request over and over on a number of connections, each waiting for its answer before the next.
struct Load: Sendable {
    let target: IngestTarget
    let clients: Int
    let duration: TimeAmount

    func run(_ request: ByteBuffer) async throws -> LoadSample {
        // One loop: with the server on the same machine a second one would take its processor.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let sample = try await run(request, on: group.next())
        try await group.shutdownGracefully()
        return sample
    }

    private func run(_ request: ByteBuffer, on loop: any EventLoop) async throws -> LoadSample {
        let begun = NIODeadline.now()
        let deadline = begun + duration
        let latencies = try await withThrowingTaskGroup(of: [UInt32].self) { group in
            for _ in 0..<clients {
                group.addTask {
                    let done = loop.makePromise(of: [UInt32].self)
                    let channel = ClientBootstrap(group: loop)
                        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                let handler = LoadHandler(request, until: deadline, done: done)
                                try channel.pipeline.syncOperations.addHandler(handler)
                            }
                        }
                        .connect(host: target.host, port: target.port)
                    channel.whenFailure { done.fail($0) }
                    return try await done.futureResult.get()
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let elapsed = NIODeadline.now() - begun
        return LoadSample(latenciesMicroseconds: latencies.sorted(), seconds: Double(elapsed.nanoseconds) / 1e9)
    }
}

/// One connection of a load.
private final class LoadHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let deadline: NIODeadline
    private let done: EventLoopPromise<[UInt32]>
    private var sentAt = NIODeadline.now()
    private var received = ByteBuffer()
    private var latencies: [UInt32] = []

    init(_ request: ByteBuffer, until deadline: NIODeadline, done: EventLoopPromise<[UInt32]>) {
        self.request = request
        self.deadline = deadline
        self.done = done
    }

    func channelActive(context: ChannelHandlerContext) {
        send(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(FlareError(.engineUnavailable, "the server closed a connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard let length = replyLength() else { return }
        guard received.readableBytesView.starts(with: "HTTP/1.1 200".utf8) else {
            done.fail(FlareError(.runFailed, "the server answered: \(String(buffer: received))"))
            context.close(promise: nil)
            return
        }
        received.moveReaderIndex(forwardBy: length)
        received.discardReadBytes()
        let now = NIODeadline.now()
        latencies.append(UInt32(clamping: (now - sentAt).nanoseconds / 1_000))
        if now < deadline {
            send(context)
        } else {
            done.succeed(latencies)
            context.close(promise: nil)
        }
    }

    private func send(_ context: ChannelHandlerContext) {
        sentAt = .now()
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// The bytes of head and body of the reply, once they are all there.
    private func replyLength() -> Int? {
        let view = received.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)),
            let name = view[..<end.lowerBound].firstRange(of: Array("content-length: ".utf8))
        else { return nil }
        let digits = view[name.upperBound..<end.lowerBound].prefix { (48...57).contains($0) }
        let body = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        let total = end.upperBound - view.startIndex + body
        return view.count >= total ? total : nil
    }
}

/// What one round of load saw.
struct LoadSample: Sendable {
    /// Sorted.
    let latenciesMicroseconds: [UInt32]
    let seconds: Double
}

/// The medians of several rounds.
struct LoadSummary {
    struct Latency: Encodable {
        let p50: Double
        let p99: Double
    }

    let requestsPerSecond: Double
    let latency: Latency

    init(_ samples: [LoadSample]) {
        requestsPerSecond = Self.median(samples.map { Double($0.latenciesMicroseconds.count) / $0.seconds })
        latency = Latency(p50: Self.percentile(samples, 0.50), p99: Self.percentile(samples, 0.99))
    }

    private static func percentile(_ samples: [LoadSample], _ part: Double) -> Double {
        median(
            samples.map { sample in
                let latencies = sample.latenciesMicroseconds
                guard !latencies.isEmpty else { return 0 }
                return Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * part))]) / 1_000
            }
        )
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}

import FlareModel
import NIOPosix

/// A number of connections that each keep a number of messages unanswered.
struct Load: Sendable {
    enum Extent: Sendable {
        case seconds(Double)
        /// Over all connections.
        case messages(Int)
    }

    let address: ServerAddress
    let clients: Int
    /// Messages that one connection sends before the first of them is answered.
    var window = 1
    /// Whether the connections share the messages, each taking the one that is next; else each sends them all in turn.
    ///
    /// Needs a window of 1.
    var sharesMessages = false
    let extent: Extent

    /// Runs it on one thread: with the server on the same machine a second one would take its processor.
    func run<Reader: AnswerReader>(_ messages: PreparedMessages, _ reader: Reader) async throws -> LoadSample {
        try await NIOThreadPool.singleton.runIfActive {
            try LoadLoop(self, messages, reader).run()
        }
    }
}

/// What one round of a load saw.
struct LoadSample: Sendable {
    var messages = 0
    var records = 0
    /// Messages that the server put off.
    var throttled = 0
    var seconds = 0.0
    /// From the moment that a message could be sent until its answer was there.
    var latencies = LatencyHistogram()
}

/// The medians of several rounds.
struct LoadSummary {
    let requestsPerSecond: Double
    let recordsPerSecond: Double
    let latency: Latency
    let throttled: Int

    init(_ samples: [LoadSample]) {
        requestsPerSecond = median(samples.map { Double($0.messages) / $0.seconds })
        recordsPerSecond = median(samples.map { Double($0.records) / $0.seconds })
        latency = Latency(
            p50Milliseconds: median(samples.map { $0.latencies.milliseconds(at: 0.50) }),
            p99Milliseconds: median(samples.map { $0.latencies.milliseconds(at: 0.99) })
        )
        throttled = samples.reduce(0) { $0 + $1.throttled }
    }
}

/// How long half of the answers took at most, and all but one in a hundred.
struct Latency {
    let p50Milliseconds: Double
    let p99Milliseconds: Double

    var json: JSONValue {
        .object(["p50": .rounded(p50Milliseconds, digits: 3), "p99": .rounded(p99Milliseconds, digits: 3)])
    }
}

/// The middle one; of an even number the upper of the two.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
}

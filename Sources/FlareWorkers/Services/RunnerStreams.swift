import FlareModel
import Synchronization

/// The open streams of one process, by name: `i7` are the bodies of its invocation 7, `c12` those of a call that it
/// makes.
final class RunnerStreams: Sendable {
    /// Both directions of one name.
    struct Stream: Sendable {
        /// The invocation that it ends with.
        var owner: String
        /// What the process sends.
        var inbound: BodyPipe?
        /// How much it may be sent.
        var window: StreamWindow
        /// The call whose answer travels here: of this process for an invocation, of another one for a call.
        var call: WorkerCall?
    }

    private let streams = Mutex<[String: Stream]>([:])

    func open(_ name: String, _ stream: Stream) {
        streams.withLock { $0[name] = stream }
    }

    subscript(name: String) -> Stream? { streams.withLock { $0[name] } }

    /// Says which call a stream carries the answer of; returns false when the process has cancelled it already.
    func connect(_ name: String, to call: WorkerCall) -> Bool {
        streams.withLock { streams in
            guard streams[name] != nil else { return false }
            streams[name]?.call = call
            return true
        }
    }

    @discardableResult
    func close(_ name: String) -> Stream? {
        streams.withLock { $0.removeValue(forKey: name) }
    }

    /// Closes all of an invocation.
    func closeAll(of owner: String) {
        let closed = streams.withLock { streams in
            let names = streams.filter { $0.value.owner == owner }.keys
            return names.compactMap { streams.removeValue(forKey: $0) }
        }
        for stream in closed {
            stream.window.close()
            stream.inbound?.fail(FlareError(.engineUnavailable, "the Worker ended before its body did"))
        }
    }
}

import NIOCore
import Synchronization

/// Collects frames for one process, so that those of many invocations leave in one write.
///
/// Waking the event loop and writing cost more than most frames are long.
final class FrameOutbox: Sendable {
    private struct State {
        var frames: [ByteBuffer] = []
        var isDrainDue = false
    }

    private let channel: any Channel
    private let state = Mutex(State())

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Sends a frame.
    ///
    /// Frames of one thread keep their order.
    func send(_ frame: ByteBuffer) {
        let isFirst = state.withLock { state in
            state.frames.append(frame)
            defer { state.isDrainDue = true }
            return !state.isDrainDue
        }
        if isFirst { channel.eventLoop.execute { self.drain() } }
    }

    private func drain() {
        let frames = state.withLock { state in
            state.isDrainDue = false
            defer { state.frames = [] }
            return state.frames
        }
        for frame in frames { channel.write(frame, promise: nil) }
        channel.flush()
    }
}

import CFlareProcess
import FlareModel
import Glibc
import NIOCore
import NIOPosix

/// A Node.js child and the channel to it: frames over a socket that is the child's standard input, and the lines of its
/// standard output and error.
struct RunnerProcess: Sendable {
    /// Where the process's messages go.
    ///
    /// Called on the channel's event loop.
    struct Callbacks: Sendable {
        var frame: @Sendable (RunnerFrame) -> Void
        /// A raw line of `stdout` or `stderr`.
        var line: @Sendable (_ stream: String, _ line: String) -> Void
        /// The connection broke the protocol; the process is killed right after.
        var malformed: @Sendable (any Error) -> Void
        /// Called once, after the process has ended and was waited for; the status is `ChildSpawner.wait`'s.
        var ended: @Sendable (_ status: Int32) -> Void
    }

    let pid: pid_t
    private let channel: any Channel
    private let outbox: FrameOutbox
    private let progress: ProgressFile

    /// Starts the program.
    ///
    /// When this throws, nothing is left behind.
    static func start(
        _ command: ChildSpawner.Command,
        spawner: ChildSpawner,
        register: ProcessRegister,
        group: any EventLoopGroup,
        callbacks: Callbacks
    ) async throws -> RunnerProcess {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let sockets = try descriptorPair { socketpair(AF_UNIX, type, 0, $0) }
        let output = try descriptorPair { flare_pipe($0) }
        let errors = try descriptorPair { flare_pipe($0) }
        let progress: ProgressFile
        do {
            progress = try ProgressFile()
        } catch {
            for pair in [sockets, output, errors] { for descriptor in [pair.0, pair.1] { close(descriptor) } }
            throw error
        }
        var command = command
        (command.standardInput, command.standardOutput, command.standardError) = (sockets.1, output.1, errors.1)
        command.extra = progress.descriptor
        let pid: pid_t
        do {
            defer { for descriptor in [sockets.1, output.1, errors.1] { close(descriptor) } }
            pid = try await spawner.spawn(command)
        } catch {
            for descriptor in [sockets.0, output.0, errors.0] { close(descriptor) }
            throw error
        }
        do {
            try register.record(pid)
            _ = try await capture(output.0, as: "stdout", group: group, callbacks: callbacks)
            let errorOutput = try await capture(errors.0, as: "stderr", group: group, callbacks: callbacks)
            let channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handlers: [any ChannelHandler] = [
                            ByteToMessageHandler(RunnerFrameDecoder()), RunnerFrameHandler(callbacks: callbacks),
                        ]
                        try channel.pipeline.syncOperations.addHandlers(handlers)
                    }
                }
                .withConnectedSocket(sockets.0).get()
            // The end of the connection is the end of the process: one that lingers behind a closed socket is useless.
            channel.closeFuture
                .flatMap {
                    Glibc.kill(-pid, SIGKILL)
                    return spawner.wait(for: pid, on: channel.eventLoop)
                }
                .whenComplete { result in
                    register.forget(pid)
                    // What it wrote last says why it ended. A pipe that something else holds open is not waited for.
                    let limit = errorOutput.eventLoop.scheduleTask(in: .seconds(1)) { errorOutput.close(promise: nil) }
                    errorOutput.closeFuture.whenComplete { _ in
                        limit.cancel()
                        callbacks.ended((try? result.get()) ?? -1)
                    }
                }
            return RunnerProcess(pid: pid, channel: channel, outbox: FrameOutbox(channel), progress: progress)
        } catch {
            Glibc.kill(-pid, SIGKILL)
            _ = try await spawner.wait(for: pid)
            register.forget(pid)
            throw error
        }
    }

    /// Sends a frame.
    ///
    /// Frames of one thread keep their order; those after the process has ended are dropped.
    func send(_ frame: RunnerFrame) throws {
        outbox.send(try frame.encoded())
    }

    /// Whose code ran last; known after the end, too.
    var mark: ProgressMark? { progress.mark }

    /// Ends the process at once; `ended` follows.
    ///
    /// Closing is enough: the close kills, before the pid is given back.
    func kill() {
        channel.close(promise: nil)
    }

    private static func descriptorPair(_ make: (UnsafeMutablePointer<Int32>) -> Int32) throws -> (Int32, Int32) {
        var pair: [Int32] = [-1, -1]
        guard pair.withUnsafeMutableBufferPointer({ $0.baseAddress.map(make) }) == 0 else {
            throw FlareError(.storeFailed, "no descriptors for a Worker's process: \(String(cString: strerror(errno)))")
        }
        return (pair[0], pair[1])
    }

    private static func capture(
        _ descriptor: Int32,
        as stream: String,
        group: any EventLoopGroup,
        callbacks: Callbacks
    ) async throws -> any Channel {
        try await NIOPipeBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = OutputLineHandler(stream: stream, callbacks: callbacks)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .takingOwnershipOfDescriptor(input: descriptor).get()
    }
}

/// Hands the frames of a process on, and kills the connection when it breaks the protocol.
private final class RunnerFrameHandler: ChannelInboundHandler {
    typealias InboundIn = RunnerFrame

    private let callbacks: RunnerProcess.Callbacks

    init(callbacks: RunnerProcess.Callbacks) {
        self.callbacks = callbacks
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        callbacks.frame(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        callbacks.malformed(error)
        context.close(promise: nil)
    }
}

/// Cuts raw output into lines; a line over the limit is cut.
private final class OutputLineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let stream: String
    private let callbacks: RunnerProcess.Callbacks
    private var pending: [UInt8] = []

    init(stream: String, callbacks: RunnerProcess.Callbacks) {
        self.stream = stream
        self.callbacks = callbacks
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for byte in unwrapInboundIn(data).readableBytesView {
            if byte == UInt8(ascii: "\n") {
                flush()
            } else if pending.count < Limits.consoleLineBytesMax {
                pending.append(byte)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func flush() {
        guard !pending.isEmpty else { return }
        callbacks.line(stream, String(decoding: pending, as: UTF8.self))
        pending.removeAll(keepingCapacity: true)
    }
}

import FlareModel
import NIOCore

extension Runner {
    /// The name of a Worker's own exports among its bindings, which is no JavaScript name.
    static let loopbackBinding = "ctx.exports"

    /// Lets the bodies of an invocation flow.
    func openStreams(of call: WorkerCall, id: String) {
        let name = "i\(id)"
        streams.open(name, .init(owner: id, inbound: call.response, window: StreamWindow(), call: call))
        call.response.attach(
            onConsumed: { [self] in sendCredit($0, of: name) },
            onCancel: { [self] in send(RunnerFrame("cancel", ["s": .string(name)])) }
        )
    }

    /// Lets the bodies of a call of another Worker's `fetch` flow; what the process sends waits from now on.
    func openStreams(ofCall frame: RunnerFrame, invocation: String) {
        guard frame.header["m"]?.stringValue == "fetch", let id = frame.header["id"]?.integerValue else { return }
        let name = "c\(id)"
        let inbound = frame.header["args"]?["hasBody"]?.boolValue == true ? BodyPipe() : nil
        inbound?.attach(
            onConsumed: { [self] in sendCredit($0, of: name) },
            onCancel: { [self] in send(RunnerFrame("cancel", ["s": .string(name)])) }
        )
        streams.open(name, .init(owner: invocation, inbound: inbound, window: StreamWindow()))
    }

    /// A frame of a stream, on the event loop.
    func receiveStream(_ frame: RunnerFrame) {
        if frame.type == "head" {
            guard let id = frame.header["id"]?.stringValue else { return }
            return streams["i\(id)"]?.call?.receiveHead(frame) ?? ()
        }
        guard let name = frame.header["s"]?.stringValue, let stream = streams[name] else { return }
        switch frame.type {
        case "chunk":
            if frame.body.readableBytes > 0, stream.inbound?.receive(frame.body) == false {
                let text = "the process of a Worker sent more of a body than it may"
                return close(FlareError(.engineUnavailable, text))
            }
            if let error = frame.header["error"] {
                stream.inbound?.fail(JavaScriptError(json: error).flareError)
            } else if frame.header["end"]?.boolValue == true {
                stream.inbound?.finish()
            }
        case "credit": stream.window.add(frame.header["bytes"]?.integerValue ?? 0)
        case "cancel":
            stream.window.close()
            guard name.hasPrefix("c") else { return }
            streams.close(name)
            stream.call?.cancel()
        default: break
        }
    }

    /// Sends a body in chunks, as the process takes them, until its end or until nobody wants more.
    func pump(_ body: BodyPipe, as name: String, window: StreamWindow) async {
        do {
            while var buffer = try await body.next() {
                while buffer.readableBytes > 0 {
                    let count = try await window.take(min(buffer.readableBytes, Limits.streamChunkBytesMax))
                    guard let slice = buffer.readSlice(length: count) else { break }
                    send(RunnerFrame(header: .object(["t": .string("chunk"), "s": .string(name)]), body: slice))
                }
            }
            send(RunnerFrame("chunk", ["s": .string(name), "end": .bool(true)]))
        } catch {
            body.cancel()
            guard !(error is CancellationError) else { return }
            send(RunnerFrame("chunk", ["s": .string(name), "error": JavaScriptError(error).json]))
        }
    }

    /// Answers a call of another Worker's `fetch`: the head of its response, then the rest of the body.
    func answerFetch(_ frame: RunnerFrame, of service: ServiceBinding, depth: Int) async {
        guard let id = frame.header["id"], let number = id.integerValue, let stream = streams["c\(number)"] else {
            return
        }
        let name = "c\(number)"
        defer { streams.close(name) }
        do {
            let arguments = frame.header["args"] ?? .null
            let call = try service.startFetch(arguments, body: stream.inbound, depth: depth)
            if !streams.connect(name, to: call) { call.cancel() }
            let answer = try await call.answered()
            var value = answer.value.objectValue ?? [:]
            value["hasBody"] = .bool(!answer.isWhole)
            let fields: [String: JSONValue] = ["t": .string("reply"), "id": id, "v": .object(value)]
            send(RunnerFrame(header: .object(fields), body: answer.body))
            if !answer.isWhole { await pump(call.response, as: name, window: stream.window) }
        } catch {
            let thrown = (error as? FlareError)?.cause as? JavaScriptError ?? JavaScriptError(error)
            if !Task.isCancelled { send(RunnerFrame("reply", ["id": id, "error": thrown.json])) }
        }
    }

    private func sendCredit(_ bytes: Int, of name: String) {
        send(RunnerFrame("credit", ["s": .string(name), "bytes": .integer(Int64(bytes))]))
    }
}

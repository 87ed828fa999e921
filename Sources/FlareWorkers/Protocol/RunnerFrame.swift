import FlareModel
import NIOCore

/// One message between the engine and a process of user code.
///
/// ```
/// | total u32le | header length u32le | header: UTF-8 JSON object | body: raw bytes |
///                 <----------------------- total bytes ------------------------->
/// ```
struct RunnerFrame: Sendable {
    /// A JSON object; its `t` names the type.
    var header: JSONValue
    var body: ByteBuffer

    init(header: JSONValue, body: ByteBuffer = ByteBuffer()) {
        self.header = header
        self.body = body
    }

    init(_ type: String, _ fields: [String: JSONValue] = [:], body: [UInt8] = []) {
        var fields = fields
        fields["t"] = .string(type)
        header = .object(fields)
        self.body = body.isEmpty ? ByteBuffer() : ByteBuffer(bytes: body)
    }

    var type: String { header["t"]?.stringValue ?? "" }

    /// The whole frame as bytes.
    ///
    /// Throws `bodyTooLarge` when the other side would refuse it.
    func encoded() throws -> ByteBuffer {
        var text: [UInt8] = []
        text.reserveCapacity(256)
        JSONWriter.write(header, to: &text)
        let total = 4 + text.count + body.readableBytes
        guard total <= Limits.frameBytesMax, text.count <= Limits.frameHeaderBytesMax else {
            throw FlareError(
                .bodyTooLarge,
                "\(formatSizeBytes(total)) cannot be handed to a Worker at once",
                hint: "at most \(formatSizeBytes(Limits.frameBytesMax)); read large objects in ranges"
            )
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(4 + total)
        buffer.writeInteger(UInt32(total), endianness: .little)
        buffer.writeInteger(UInt32(text.count), endianness: .little)
        buffer.writeBytes(text)
        buffer.writeImmutableBuffer(body)
        return buffer
    }
}

/// Cuts the bytes of a process into frames.
///
/// The bytes are untrusted: any breach of the format is an error, after which the process is killed.
struct RunnerFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = RunnerFrame

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let frame = try Self.next(from: &buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(frame))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext,
        buffer: inout ByteBuffer,
        seenEOF: Bool
    ) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }

    /// The first frame of the buffer, or nil while it is incomplete.
    static func next(from buffer: inout ByteBuffer) throws -> RunnerFrame? {
        let start = buffer.readerIndex
        guard
            let total = buffer.getInteger(at: start, endianness: .little, as: UInt32.self),
            let headerLength = buffer.getInteger(at: start + 4, endianness: .little, as: UInt32.self)
        else { return nil }
        guard total >= 4, Int(total) <= Limits.frameBytesMax, headerLength <= total - 4,
            Int(headerLength) <= Limits.frameHeaderBytesMax
        else { throw malformed("lengths \(total) and \(headerLength)") }
        guard buffer.readableBytes >= 4 + Int(total) else { return nil }
        buffer.moveReaderIndex(forwardBy: 8)
        guard
            let text = buffer.readSlice(length: Int(headerLength)),
            let body = buffer.readSlice(length: Int(total - 4 - headerLength))
        else { return nil }
        let header = try? text.withUnsafeReadableBytes { try JSONReader.value(of: $0) }
        guard let header, case .object = header else { throw malformed("a header that is not a JSON object") }
        return RunnerFrame(header: header, body: body)
    }

    private static func malformed(_ what: String) -> FlareError {
        FlareError(.invalidData, "the process of a Worker sent a malformed frame: \(what)")
    }
}

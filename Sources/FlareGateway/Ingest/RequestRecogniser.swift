import FlarePipelines
import NIOCore

/// The head of a request as nearly every client sends it.
///
/// ```
/// POST /NAME HTTP/1.1
/// Host, Content-Length, Content-Type: application/json or application/x-ndjson; and what changes nothing:
/// User-Agent, Accept, Accept-Encoding, Accept-Language, Connection: keep-alive
/// ```
///
/// Reading it takes a third of the time that the general decoder needs. Everything else is left to that decoder.
struct CommonHead {
    let name: Range<Int>
    let form: BodyForm
    let contentLength: Int
    /// Bytes of the head, with the empty line.
    let byteCount: Int

    /// Nil when the bytes do not begin with such a head, whole.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = HeadReader(bytes)
        guard reader.skip("POST /"), let name = reader.takeName(), reader.skip(" HTTP/1.1\r\n") else { return nil }
        var (hasHost, length, form) = (false, Int?.none, BodyForm.detect)
        while !reader.skip("\r\n") {
            guard let line = reader.takeLine() else { return nil }
            switch line.kind {
            case .host:
                guard !hasHost else { return nil }
                hasHost = true
            case .contentLength:
                guard length == nil, let value = reader.decimal(line.value) else { return nil }
                length = value
            case .contentType:
                if reader.isSame(line.value, "application/x-ndjson") {
                    form = .lines
                } else if !reader.isSame(line.value, "application/json") {
                    return nil
                }
            case .connection:
                guard reader.isSame(line.value, "keep-alive") else { return nil }
            case .plain: break
            }
        }
        guard hasHost, let length else { return nil }
        self.name = name
        self.form = form
        contentLength = length
        byteCount = reader.position
    }
}

/// Walks over the bytes of a head.
private struct HeadReader {
    enum Kind {
        case host, contentLength, contentType, connection
        /// Read by nobody here.
        case plain
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Passes a text that stands here.
    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
        position += count
        return true
    }

    /// Passes a pipeline's name.
    mutating func takeName() -> Range<Int>? {
        let start = position
        while position < bytes.count, position - start < 64 {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                position += 1
            default:
                return position > start ? start..<position : nil
            }
        }
        return nil
    }

    /// Passes a header line; nil when it is not one of those that are known, or not whole.
    mutating func takeLine() -> (kind: Kind, value: Range<Int>)? {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: ":") {
            guard bytes[position] > 0x20, position - start < 20 else { return nil }
            position += 1
        }
        guard position < bytes.count, let kind = kind(of: start..<position) else { return nil }
        position += 1
        while position < bytes.count, bytes[position] == 0x20 { position += 1 }
        let valueStart = position
        while position < bytes.count, bytes[position] >= 0x20, bytes[position] < 0x7F { position += 1 }
        let value = valueStart..<position
        guard value.isEmpty || bytes[value.upperBound - 1] != 0x20, skip("\r\n") else { return nil }
        return (kind, value)
    }

    private func kind(of name: Range<Int>) -> Kind? {
        switch name.count {
        case 4: isSame(name, "host") ? .host : nil
        case 6: isSame(name, "accept") ? .plain : nil
        case 10: isSame(name, "user-agent") ? .plain : isSame(name, "connection") ? .connection : nil
        case 12: isSame(name, "content-type") ? .contentType : nil
        case 14: isSame(name, "content-length") ? .contentLength : nil
        case 15: isSame(name, "accept-encoding") || isSame(name, "accept-language") ? .plain : nil
        default: nil
        }
    }

    /// Whether a range holds a lower-case text, in any case.
    func isSame(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let byte = bytes[range.lowerBound + index]
            let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
            if lower != text.utf8Start[index] { return false }
        }
        return true
    }

    /// At most nine digits, so that it cannot overflow.
    func decimal(_ range: Range<Int>) -> Int? {
        guard (1...9).contains(range.count) else { return nil }
        var value = 0
        for index in range {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}

/// Hands common requests straight to the door's handler, and with the first other one everything to the decoder.
final class RequestRecogniser: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let door: IngestHandler
    /// Bytes of the present request's body that have not arrived yet.
    private var missing = 0
    private var isRecognising = true

    init(_ door: IngestHandler) {
        self.door = door
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isRecognising else { return context.fireChannelRead(data) }
        var bytes = unwrapInboundIn(data)
        while bytes.readableBytes > 0 {
            if missing > 0 {
                guard let piece = bytes.readSlice(length: min(missing, bytes.readableBytes)) else { return }
                missing -= piece.readableBytes
                door.takeRecognised(piece)
                if missing == 0 { door.endRecognised() }
                continue
            }
            guard let head = bytes.withUnsafeReadableBytes({ CommonHead($0) }),
                door.begin(head, in: bytes)
            else {
                isRecognising = false
                context.fireChannelRead(wrapInboundOut(bytes))
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
                return
            }
            bytes.moveReaderIndex(forwardBy: head.byteCount)
            missing = head.contentLength
            if missing == 0 { door.endRecognised() }
        }
    }
}

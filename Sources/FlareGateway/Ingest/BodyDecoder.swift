import CFlareSystem
import FlareModel
import NIOCore

/// Undoes the content encoding of one request body, as it arrives, within a bound.
///
/// Holds up to 8 MiB for a zstd body that was made with a window as large, else about 40 KiB.
final class BodyDecoder {
    private let encoding: Encoding
    private let state: OpaquePointer
    private var producedBytes = 0
    private var hasInput = false

    /// - Parameter contentEncoding: the request's `content-encoding`, its lines joined by commas.
    ///
    /// Nil when there is nothing to undo; throws `unsupportedMediaType` for what cannot be undone.
    init?(contentEncoding: String) throws {
        guard let encoding = try Encoding(contentEncoding) else { return nil }
        guard let state = flare_inflate_begin(encoding.kind) else { throw Self.outOfMemory }
        self.encoding = encoding
        self.state = state
    }

    deinit {
        flare_inflate_end(state)
    }

    /// Appends what the next piece of the body stands for.
    ///
    /// - Parameter bytesMax: the most that the whole body may become, over all calls; beyond it `bodyTooLarge` is
    ///   thrown and at most one byte more has been written.
    ///
    /// Throws `invalidData` for bytes that are not of the encoding. No call may follow one that threw.
    func decode(_ chunk: ByteBuffer, into output: inout ByteBuffer, bytesMax: Int) throws {
        var rest = chunk
        if rest.readableBytes > 0 { hasInput = true }
        var status = FLARE_INFLATE_NEEDS_OUTPUT
        while rest.readableBytes > 0 || status == FLARE_INFLATE_NEEDS_OUTPUT {
            let room = min(max(Self.roomBytesMin, rest.readableBytes * 4), bytesMax - producedBytes + 1)
            status = push(&rest, into: &output, room: room)
            switch status {
            case FLARE_INFLATE_INVALID: throw invalid(String(cString: flare_inflate_reason(state)))
            case FLARE_INFLATE_NO_MEMORY: throw Self.outOfMemory
            default: break
            }
            guard producedBytes <= bytesMax else {
                throw FlareError(
                    .bodyTooLarge,
                    "the body is larger than the limit of \(bytesMax) bytes once its \(encoding.rawValue) is undone",
                    hint: "send the records in several requests"
                )
            }
        }
    }

    /// To be called after the last piece: throws `invalidData` when the body was cut off.
    func finish() throws {
        guard hasInput else { throw invalid("it is empty") }
        guard flare_inflate_is_whole(state) != 0 else { throw invalid("it is cut off") }
    }

    /// Room that is asked for at least, so that small pieces do not grow the output by steps.
    private static let roomBytesMin = 4_096

    /// Decompresses into at most `room` bytes more of the output.
    private func push(_ rest: inout ByteBuffer, into output: inout ByteBuffer, room: Int) -> Int {
        var status = FLARE_INFLATE_NEEDS_INPUT
        let state = state
        let produced = output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            var produced = 0
            rest.readWithUnsafeReadableBytes { source in
                guard let base = target.baseAddress else { return 0 }
                var consumed = 0
                let capacity = min(room, target.count)
                status = Int(
                    flare_inflate_push(
                        state,
                        source.baseAddress,
                        source.count,
                        &consumed,
                        base,
                        capacity,
                        &produced
                    )
                )
                return consumed
            }
            return produced
        }
        producedBytes += produced
        return status
    }

    private func invalid(_ reason: String) -> FlareError {
        FlareError(.invalidData, "the body is not valid \(encoding.rawValue): \(reason)")
    }

    private static let outOfMemory = FlareError(
        .tooManyRequests,
        "no memory to decompress the body",
        hint: "send again later"
    )

    /// The encodings that can be undone.
    private enum Encoding: String {
        case gzip
        case deflate
        case zstd

        /// Nil for `identity` and for nothing at all.
        init?(_ header: String) throws {
            let names = header.split(separator: ",")
                .map { $0.drop { $0 == " " || $0 == "\t" } }
                .map { String($0.prefix { $0 != " " && $0 != "\t" }).lowercased() }
                .filter { !$0.isEmpty && $0 != "identity" }
            guard let name = names.first else { return nil }
            // RFC 9110, 8.4.1.3: x-gzip is gzip.
            guard names.count == 1, let encoding = Encoding(rawValue: name == "x-gzip" ? "gzip" : name) else {
                throw FlareError(
                    .unsupportedMediaType,
                    "the content encoding \"\(names.joined(separator: ", "))\" is not supported",
                    hint: "send one of gzip, deflate, zstd or identity"
                )
            }
            self = encoding
        }

        var kind: Int32 {
            switch self {
            case .gzip: Int32(FLARE_INFLATE_GZIP)
            case .deflate: Int32(FLARE_INFLATE_DEFLATE)
            case .zstd: Int32(FLARE_INFLATE_ZSTD)
            }
        }
    }
}

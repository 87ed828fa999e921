import FlareModel
import NIOCore
import Testing

@testable import FlareWorkers

struct BodyPipeTests {
    private let piece = ByteBuffer(repeating: 1, count: Limits.streamWindowBytes / 4)

    @Test func `writing waits while a window of bytes is unread`() async throws {
        let pipe = BodyPipe()
        let written = Recorder<Int>()
        let writer = Task { [piece] in
            for index in 0..<10 {
                try await pipe.write(piece)
                written.append(index)
            }
            pipe.finish()
        }
        #expect(await eventually { written.values.count == 4 })
        for _ in 0..<100 { await Task.yield() }
        #expect(written.values.count == 4)
        _ = try await pipe.next()
        #expect(await eventually { written.values.count == 5 })
        var bytes = piece.readableBytes
        for try await buffer in pipe { bytes += buffer.readableBytes }
        #expect(bytes == 10 * piece.readableBytes)
        try await writer.value
    }

    @Test func `whoever stops reading ends the writing`() async throws {
        let pipe = BodyPipe()
        let told = Recorder<Bool>()
        pipe.attach(onConsumed: { _ in }, onCancel: { told.append(true) })
        let writer = Task { [piece] in while true { try await pipe.write(piece) } }
        let reader = Task { while try await pipe.next() != nil {} }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await writer.value }
        #expect(await eventually { told.values == [true] })
    }

    @Test func `a broken body gives what came before and then the error`() async throws {
        let pipe = BodyPipe()
        try await pipe.write(ByteBuffer(string: "half"))
        pipe.fail(FlareError(.interrupted, "cut off"))
        #expect(try await pipe.next() == ByteBuffer(string: "half"))
        await #expect(throws: FlareError.self) { try await pipe.next() }
    }

    @Test func `a process that sends more than its credit is found out`() async throws {
        let pipe = BodyPipe()
        for _ in 0..<4 { #expect(pipe.receive(piece)) }
        #expect(!pipe.receive(ByteBuffer(string: "x")))
    }

    @Test func `a window gives what it has, then waits for more`() async throws {
        let window = StreamWindow()
        #expect(try await window.take(Limits.streamWindowBytes - 10) == Limits.streamWindowBytes - 10)
        #expect(try await window.take(100) == 10)
        let next = Task { try await window.take(100) }
        window.add(7)
        #expect(try await next.value == 7)
        window.close()
        await #expect(throws: CancellationError.self) { try await window.take(1) }
    }
}

import FlareModel
import NIOCore

/// A large object that goes in and out again, and the same by dd and cat.
struct LargeObject: Sendable {
    /// In seconds.
    struct Times: Sendable {
        var put: Double
        var get: Double
        var dd: Double
        var cat: Double
    }

    private let address: ServerAddress
    private let put: String
    private let get: String
    private let objects: String
    private let directory: String
    private let megabytes: Int
    private let copy: ChildProgram
    private let read: ChildProgram

    static func prepare(_ bucket: BenchBucket, directory: String, megabytes: Int) async throws -> LargeObject {
        guard let copy = ChildProgram("dd"), let read = ChildProgram("cat") else {
            throw FlareError(.toolMissing, "dd or cat was not found")
        }
        let (address, put) = try await bucket.presign("PUT", "large")
        let (_, get) = try await bucket.presign("GET", "large")
        return LargeObject(
            address: address,
            put: put,
            get: get,
            objects: bucket.engine.state.objects,
            directory: directory,
            megabytes: megabytes,
            copy: copy,
            read: read
        )
    }

    func run() throws -> Times {
        let file = directory + "/large"
        let output = directory + "/output"
        let piece = [UInt8](repeating: 0x62, count: 1_048_576)
        let ddSeconds = try time {
            try copy.run(
                ["if=/dev/zero", "of=\(file)", "bs=1M", "count=\(megabytes)", "conv=fdatasync"],
                output: output
            )
        }
        let putSeconds = try time { try HTTPExchange(address).upload("PUT", put, piece: piece, count: megabytes) }
        FileCache.drop(directory)
        let catSeconds = try time { try read.run([file], output: "/dev/null") }
        FileCache.drop(objects)
        let getSeconds = try time { _ = try HTTPExchange(address).download(get) }
        return Times(put: putSeconds, get: getSeconds, dd: ddSeconds, cat: catSeconds)
    }

    private func time(_ body: () throws -> Void) throws -> Double {
        let begun = NIODeadline.now()
        try body()
        return Double((NIODeadline.now() - begun).nanoseconds) / 1e9
    }
}

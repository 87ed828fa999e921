import FlareClient
import FlareModel
import FoundationEssentials

/// Writes files as objects: small ones at once, large ones in parts, each piece with the digest of what was read.
struct ObjectUploader: Sendable {
    let client: BucketClient
    let plan: PartPlan
    let parallel: Int
    /// Whether an interrupted upload is kept and gone on with.
    let resumes: Bool
    let report: TransferReport

    /// Bytes that are read into memory at once rather than read twice.
    private static let memoryBytes = 1_048_576
    /// How often a file that changed while it was read is read again.
    private static let changesMax = 2

    /// What is written where.
    struct Target: Sendable {
        let bucket: String
        let key: String
        let metadata: WriteMetadata
        var conditions = WriteConditions()
    }

    /// Writes a regular file.
    ///
    /// Returns when the object survives a crash of the engine. Throws `invalidData` for a file that does not hold
    /// still, `preconditionFailed`, and what the engine refuses.
    func upload(_ path: String, to target: Target) async throws -> ObjectPutBody {
        var changes = 0
        while true {
            let source = try FileSource(path: path)
            do {
                return source.sizeBytes <= plan.singleBytesMax
                    ? try await putWhole(source, target)
                    : try await MultipartUpload(uploader: self, source: source, target: target).run()
            } catch {
                let isChange =
                    (error as? FlareError).map { [.invalidData, .digestMismatch].contains($0.code) } ?? false
                guard isChange, !source.isUnchanged, changes < Self.changesMax else {
                    throw source.isUnchanged || !isChange ? error : source.changed
                }
                changes += 1
            }
        }
    }

    /// Writes what a pipe gives: at once when it is short, else in parts that are sent while the next one is read.
    func upload(_ input: FileInput, to target: Target) async throws -> ObjectPutBody {
        let partBytes = plan.partSizeBytes ?? PartPlan.standardPartBytes
        var reader = BlockReader(input: input, blockBytes: partBytes)
        guard let first = try reader.next() else { return try await put([], target) }
        guard first.count == partBytes else { return try await put(first, target) }
        let upload = try await begin(target)
        do {
            var parts: [UploadCompleteBody.Part] = []
            var block: [UInt8]? = first
            try await withThrowingTaskGroup(of: UploadCompleteBody.Part.self) { group in
                var number = 0
                while let bytes = block {
                    // Each waiting part is in memory.
                    if number >= min(parallel, 4), let part = try await group.next() { parts.append(part) }
                    number += 1
                    guard number <= Limits.uploadPartsMax else { throw tooManyParts(partBytes) }
                    group.addTask { [number] in try await send(bytes, number, upload) }
                    block = try reader.next()
                }
                for try await part in group { parts.append(part) }
            }
            return try await complete(upload, parts, target)
        } catch {
            await abort(upload)
            throw error
        }
    }

    private func tooManyParts(_ partBytes: Int) -> FlareError {
        FlareError(
            .bodyTooLarge,
            "stdin is longer than \(Limits.uploadPartsMax) parts of \(formatSizeBytes(partBytes))",
            hint: "give a larger --part-size"
        )
    }

    private func putWhole(_ source: FileSource, _ target: Target) async throws -> ObjectPutBody {
        if source.sizeBytes <= Self.memoryBytes {
            let bytes = try source.read(at: 0, count: source.sizeBytes + 1)
            guard bytes.count == source.sizeBytes else { throw source.changed }
            try source.requireUnchanged()
            return try await put(bytes, target)
        }
        let range = 0..<source.sizeBytes
        let digest = try source.digest(of: range)
        let written = try await put(target, digest) {
            .stream(lengthBytes: range.count, next: source.pieces(of: range) { report.moved($0) })
        }
        try source.requireUnchanged()
        return written
    }

    private func put(_ bytes: [UInt8], _ target: Target) async throws -> ObjectPutBody {
        let written = try await put(target, MD5.digest(bytes)) { .bytes(bytes) }
        report.moved(bytes.count)
        return written
    }

    private func put(
        _ target: Target,
        _ digest: [UInt8],
        _ body: @escaping @Sendable () -> EngineClient.RequestBody
    ) async throws -> ObjectPutBody {
        let path = try BucketPath.object(target.bucket, target.key)
        let headers = target.metadata.headers + target.conditions.headers + Self.digestHeader(digest)
        let send: @Sendable () async throws -> ObjectPutBody = {
            let response = try await client.engine.send("PUT", path, headers: headers, body: body())
            return try await response.result(ObjectPutBody.self)
        }
        // A write with a condition may have happened when its answer was lost, and would then refuse itself.
        let written = target.conditions.isEmpty ? try await client.again(send) : try await send()
        guard written.etag == hexadecimalText(digest) else { throw Self.mismatch(target.key) }
        return written
    }

    func begin(_ target: Target) async throws -> UploadBody {
        let body = UploadCreateBody(
            key: target.key,
            httpMetadata: target.metadata.http,
            customMetadata: target.metadata.custom,
            storageClass: target.metadata.storageClass
        )
        let path = BucketPath.uploads(target.bucket)
        return try await client.again {
            try await client.engine.call("POST", path, body: body, as: UploadBody.self)
        }
    }

    /// Sends a part that is in memory.
    private func send(_ bytes: [UInt8], _ number: Int, _ upload: UploadBody) async throws -> UploadCompleteBody.Part {
        let part = try await send(number, upload, MD5.digest(bytes)) { .bytes(bytes) }
        report.moved(bytes.count)
        return part
    }

    func send(
        _ number: Int,
        _ upload: UploadBody,
        _ digest: [UInt8],
        _ body: @escaping @Sendable () -> EngineClient.RequestBody
    ) async throws -> UploadCompleteBody.Part {
        let path = "\(BucketPath.upload(upload.bucket, upload.id))/parts/\(number)"
        let part = try await client.again {
            let headers = [Self.digestHeader(digest)[0], ("Content-Type", "application/octet-stream")]
            let response = try await client.engine.send("PUT", path, headers: headers, body: body())
            return try await response.result(UploadPartBody.self)
        }
        guard part.etag == hexadecimalText(digest) else { throw Self.mismatch(upload.key) }
        return .init(number: number, etag: part.etag)
    }

    /// Makes the object of its parts.
    func complete(
        _ upload: UploadBody,
        _ parts: [UploadCompleteBody.Part],
        _ target: Target
    ) async throws -> ObjectPutBody {
        let path = "\(BucketPath.upload(upload.bucket, upload.id))/complete"
        let body = FlareJSON.encode(UploadCompleteBody(parts: parts.sorted { $0.number < $1.number }))
        // An upload that is completed twice answers the same again.
        let object = try await client.again {
            try await client.engine.send(
                "POST",
                path,
                headers: [("Content-Type", "application/json")] + target.conditions.headers,
                body: .bytes(body)
            ).result(ObjectBody.self)
        }
        return ObjectPutBody(
            key: object.key,
            etag: object.etag,
            size: object.size,
            version: object.version,
            uploaded: object.lastModified,
            storageClass: object.storageClass
        )
    }

    /// Gives up an upload; one that is gone already is as good.
    func abort(_ upload: UploadBody) async {
        let path = BucketPath.upload(upload.bucket, upload.id)
        // Also when the command is being interrupted: the call is made by a task of its own, which is waited for.
        await Task {
            do {
                _ = try await client.engine.call("DELETE", path, as: EmptyResult.self)
            } catch {
                report.warn("the upload \(upload.id) of \"\(upload.key)\" could not be given up: \(error)")
            }
        }.value
    }

    private static func digestHeader(_ digest: [UInt8]) -> [(String, String)] {
        [("Content-MD5", Data(digest).base64EncodedString())]
    }

    private static func mismatch(_ key: String) -> FlareError {
        FlareError(
            .digestMismatch,
            "the engine wrote other bytes of \"\(key)\" than were sent",
            hint: "flare engine logs"
        )
    }
}

/// Cuts what a pipe gives into blocks of one size; the last may be shorter.
private struct BlockReader {
    let input: FileInput
    let blockBytes: Int
    private var isAtEnd = false

    init(input: FileInput, blockBytes: Int) {
        self.input = input
        self.blockBytes = blockBytes
    }

    mutating func next() throws -> [UInt8]? {
        var block: [UInt8] = []
        while !isAtEnd, block.count < blockBytes {
            guard let piece = try input.next(max: blockBytes - block.count) else {
                isAtEnd = true
                break
            }
            block += piece
        }
        return block.isEmpty ? nil : block
    }
}

extension EngineResponse {
    /// The `result` of the envelope; throws its error.
    func result<Value: Codable & Sendable>(_ type: Value.Type) async throws -> Value {
        let bytes = try await check().bytes(max: Limits.bodyBytesMax)
        guard let result = try FlareJSON.decode(Envelope<Value>.self, from: bytes).result else {
            throw FlareError(.internalError, "the engine answered without a result")
        }
        return result
    }
}

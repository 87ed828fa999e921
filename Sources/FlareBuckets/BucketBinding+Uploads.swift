import FlareModel
import NIOCore

/// Uploads in parts by user code.
extension BucketBinding {
    func createUpload(_ arguments: JSONValue) async throws -> BindingReply {
        let upload = try await service.createUpload(key(arguments), in: bucket, metadata: metadata(arguments))
        return BindingReply(value: .object(["key": .string(upload.key), "uploadId": .string(upload.id)]))
    }

    func uploadPart(_ arguments: JSONValue, _ body: [UInt8]) async throws -> BindingReply {
        guard let number = arguments["partNumber"]?.integerValue else {
            throw FlareError(.invalidArgument, "partNumber must be a whole number")
        }
        let part = try await service.uploadPart(
            number,
            of: uploadID(arguments),
            key: key(arguments),
            in: bucket,
            SingleBuffer(bytes: ByteBuffer(bytes: body))
        )
        return BindingReply(
            value: .object(["partNumber": .integer(Int64(part.number)), "etag": .string(part.etag)])
        )
    }

    func completeUpload(_ arguments: JSONValue) async throws -> BindingReply {
        let record = try await service.completeUpload(
            uploadID(arguments),
            key: key(arguments),
            in: bucket,
            parts: parts(arguments)
        )
        return BindingReply(value: .object(members(record)))
    }

    func abortUpload(_ arguments: JSONValue) async throws -> BindingReply {
        try await service.abortUpload(uploadID(arguments), key: key(arguments), in: bucket)
        return BindingReply()
    }

    /// Ends a body that came in pieces; the upload goes when its object may not be written.
    func completePut(_ arguments: JSONValue) async throws -> BindingReply {
        let (id, key) = (try uploadID(arguments), try key(arguments))
        do {
            let record = try await service.completePut(
                id,
                key: key,
                in: bucket,
                parts: parts(arguments),
                md5: arguments["etag"]?.stringValue ?? "",
                onlyIf: ObjectConditions(json: arguments["onlyIf"] ?? .null)
            )
            return BindingReply(value: .object(members(record)))
        } catch let error as FlareError where error.code == .preconditionFailed {
            try await service.abortUpload(id, key: key, in: bucket)
            return BindingReply()
        }
    }

    private func uploadID(_ arguments: JSONValue) throws -> String {
        guard let id = arguments["uploadId"]?.stringValue else {
            throw FlareError(.invalidArgument, "uploadId must be a text")
        }
        return id
    }

    private func parts(_ arguments: JSONValue) throws -> [CompletedPart] {
        try (arguments["parts"]?.arrayValue ?? []).map { part in
            guard let number = part["partNumber"]?.integerValue, let etag = part["etag"]?.stringValue else {
                throw FlareError(.invalidArgument, "parts must be a list of {partNumber, etag}")
            }
            return CompletedPart(number: number, etag: etag)
        }
    }
}

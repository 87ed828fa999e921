package import FlareModel
import FlareStore
import NIOCore

/// `env.BUCKET` of user code: one bucket, in the shapes of R2's binding.
///
/// Object bytes travel as the raw body of a call or reply, never inside the JSON. Times are milliseconds since 1970.
/// An OBJECT in a reply is
/// `{key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, storageClass, checksums}`,
/// where `httpMetadata` has those of `contentType, contentLanguage, contentDisposition, contentEncoding, cacheControl,
/// cacheExpiry` (a time) that were set, and `checksums` those of `md5, sha1, sha256` that are known, in hexadecimal.
///
/// - `head {key}`: OBJECT, or null.
/// - `get {key, onlyIf?, range?}`: null; or OBJECT with `hasBody`, and where that is true `range`, `bodyLength`, body.
/// - `put {key, httpMetadata?, customMetadata?, storageClass?, onlyIf?, md5?, sha1?, sha256?}` with a body: OBJECT, or
///   null when `onlyIf` did not hold.
/// - `put {…, uploadId, parts, etag}` without a body: ends an upload of pieces of one long body, whose MD5 is `etag`.
/// - `createUpload {key, httpMetadata?, customMetadata?, storageClass?}`: `{key, uploadId}`.
/// - `uploadPart {key, uploadId, partNumber}` with a body: `{partNumber, etag}`.
/// - `completeUpload {key, uploadId, parts: [{partNumber, etag}]}`: OBJECT.
/// - `abortUpload {key, uploadId}`: null.
/// - `delete {keys: […]}`, at most 1000: null.
/// - `list {prefix?, delimiter?, cursor?, limit?, startAfter?, include?}`:
///   `{objects, delimitedPrefixes, truncated, cursor?}`.
///
/// Of these:
/// - `onlyIf`: `{etagMatches?, etagDoesNotMatch?, uploadedBefore?, uploadedAfter?, secondsGranularity?}`; an etag is a
///   text or a list of texts, quotes are ignored. When it does not hold, `get` answers OBJECT with `hasBody: false`.
/// - `range`: `{offset?, length?}` or `{suffix}`. The reply's `range` is `{offset, length}`, what was asked for within
///   the object.
/// - A reply carries at most `Limits.objectBindingBytesMax` (8 MiB) of the range: `bodyLength` bytes. For the rest,
///   call `get` again with `range: {offset: range.offset + bodyLength, length: range.length - bodyLength}` and
///   `onlyIf: {etagMatches: etag}`; null or `hasBody: false` then means that the object was replaced meanwhile.
/// - `list` leaves `httpMetadata` and `customMetadata` out unless `include` names them.
package struct BucketBinding: Binding {
    let service: BucketService
    let bucket: String

    package init(service: BucketService, bucket: String) {
        self.service = service
        self.bucket = bucket
    }

    package func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply {
        switch method {
        case "head": try await head(arguments)
        case "get": try await get(arguments)
        case "put": try await put(arguments, body)
        case "createUpload": try await createUpload(arguments)
        case "uploadPart": try await uploadPart(arguments, body)
        case "completeUpload": try await completeUpload(arguments)
        case "abortUpload": try await abortUpload(arguments)
        case "delete": try await delete(arguments)
        case "list": try await list(arguments)
        default: throw FlareError(.invalidArgument, "a bucket has no method \"\(method)\"")
        }
    }

    private func head(_ arguments: JSONValue) async throws -> BindingReply {
        let record = try await service.head(key(arguments), in: bucket)
        return BindingReply(value: record.map { .object(members($0)) } ?? .null)
    }

    private func get(_ arguments: JSONValue) async throws -> BindingReply {
        let key = try key(arguments)
        let read = try await service.get(
            key,
            in: bucket,
            onlyIf: ObjectConditions(json: arguments["onlyIf"] ?? .null),
            range: ObjectRange(json: arguments["range"] ?? .null)
        )
        switch read {
        case nil:
            return BindingReply()
        case .notModified(let record), .conditionFailed(let record):
            return BindingReply(value: .object(members(record).merging(["hasBody": .bool(false)]) { $1 }))
        case .rangeNotSatisfiable(let record):
            throw FlareError(.invalidArgument, "the object has \(record.size) bytes, none of them in the range (10039)")
        case .contents(let contents):
            let bytes = try await firstBytes(of: contents)
            var value = members(contents.record)
            value["hasBody"] = .bool(true)
            value["bodyLength"] = .integer(Int64(bytes.count))
            value["range"] = .object([
                "offset": .integer(Int64(contents.range.lowerBound)), "length": .integer(Int64(contents.range.count)),
            ])
            return BindingReply(value: .object(value), body: bytes)
        }
    }

    private func put(_ arguments: JSONValue, _ body: [UInt8]) async throws -> BindingReply {
        if arguments["uploadId"] != nil { return try await completePut(arguments) }
        let record = try await service.put(
            key(arguments),
            in: bucket,
            bytes: ByteBuffer(bytes: body),
            metadata: metadata(arguments),
            onlyIf: ObjectConditions(json: arguments["onlyIf"] ?? .null),
            expecting: expectation(arguments)
        )
        return BindingReply(value: record.map { .object(members($0)) } ?? .null)
    }

    private func delete(_ arguments: JSONValue) async throws -> BindingReply {
        guard let values = arguments["keys"]?.arrayValue else {
            throw FlareError(.invalidArgument, "delete takes {keys: […]}")
        }
        let keys = try values.map { value in
            guard let key = value.stringValue else { throw FlareError(.invalidArgument, "a key must be a text") }
            return key
        }
        try await service.delete(keys, in: bucket)
        return BindingReply()
    }

    private func list(_ arguments: JSONValue) async throws -> BindingReply {
        let request = ObjectListRequest(
            prefix: arguments["prefix"]?.stringValue ?? "",
            delimiter: arguments["delimiter"]?.stringValue,
            cursor: arguments["cursor"]?.stringValue,
            startAfter: arguments["startAfter"]?.stringValue,
            limit: arguments["limit"]?.integerValue ?? Limits.objectListMax
        )
        let included = Set((arguments["include"]?.arrayValue ?? []).compactMap(\.stringValue))
        let list = try await service.list(request, in: bucket)
        let objects = list.objects.map { record in
            JSONValue.object(
                members(record).filter { name, _ in
                    !["httpMetadata", "customMetadata"].contains(name) || included.contains(name)
                }
            )
        }
        var value: [String: JSONValue] = [
            "objects": .array(objects),
            "delimitedPrefixes": .array(list.delimitedPrefixes.map { .string($0) }),
            "truncated": .bool(list.cursor != nil),
        ]
        if let cursor = list.cursor { value["cursor"] = .string(cursor) }
        return BindingReply(value: .object(value))
    }

    func key(_ arguments: JSONValue) throws -> String {
        guard let key = arguments["key"]?.stringValue else { throw FlareError(.invalidArgument, "key must be a text") }
        return key
    }

    private func firstBytes(of contents: ObjectContents) async throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(min(contents.bytes.sizeBytes, Limits.objectBindingBytesMax))
        for try await chunk in contents.bytes {
            let room = Limits.objectBindingBytesMax - result.count
            result.append(contentsOf: chunk.readableBytesView.prefix(room))
            if result.count == Limits.objectBindingBytesMax { break }
        }
        return result
    }
}

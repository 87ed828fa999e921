import FlareBuckets
import FlareModel
import FlareQueues
import FlareStore
import NIOCore
import Testing

/// One bucket that is changed at random, and the model of what it must hold.
struct ObjectLane {
    /// The least bytes of a part but the last.
    static let partBytesMin = 16
    static let partsMax = 6

    let bucket: String
    var model = ObjectModel()
    var numbers: SeededNumbers
    var service: BucketService
    var queues: QueueService

    /// Does some operations and compares each answer.
    mutating func run(_ count: Int) async throws {
        for step in 0..<count {
            try await one()
            // As many messages as one look into the queue shows.
            if step % 40 == 39 { try await compareNotifications() }
        }
        try await compareNotifications()
        let record = try await service.get(bucket)
        #expect(record.objectCount == model.objects.count)
        #expect(record.size == model.sizeBytes)
    }

    private mutating func one() async throws {
        switch Int.random(in: 0..<100, using: &numbers) {
        case 0..<22: try await put()
        case 22..<42: try await get()
        case 42..<47: try await head()
        case 47..<54: try await list()
        case 54..<62: try await delete()
        case 62..<70: try await copy()
        case 70..<75: try await createUpload()
        case 75..<90: try await uploadPart()
        case 90..<95: try await complete()
        case 95..<97: try await abort()
        default: try await compareUploads()
        }
    }

    // MARK: objects

    private mutating func put() async throws {
        let (key, bytes, custom) = (key(), bytes(), custom())
        let older = model.objects[key]
        let etag = Bool.random(using: &numbers) ? older?.etag ?? "none" : "other"
        let conditions: (ObjectConditions?, Bool) =
            switch Int.random(in: 0..<8, using: &numbers) {
            case 0: (ObjectConditions(etagDoesNotMatch: ["*"]), older == nil)
            case 1: (ObjectConditions(etagMatches: [etag]), older?.etag == etag)
            case 2: (ObjectConditions(etagDoesNotMatch: [etag]), older?.etag != etag)
            default: (nil, true)
            }
        let record = try await service.put(
            key,
            in: bucket,
            bytes: ByteBuffer(bytes: bytes),
            metadata: ObjectMetadata(custom: custom),
            onlyIf: conditions.0
        )
        #expect((record != nil) == conditions.1)
        guard conditions.1 else { return }
        model.put(key, bytes, custom: custom)
        #expect(record?.etag == model.objects[key]?.etag)
    }

    private mutating func get() async throws {
        let key = key()
        let object = model.objects[key]
        let size = object?.bytes.count ?? 0
        var (range, part, wanted): (ObjectRange?, Int?, Range<Int>?) = (nil, nil, 0..<size)
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0:
            let offset = Int.random(in: 0...size, using: &numbers)
            let length = Int.random(in: 1...(size + 1), using: &numbers)
            range = .from(offset: offset, length: length)
            wanted = offset < size ? offset..<min(size, offset + length) : nil
        case 1:
            let length = Int.random(in: 0...(size + 1), using: &numbers)
            range = .suffix(length)
            wanted = length > 0 && size > 0 ? max(0, size - length)..<size : nil
        case 2:
            let number = Int.random(in: 1...Self.partsMax, using: &numbers)
            part = number
            wanted = if let parts = object?.parts { parts[number] } else { number == 1 ? 0..<size : nil }
        default: break
        }
        let read = try await service.get(key, in: bucket, range: range, partNumber: part)
        switch (read, object, wanted) {
        case (nil, nil, _): break
        case (.rangeNotSatisfiable, _?, nil): break
        case (.contents(let contents), let object?, let wanted?):
            #expect(contents.range == wanted)
            #expect(Array(try await contents.bytes.collect().readableBytesView) == Array(object.bytes[wanted]))
            #expect(contents.record.metadata.custom == object.custom)
        default: Issue.record("\(key): read \(String(describing: read)), expected \(String(describing: wanted))")
        }
    }

    private mutating func head() async throws {
        let key = key()
        let record = try await service.head(key, in: bucket)
        let object = model.objects[key]
        #expect(record?.etag == object?.etag)
        #expect(record?.size == object?.bytes.count)
        #expect(record?.partCount == object?.parts?.count)
    }

    private mutating func list() async throws {
        let prefix = ["", "", "a/", "a/b", "b", "é"].randomElement(using: &numbers) ?? ""
        let delimiter = [nil, "/", "/", "b"].randomElement(using: &numbers) ?? nil
        let startAfter = Int.random(in: 0..<3, using: &numbers) == 0 ? key() : nil
        var request = ObjectListRequest(prefix: prefix, delimiter: delimiter, startAfter: startAfter)
        request.limit = [1, 2, 3, 7, 1000].randomElement(using: &numbers) ?? 1
        var found: (keys: [String], prefixes: [String]) = ([], [])
        repeat {
            let page = try await service.list(request, in: bucket)
            #expect((0...request.limit).contains(page.objects.count + page.delimitedPrefixes.count))
            for object in page.objects { #expect(object.etag == model.objects[object.key]?.etag) }
            found.keys += page.objects.map(\.key)
            found.prefixes += page.delimitedPrefixes
            request.cursor = page.cursor
        } while request.cursor != nil
        let expected = model.list(prefix: prefix, delimiter: delimiter, startAfter: startAfter)
        #expect(found == expected, "\(request)")
    }

    private mutating func delete() async throws {
        let keys = Set((0..<Int.random(in: 1...4, using: &numbers)).map { _ in key() }).sorted()
        let deleted = try await service.delete(keys, in: bucket)
        #expect(deleted == keys.filter { model.objects[$0] != nil })
        for key in keys { model.delete(key) }
    }

    private mutating func copy() async throws {
        let (source, target) = (key(), key())
        let custom = Bool.random(using: &numbers) ? custom() : nil
        let isPossible = model.objects[source] != nil && (source != target || custom != nil)
        let code = await code {
            try await service.copy(
                from: ObjectSource(bucket: bucket, key: source),
                to: target,
                in: bucket,
                metadata: custom.map { ObjectMetadata(custom: $0) }
            )
        }
        #expect((code == nil) == isPossible)
        if isPossible { model.copy(source, to: target, custom: custom) }
    }

    // MARK: uploads

    private mutating func createUpload() async throws {
        guard model.uploads.count < 5 else { return }
        let (key, custom) = (key(), custom())
        let upload = try await service.createUpload(key, in: bucket, metadata: ObjectMetadata(custom: custom))
        model.uploads[upload.id] = ObjectModel.Upload(key: key, custom: custom)
    }

    private mutating func uploadPart() async throws {
        guard let id = upload() else { return }
        let number = Int.random(in: 1...Self.partsMax, using: &numbers)
        var bytes = bytes()
        let source = key()
        if Int.random(in: 0..<6, using: &numbers) == 0, let object = model.objects[source] {
            bytes = object.bytes
            let source = ObjectSource(bucket: bucket, key: source)
            let part = try await service.uploadPartCopy(number, of: id, in: bucket, from: source)
            #expect(part.etag == ObjectModel.etag(bytes))
        } else {
            let piece = SinglePiece(ByteBuffer(bytes: bytes))
            let part = try await service.uploadPart(number, of: id, in: bucket, piece)
            #expect(part.etag == ObjectModel.etag(bytes))
        }
        let file = model.newFile()
        model.uploads[id]?.parts[number] = ObjectModel.Part(bytes: bytes, file: file)
    }

    private mutating func complete() async throws {
        guard let id = upload(), let upload = model.uploads[id] else { return }
        var wanted = upload.parts.keys.sorted().filter { _ in Int.random(in: 0..<5, using: &numbers) > 0 }
        if Int.random(in: 0..<8, using: &numbers) == 0 { wanted.reverse() }
        if Int.random(in: 0..<8, using: &numbers) == 0 { wanted.append(Self.partsMax + 1) }
        let parts = wanted.map {
            CompletedPart(number: $0, etag: ObjectModel.etag(upload.parts[$0]?.bytes ?? []))
        }
        let isPossible =
            !wanted.isEmpty && wanted == Array(Set(wanted)).sorted() && wanted.allSatisfy { upload.parts[$0] != nil }
            && wanted.dropLast().allSatisfy { upload.parts[$0]?.bytes.count ?? 0 >= Self.partBytesMin }
        let code = await code { try await service.completeUpload(id, in: bucket, parts: parts) }
        #expect((code == nil) == isPossible)
        guard isPossible else { return }
        model.complete(id, wanted)
        let again = try await service.completeUpload(id, in: bucket, parts: parts)
        #expect(again.etag == model.objects[upload.key]?.etag)
    }

    private mutating func abort() async throws {
        guard let id = upload() else { return }
        try await service.abortUpload(id, in: bucket)
        model.uploads[id] = nil
    }

    private mutating func compareUploads() async throws {
        let open = try await service.listUploads(in: bucket).uploads
        #expect(Set(open.map(\.id)) == Set(model.uploads.keys))
        guard let id = upload() else { return }
        let parts = try await service.listParts(of: id, in: bucket).parts
        #expect(parts.map(\.number) == model.uploads[id]?.parts.keys.sorted())
        for part in parts { #expect(part.size == model.uploads[id]?.parts[part.number]?.bytes.count) }
    }

    // MARK: messages

    private mutating func compareNotifications() async throws {
        let messages = try await queues.peek(bucket, limit: Limits.messageBatchMax)
        let found = try messages.map { message in
            let body = try JSONValue(json: message.body)
            #expect(body["bucket"] == .string(bucket))
            return ObjectModel.Notification(
                action: body["action"]?.stringValue ?? "",
                key: body["object"]?["key"]?.stringValue ?? "",
                size: body["object"]?["size"]?.integerValue,
                etag: body["object"]?["eTag"]?.stringValue,
                source: body["copySource"]?["object"]?.stringValue
            )
        }
        #expect(found.sorted() == model.notifications.sorted())
        model.notifications = []
        _ = try await queues.purge(bucket)
    }

    // MARK: choices

    private mutating func key() -> String {
        let keys = [
            "a/1", "a/2", "a/b/1", "a/b/2", "a/bb/1", "a", "b", "b/1", "é/1", "é/2", "c//x", "c/", "z%2F",
        ]
        return keys.randomElement(using: &numbers) ?? ""
    }

    private mutating func upload() -> String? {
        model.uploads.keys.sorted().randomElement(using: &numbers)
    }

    private mutating func custom() -> [String: String] {
        Bool.random(using: &numbers) ? ["n": "\(Int.random(in: 0..<100, using: &numbers))"] : [:]
    }

    /// Mostly a few bytes, sometimes more than a row holds, sometimes none.
    private mutating func bytes() -> [UInt8] {
        let count =
            switch Int.random(in: 0..<12, using: &numbers) {
            case 0: 0
            case 1: Limits.inlineObjectBytesMax + Int.random(in: 0...2000, using: &numbers)
            default: Int.random(in: 1...80, using: &numbers)
            }
        let first = UInt8.random(in: .min ... .max, using: &numbers)
        return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
    }
}

import FlareClient
import FlareModel
import Synchronization

/// One large file on its way into a bucket, in parts that are sent several at a time.
///
/// What an interrupted command has sent is found through the journal and the engine's list of parts. Each of those
/// parts is compared with the file by its digest before it counts.
struct MultipartUpload: Sendable {
    let uploader: ObjectUploader
    let source: FileSource
    let target: ObjectUploader.Target

    private typealias Part = UploadCompleteBody.Part

    func run() async throws -> ObjectPutBody {
        let journal =
            uploader.resumes
            ? try UploadJournal(
                uploader.client.shell.state,
                bucket: target.bucket,
                key: target.key,
                file: source.path
            ) : nil
        let begun = try await begun(journal)
        let ranges = PartPlan.ranges(of: source.sizeBytes, partBytes: begun.partBytes)
        let sent = Mutex(begun.parts)
        do {
            let missing = ranges.indices.filter { begun.parts[$0 + 1] == nil }
            uploader.report.moved(source.sizeBytes - missing.reduce(0) { $0 + ranges[$1].count })
            try await inParallel(missing, limit: uploader.parallel) { index in
                let part = try await send(index + 1, ranges[index], begun.upload)
                sent.withLock { $0[index + 1] = part }
            }
            try source.requireUnchanged()
            let parts = sent.withLock { Array($0.values) }
            let object = try await uploader.complete(begun.upload, parts, target)
            journal?.remove()
            return object
        } catch {
            await end(begun.upload, journal, error, sent.withLock { $0.count }, of: ranges.count)
            throw error
        }
    }

    private func send(_ number: Int, _ range: Range<Int>, _ upload: UploadBody) async throws -> Part {
        let digest = try source.digest(of: range)
        return try await uploader.send(number, upload, digest) {
            .stream(lengthBytes: range.count, next: source.pieces(of: range) { uploader.report.moved($0) })
        }
    }

    /// Keeps what is there of an upload that can go on, and gives up any other.
    private func end(
        _ upload: UploadBody,
        _ journal: UploadJournal?,
        _ error: any Error,
        _ count: Int,
        of total: Int
    ) async {
        let canGoOn =
            switch (error as? FlareError)?.code {
            case .invalidData, .digestMismatch, .preconditionFailed, .uploadNotFound, .bucketNotFound, .invalidArgument:
                false
            default: true
            }
        guard journal != nil, canGoOn else {
            journal?.remove()
            if (error as? FlareError)?.code != .uploadNotFound { await uploader.abort(upload) }
            return
        }
        uploader.report.tell(
            "\(count) of \(total) parts of \(source.path) are kept; the same command goes on from there "
                + "(with --no-resume it begins again)"
        )
    }

    private struct Begun {
        let upload: UploadBody
        let partBytes: Int
        let parts: [Int: Part]
    }

    /// The upload of an earlier command with its good parts, or a new one.
    private func begun(_ journal: UploadJournal?) async throws -> Begun {
        let metadata = target.metadata.digest
        if let entry = journal?.entry() {
            if let begun = try await earlier(entry, metadata) { return begun }
            journal?.remove()
        }
        let partBytes = uploader.plan.partBytes(of: source.sizeBytes)
        let upload = try await uploader.begin(target)
        try journal?.keep(
            .init(
                uploadID: upload.id,
                bucket: target.bucket,
                key: target.key,
                path: source.path,
                identity: source.identity,
                partBytes: partBytes,
                metadata: metadata
            )
        )
        return Begun(upload: upload, partBytes: partBytes, parts: [:])
    }

    /// What can be used of an earlier upload; gives it up and returns nil when that is nothing.
    private func earlier(_ entry: UploadJournal.Entry, _ metadata: String) async throws -> Begun? {
        guard let (upload, parts) = try await parts(of: entry) else { return nil }
        let isSame =
            entry.identity == source.identity && entry.metadata == metadata
            && (uploader.plan.partSizeBytes == nil || uploader.plan.partSizeBytes == entry.partBytes)
        guard isSame else {
            await uploader.abort(upload)
            return nil
        }
        let ranges = PartPlan.ranges(of: source.sizeBytes, partBytes: entry.partBytes)
        let good = Mutex<[Int: Part]>([:])
        try await inParallel(parts, limit: uploader.parallel) { part in
            guard ranges.indices.contains(part.number - 1) else { return }
            let range = ranges[part.number - 1]
            guard part.size == range.count, part.etag == hexadecimalText(try source.digest(of: range)) else { return }
            good.withLock { $0[part.number] = .init(number: part.number, etag: part.etag) }
        }
        return Begun(upload: upload, partBytes: entry.partBytes, parts: good.withLock { $0 })
    }

    /// The parts that the engine has of an upload; nil when it knows none of that id.
    private func parts(of entry: UploadJournal.Entry) async throws -> (UploadBody, [UploadPartBody])? {
        let path = "\(BucketPath.upload(entry.bucket, entry.uploadID))/parts"
        var parts: [UploadPartBody] = []
        do {
            while true {
                let query = [("after", "\(parts.last?.number ?? 0)")]
                let page = try await uploader.client.again {
                    try await uploader.client.engine.call("GET", path, query: query, as: UploadPartsBody.self)
                }
                parts += page.parts
                if !page.isTruncated || page.parts.isEmpty { return (page.upload, parts) }
            }
        } catch let error as FlareError where error.code == .uploadNotFound {
            return nil
        }
    }
}

extension WriteMetadata {
    /// The same for the same metadata.
    var digest: String {
        let pairs = http.headers + custom.sorted { $0.key < $1.key }.map { ("=" + $0.key, $0.value) }
        let words = pairs.flatMap { [$0.0, $0.1] } + [storageClass?.rawValue ?? ""]
        return hexadecimalText(MD5.digest(Array(words.joined(separator: "\0").utf8)))
    }
}

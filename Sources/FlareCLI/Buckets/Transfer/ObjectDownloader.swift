import FlareClient
import FlareModel
import Glibc

/// Reads objects into files: written beside their place, compared with the etag, then given their name and time.
struct ObjectDownloader: Sendable {
    let client: BucketClient
    /// Whether an interrupted download is kept and gone on with.
    let resumes: Bool
    let report: TransferReport

    /// From how many bytes an interrupted download is worth keeping.
    private static let keptBytesMin = 4_194_304
    /// How often the rest of an object is asked for when the engine goes away in its middle.
    private static let retriesMax = 3

    /// Reads one version of an object into a file.
    ///
    /// Throws `digestMismatch` when other bytes arrive than the etag tells, `preconditionFailed` when the object has
    /// been replaced, and what kept the file from being written.
    func download(_ object: ObjectBody, of bucket: String, to place: OutputPlace) async throws {
        let part = try PartFile(at: place, etag: object.etag + "/" + object.version, resumes: resumes)
        do {
            do {
                try await fill(part, object, bucket)
            } catch let error as FlareError where error.code == .digestMismatch && part.heldBytes > 0 {
                // What an earlier command has left was not what it seemed.
                try part.restart()
                try await fill(part, object, bucket, isFresh: true)
            }
            try Task.checkCancellation()
        } catch {
            end(part, error)
            throw error
        }
        try part.finish(modified: object.modified)
    }

    /// As `download`; when the object has been replaced since it was looked at, its new version is read.
    func downloadNewest(_ object: ObjectBody, of bucket: String, to place: OutputPlace) async throws {
        do {
            try await download(object, of: bucket, to: place)
        } catch let error as FlareError where error.code == .preconditionFailed {
            try await download(try await client.head(bucket, object.key), of: bucket, to: place)
        }
    }

    private func fill(_ part: PartFile, _ object: ObjectBody, _ bucket: String, isFresh: Bool = false) async throws {
        var digest = ObjectDigest(etag: object.etag, sizeBytes: object.size)
        var offset = 0
        if !isFresh, part.heldBytes > 0, part.heldBytes <= object.size {
            while offset < part.heldBytes {
                let bytes = try part.read(at: offset, count: min(FileSource.chunkBytes, part.heldBytes - offset))
                guard !bytes.isEmpty else { break }
                digest.update(bytes)
                offset += bytes.count
            }
            report.moved(offset)
        } else if part.heldBytes > 0 {
            try part.restart()
        }
        var retries = 0
        while offset < object.size || (object.size == 0 && retries == 0) {
            do {
                try await fetch(part, object, bucket, &offset, &digest)
            } catch let error as FlareError where error.code == .engineUnavailable && retries < Self.retriesMax {
                try Task.checkCancellation()
                _ = try await client.shell.client()
            }
            retries += 1
        }
        guard digest.matches != false else {
            throw FlareError(
                .digestMismatch,
                "the bytes of \"\(object.key)\" that arrived are not those of its etag \(object.etag)",
                hint: "flare engine logs"
            )
        }
    }

    private func fetch(
        _ part: PartFile,
        _ object: ObjectBody,
        _ bucket: String,
        _ offset: inout Int,
        _ digest: inout ObjectDigest
    ) async throws {
        var headers = [("If-Match", "\"\(object.etag)\"")]
        if offset > 0 { headers.append(("Range", "bytes=\(offset)-")) }
        let response = try await client.read(bucket, object.key, headers: headers)
        try await response.check()
        guard response.status == (offset > 0 ? 206 : 200) else {
            throw FlareError(.internalError, "the engine answered a range with status \(response.status)")
        }
        for try await chunk in response.chunks {
            guard offset + chunk.count <= object.size else {
                throw FlareError(.digestMismatch, "more bytes of \"\(object.key)\" arrived than it has")
            }
            try part.write(chunk, at: offset)
            digest.update(chunk)
            offset += chunk.count
            report.moved(chunk.count)
        }
        guard offset == object.size else { throw Self.stopped(offset, object.size, object.key) }
    }

    /// Keeps what is worth it of a download that can go on.
    private func end(_ part: PartFile, _ error: any Error) {
        let canGoOn = error is CancellationError || (error as? FlareError)?.code == .engineUnavailable
        guard resumes, canGoOn, let bytes = part.sizeBytes, bytes >= Self.keptBytesMin else { return part.discard() }
        part.keep()
        report.tell(
            "\(formatSizeBytes(bytes)) of \(part.place.path) are kept; the same command goes on from there "
                + "(with --no-resume it begins again)"
        )
    }

    static func stopped(_ received: Int, _ expected: Int, _ key: String) -> FlareError {
        FlareError(
            .engineUnavailable,
            "the engine stopped after \(received) of \(expected) bytes of \"\(key)\"",
            hint: "flare engine logs"
        )
    }
}

/// Compares bytes with an etag: the MD5 of all, or of the MD5s of parts.
///
/// The size of the parts is not known; if one of the usual sizes gives the etag, the bytes are right, and if none does,
/// nothing is known.
struct ObjectDigest: Sendable {
    private let etag: String
    private let partBytes: Int?
    private var whole = MD5()
    private var current = MD5()
    private var currentBytes = 0
    private var parts = MD5()
    private var partCount = 0

    /// Sizes of parts that clients use: flare's, and by default awscli, rclone, s3cmd and others.
    private static let usualPartBytes = [16_777_216, 8_388_608, 5_242_880, 15_728_640, 33_554_432, 67_108_864]

    /// - Parameter partBytes: the size of the parts, when it is known.
    init(etag: String, sizeBytes: Int, partBytes: Int? = nil) {
        self.etag = etag
        let pieces = etag.split(separator: "-")
        guard pieces.count == 2, let count = Int(pieces[1]), count > 0 else {
            self.partBytes = nil
            return
        }
        let candidates = (partBytes.map { [$0] } ?? []) + Self.usualPartBytes + [sizeBytes]
        self.partBytes = candidates.first { $0 > 0 && (sizeBytes + $0 - 1) / $0 == count } ?? 0
    }

    mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            guard let partBytes else { return whole.update(buffer) }
            guard partBytes > 0 else { return }
            var rest = buffer[...]
            while !rest.isEmpty {
                let taken = rest.prefix(partBytes - currentBytes)
                current.update(UnsafeRawBufferPointer(rebasing: taken))
                currentBytes += taken.count
                rest = rest.dropFirst(taken.count)
                if currentBytes == partBytes { endPart() }
            }
        }
    }

    private mutating func endPart() {
        parts.update(current.digest)
        partCount += 1
        current = MD5()
        currentBytes = 0
    }

    /// Whether the bytes are those of the etag; nil when that cannot be told.
    var matches: Bool? {
        guard let partBytes else {
            // Only 32 hexadecimal digits are an MD5.
            return etag.utf8.count == 32 ? hexadecimalText(whole.digest) == etag : nil
        }
        guard partBytes > 0 else { return nil }
        var last = self
        if last.currentBytes > 0 { last.endPart() }
        return "\(hexadecimalText(last.parts.digest))-\(last.partCount)" == etag ? true : nil
    }
}

extension ObjectBody {
    /// The time of the file that the object was made of, else that of its upload.
    var modified: FileTime {
        customMetadata[FileTime.metadataName].flatMap { FileTime(metadata: $0) }
            ?? FileTime(nanoseconds: lastModified.milliseconds * 1_000_000)
    }
}

import FlareModel

/// An object, and the key of its copy.
struct CopyJob: Sendable {
    let object: ObjectBody
    let key: String
}

/// Copies inside of the engine, from one bucket to another or the same.
struct ObjectCopies: Sendable {
    let client: BucketClient
    let report: TransferReport
    let source: String
    let destination: String
    /// Whether what is copied is deleted, in the same step.
    var isMove = false
    var conditions = WriteConditions()
    /// Nil to keep the metadata of the source.
    var metadata: MetadataOptions?

    /// Copies; what fails is reported, and the rest goes on.
    func run(_ jobs: [CopyJob], parallel: Int, dryRun: Bool) async throws {
        report.expect(items: jobs.count, bytes: jobs.reduce(0) { $0 + $1.object.size })
        if dryRun {
            for job in jobs {
                var item = item(job)
                item.result = .planned
                report.add(item, "would \(isMove ? "move" : "copy") \(line(job))")
            }
            return
        }
        try await inParallel(jobs, limit: parallel) { job in
            do {
                _ = try await copy(job)
                report.add(item(job), "\(isMove ? "moved" : "copied") \(line(job))")
            } catch {
                try Task.checkCancellation()
                if error.endsAll { throw error }
                report.fail(item(job), error)
            }
        }
    }

    /// Copies or moves one object, unless it has been written again.
    func copy(_ job: CopyJob) async throws -> ObjectBody {
        let isSame = source == destination && job.key.hasBytes(job.object.key)
        if isSame, isMove || metadata == nil {
            throw FlareError(
                .invalidArgument,
                "\"\(job.key)\" cannot be \(isMove ? "moved" : "copied") onto itself",
                hint: isMove ? nil : "give metadata to replace what is kept with it"
            )
        }
        let written = metadata?.metadata(key: job.key, file: job.object.key, modified: nil)
        let body = ObjectCopyBody(
            source: .init(bucket: source, key: job.object.key, etag: job.object.etag),
            key: job.key,
            httpMetadata: written?.http,
            customMetadata: written.map { kept($0.custom, job.object) },
            storageClass: written?.storageClass
        )
        let copy =
            isMove
            ? try await client.move(body, to: destination)
            : try await client.copy(body, to: destination, conditions)
        report.moved(job.object.size)
        return copy
    }

    /// The time of the file stays with the bytes.
    private func kept(_ custom: [String: String], _ object: ObjectBody) -> [String: String] {
        let time = object.customMetadata.filter { $0.key == FileTime.metadataName }
        return custom.merging(time) { given, _ in given }
    }

    private func item(_ job: CopyJob) -> TransferItem {
        TransferItem(
            action: isMove ? .move : .copy,
            bucket: source,
            key: job.object.key,
            destination: ObjectAddress(bucket: destination, key: job.key).description,
            size: job.object.size,
            etag: job.object.etag
        )
    }

    private func line(_ job: CopyJob) -> String {
        "\(source)/\(job.object.key) to \(destination)/\(job.key)  \(formatSizeBytes(job.object.size))"
    }
}

import FlareModel

/// A file that is to become an object.
struct UploadJob: Sendable {
    let key: String
    let file: String
    let sizeBytes: Int

    /// The files below a directory; what is passed over or cannot be read is reported.
    static func all(
        below directory: String,
        _ prefix: String,
        _ filter: ObjectFilter,
        followsLinks: Bool,
        _ report: TransferReport
    ) throws -> [UploadJob] {
        let tree = try LocalTree(directory, filter: filter, followsLinks: followsLinks)
        tree.tell(report)
        return tree.entries.map {
            UploadJob(key: prefix + $0.relative, file: $0.path, sizeBytes: $0.identity.sizeBytes)
        }
    }
}

extension LocalTree {
    /// Reports what is not among the entries and why.
    func tell(_ report: TransferReport) {
        for reason in skipped { report.warn("passed over: \(reason)") }
        for (path, error) in failures { report.fail(TransferItem(action: .upload, file: path), error) }
    }
}

/// Many files on their way into a bucket: small ones beside each other, then each large one in parts.
struct FileUploads: Sendable {
    let uploader: ObjectUploader
    let bucket: String
    let options: MetadataOptions
    var conditions = WriteConditions()

    /// Writes them; what fails is reported, and the rest goes on.
    func run(_ jobs: [UploadJob], dryRun: Bool) async throws {
        let report = uploader.report
        report.expect(items: jobs.count, bytes: jobs.reduce(0) { $0 + $1.sizeBytes })
        if dryRun {
            for job in jobs {
                var item = item(job)
                item.result = .planned
                report.add(item, "would write \(bucket)/\(job.key)  \(formatSizeBytes(job.sizeBytes))")
            }
            return
        }
        let small = jobs.filter { $0.sizeBytes <= uploader.plan.singleBytesMax }
        let large = jobs.filter { $0.sizeBytes > uploader.plan.singleBytesMax }
        try await inParallel(small, limit: uploader.parallel) { try await upload($0) }
        for job in large { try await upload(job) }
    }

    private func upload(_ job: UploadJob) async throws {
        do {
            let modified = try LocalTree.file(job.file).identity.modified
            let target = ObjectUploader.Target(
                bucket: bucket,
                key: job.key,
                metadata: options.metadata(key: job.key, file: job.file, modified: modified),
                conditions: conditions
            )
            let object = try await uploader.upload(job.file, to: target)
            var item = item(job)
            item.size = Int(object.size)
            item.etag = object.etag
            uploader.report.add(item, "wrote \(bucket)/\(job.key)  \(formatSizeBytes(item.size ?? 0))")
        } catch {
            try Task.checkCancellation()
            if error.endsAll { throw error }
            uploader.report.fail(item(job), error)
        }
    }

    private func item(_ job: UploadJob) -> TransferItem {
        TransferItem(action: .upload, bucket: bucket, key: job.key, file: job.file, size: job.sizeBytes)
    }
}

extension Error {
    /// Whether what failed will fail for every other item, too.
    var endsAll: Bool {
        switch (self as? FlareError)?.code {
        case .bucketNotFound, .engineUnavailable, .diskFull: true
        default: false
        }
    }
}

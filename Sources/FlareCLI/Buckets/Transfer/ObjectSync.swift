import FlareModel
import Glibc
import Synchronization

/// Makes one side the same as the other: compares, transfers, and only then deletes.
struct ObjectSync: Sendable {
    let client: BucketClient
    let report: TransferReport
    let filter: ObjectFilter
    let comparison: SyncComparison
    let parallel: Int
    let deletes: Bool
    let dryRun: Bool

    /// Makes a bucket the same as a directory.
    func send(
        _ directory: String,
        to address: ObjectAddress,
        _ uploader: ObjectUploader,
        _ metadata: MetadataOptions,
        followsLinks: Bool
    ) async throws {
        let tree = try LocalTree(directory, filter: filter, followsLinks: followsLinks)
        let objects = try await objects(address)
        tree.tell(report)
        var plan = SyncPlan(
            tree.entries,
            objects,
            sourceName: \.relative,
            destinationName: \.relative
        ) { comparison.verdict($0.identity, $1.object) }
        plan.transfers += try await differing(plan.doubtful) { ($0.path, $1.object) }.map(\.0)
        tellSame(tree.entries.count - plan.transfers.count)
        let uploads = FileUploads(uploader: uploader, bucket: address.bucket, options: metadata)
        let jobs = plan.transfers.map {
            UploadJob(key: address.folder + $0.relative, file: $0.path, sizeBytes: $0.identity.sizeBytes)
        }
        try await uploads.run(jobs, dryRun: dryRun)
        // What was passed over is not sent, but it is there.
        try await delete(plan.surplus.filter { !tree.passesOver($0.relative) }.map(\.object), of: address.bucket)
    }

    /// Makes a directory the same as a bucket.
    func fetch(_ address: ObjectAddress, into directory: String, _ downloader: ObjectDownloader) async throws {
        let objects = try await objects(address)
        let isThere = LocalTree.isDirectory(directory)
        let entries = isThere ? try LocalTree(directory, filter: filter).entries : []
        var plan = SyncPlan(
            objects.filter { !$0.isFolder },
            entries,
            sourceName: \.relative,
            destinationName: \.relative
        ) { comparison.verdict($1.identity, $0.object) }
        plan.transfers += try await differing(plan.doubtful) { ($1.path, $0.object) }.map(\.0)
        tellSame(objects.count { !$0.isFolder } - plan.transfers.count)
        let downloads = FileDownloads(downloader: downloader, bucket: address.bucket, parallel: parallel)
        if !plan.transfers.isEmpty || !isThere {
            try await downloads.run(plan.transfers, into: directory, dryRun: dryRun)
        }
        try delete(plan.surplus, below: directory)
    }

    /// Makes a bucket the same as another, or a folder of one.
    func copy(_ source: ObjectAddress, to destination: ObjectAddress, _ metadata: MetadataOptions?) async throws {
        let isInside =
            source.bucket == destination.bucket
            && (source.folder.beginsWithBytes(destination.folder) || destination.folder.beginsWithBytes(source.folder))
        guard !isInside else {
            throw FlareError(.invalidArgument, "\(source) and \(destination) lie in each other")
        }
        let plan = SyncPlan(
            try await objects(source),
            try await objects(destination),
            sourceName: \.relative,
            destinationName: \.relative
        ) { from, to in
            let isSame =
                from.object.size == to.object.size && (comparison == .size || from.object.etag == to.object.etag)
            return isSame ? .same : .differs
        }
        tellSame(plan.sameCount)
        var copies = ObjectCopies(
            client: client,
            report: report,
            source: source.bucket,
            destination: destination.bucket
        )
        copies.metadata = metadata
        let jobs = plan.transfers.map { CopyJob(object: $0.object, key: destination.folder + $0.relative) }
        try await copies.run(jobs, parallel: parallel, dryRun: dryRun)
        try await delete(plan.surplus.map(\.object), of: destination.bucket)
    }

    /// The objects below an address that are meant, in the order of their keys.
    private func objects(_ address: ObjectAddress) async throws -> [SelectedObject] {
        let prefix = address.folder
        return try await client.all(address.bucket, prefix: prefix)
            .map { SelectedObject(object: $0, relative: $0.key.droppingBytes(prefix.utf8.count)) }
            // The object that marks the folder itself is no file in it.
            .filter { !$0.relative.isEmpty && filter.accepts($0.relative) }
    }

    /// Those pairs whose bytes differ, or may.
    private func differing<A: Sendable, B: Sendable>(
        _ pairs: [(A, B)],
        _ sides: @escaping @Sendable (A, B) -> (String, ObjectBody)
    ) async throws -> [(A, B)] {
        let differing = Mutex<[Int]>([])
        try await inParallel(Array(pairs.indices), limit: parallel) { index in
            let (path, object) = sides(pairs[index].0, pairs[index].1)
            if try !Self.holds(path, object) { differing.withLock { $0.append(index) } }
        }
        return differing.withLock { $0.sorted() }.map { pairs[$0] }
    }

    /// Whether the bytes of a file are known to be those of an object; a file that cannot be read says no.
    private static func holds(_ path: String, _ object: ObjectBody) throws -> Bool {
        guard let source = try? FileSource(path: path), source.sizeBytes == object.size else { return false }
        var digest = ObjectDigest(etag: object.etag, sizeBytes: object.size)
        var offset = 0
        while offset < source.sizeBytes {
            try Task.checkCancellation()
            guard let bytes = try? source.read(at: offset, count: FileSource.chunkBytes), !bytes.isEmpty else {
                return false
            }
            digest.update(bytes)
            offset += bytes.count
        }
        return digest.matches == true && source.isUnchanged
    }

    private func tellSame(_ count: Int) {
        report.skip(count)
    }

    /// Whether the surplus may go; says why not.
    private func mayDelete(_ count: Int) -> Bool {
        guard deletes, count > 0 else { return false }
        guard report.failedCount == 0 else {
            report.warn("\(count) items that are not in the source were kept, because others failed")
            return false
        }
        return true
    }

    private func delete(_ objects: [ObjectBody], of bucket: String) async throws {
        guard mayDelete(objects.count) else { return }
        try await ObjectDeletion(client: client, bucket: bucket).run(objects, report, dryRun: dryRun)
    }

    private func delete(_ entries: [LocalEntry], below directory: String) throws {
        guard mayDelete(entries.count) else { return }
        var emptied = Set<String>()
        for entry in entries {
            try Task.checkCancellation()
            var item = TransferItem(action: .delete, file: entry.path)
            if dryRun {
                item.result = .planned
                report.add(item, "would delete \(entry.path)")
            } else if unlink(entry.path) == 0 || errno == ENOENT {
                report.add(item, "deleted \(entry.path)")
                emptied.insert(entry.relative)
            } else {
                report.fail(item, FileFailure.writing(entry.path, errno))
            }
        }
        removeEmpty(emptied, below: directory)
    }

    /// Removes the directories that the deletion has left empty.
    private func removeEmpty(_ relatives: Set<String>, below directory: String) {
        var parents = Set<String>()
        for relative in relatives {
            let parts = relative.slashParts
            for count in 1..<max(parts.count, 1) { parents.insert(parts.prefix(count).joined(separator: "/")) }
        }
        // The deepest first; one that still holds something stays.
        for parent in parents.sorted(by: { $0.utf8.count > $1.utf8.count }) { rmdir("\(directory)/\(parent)") }
    }
}

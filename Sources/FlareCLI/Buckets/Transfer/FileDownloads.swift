import FlareModel

/// Many objects on their way into a directory.
struct FileDownloads: Sendable {
    let downloader: ObjectDownloader
    let bucket: String
    let parallel: Int

    /// Reads them; what fails is reported, and the rest goes on.
    func run(_ objects: [SelectedObject], into path: String, dryRun: Bool) async throws {
        let report = downloader.report
        report.expect(items: objects.count, bytes: objects.reduce(0) { $0 + $1.object.size })
        if dryRun {
            for selected in objects { plan(selected, path) }
            return
        }
        let directory = try OutputDirectory(path: path, creates: true)
        try await inParallel(objects, limit: parallel) { try await download($0, into: directory) }
    }

    private func plan(_ selected: SelectedObject, _ path: String) {
        var item = item(selected)
        do {
            _ = try SafePath.parts(selected.isFolder ? selected.relative.withoutLastByte : selected.relative)
            item.result = .planned
            item.file = path.endsWithSlash ? path + selected.relative : "\(path)/\(selected.relative)"
            downloader.report.add(item, "would read \(bucket)/\(selected.object.key) into \(item.file ?? "")")
        } catch {
            downloader.report.fail(item, error)
        }
    }

    private func download(_ selected: SelectedObject, into directory: OutputDirectory) async throws {
        var item = item(selected)
        do {
            if selected.isFolder {
                try directory.makeDirectory(selected.relative)
                item.file = "\(directory.path)/\(selected.relative)"
            } else {
                let place = try directory.place(selected.relative)
                item.file = place.path
                try await downloader.downloadNewest(selected.object, of: bucket, to: place)
            }
            let size = formatSizeBytes(selected.object.size)
            downloader.report.add(item, "read \(bucket)/\(selected.object.key) into \(item.file ?? "")  \(size)")
        } catch {
            try Task.checkCancellation()
            if error.endsAll { throw error }
            downloader.report.fail(item, error)
        }
    }

    private func item(_ selected: SelectedObject) -> TransferItem {
        TransferItem(
            action: .download,
            bucket: bucket,
            key: selected.object.key,
            size: selected.object.size,
            etag: selected.object.etag
        )
    }
}

extension SelectedObject {
    /// Whether the object only marks a folder: no bytes, and a final slash.
    var isFolder: Bool { object.size == 0 && relative.endsWithSlash }
}

import FlareModel

/// Deletes many objects of a bucket, a thousand in a call.
struct ObjectDeletion: Sendable {
    let client: BucketClient
    let bucket: String

    /// Deletes keys; returns the bytes of those that existed.
    func delete(_ keys: [String]) async throws -> Set<[UInt8]> {
        var existing = Set<[UInt8]>()
        for page in pages(keys) { existing.formUnion(try await client.delete(bucket, page).map { Array($0.utf8) }) }
        return existing
    }

    /// Deletes whatever is in the bucket, also what is written meanwhile; returns how many there were.
    func deleteAll() async throws -> Int {
        var deleted = 0
        while true {
            try Task.checkCancellation()
            let page = try await client.page(bucket, ListRequest(), cursor: nil)
            if page.objects.isEmpty { return deleted }
            deleted += try await client.delete(bucket, page.objects.map(\.key)).count
        }
    }

    /// Deletes objects that were listed; a call that fails is reported, and the rest goes on.
    func run(_ objects: [ObjectBody], _ report: TransferReport, dryRun: Bool) async throws {
        report.expect(items: objects.count, bytes: 0)
        for page in pages(objects) {
            try Task.checkCancellation()
            if dryRun {
                for object in page {
                    report.add(item(object, .planned), "would delete \(bucket)/\(object.key)")
                }
                continue
            }
            do {
                _ = try await client.delete(bucket, page.map(\.key))
                for object in page { report.add(item(object, .done), "deleted \(bucket)/\(object.key)") }
            } catch {
                try Task.checkCancellation()
                if error.endsAll { throw error }
                // One that may not be deleted keeps the others of its page: they are tried by themselves.
                try await oneByOne(page, report)
            }
        }
    }

    private func oneByOne(_ objects: [ObjectBody], _ report: TransferReport) async throws {
        for object in objects {
            do {
                _ = try await client.delete(bucket, [object.key])
                report.add(item(object, .done), "deleted \(bucket)/\(object.key)")
            } catch {
                try Task.checkCancellation()
                if error.endsAll { throw error }
                report.fail(item(object, .failed), error)
            }
        }
    }

    private func item(_ object: ObjectBody, _ result: TransferItem.Result) -> TransferItem {
        var item = TransferItem(action: .delete, bucket: bucket, key: object.key, etag: object.etag)
        item.result = result
        return item
    }

    private func pages<Item>(_ items: [Item]) -> [[Item]] {
        stride(from: 0, to: items.count, by: Limits.objectListMax).map {
            Array(items[$0..<min($0 + Limits.objectListMax, items.count)])
        }
    }
}

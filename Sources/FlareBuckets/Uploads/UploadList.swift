/// Which open uploads of a bucket to list.
package struct UploadListRequest: Sendable, Hashable {
    package var prefix: String
    /// Keys that have this text after the prefix are rolled up into the part up to it, its end included.
    package var delimiter: String?
    /// List only uploads of keys after this one; with an id also those of this key with greater ids.
    package var keyMarker: String?
    package var uploadIDMarker: String?
    /// Uploads and rolled-up prefixes together, 1 to `Limits.objectListMax`.
    package var limit: Int
}

/// One page of the open uploads of a bucket, by key and then by the time at which they were begun.
package struct UploadList: Sendable, Hashable {
    package var uploads: [UploadRecord] = []
    /// What the delimiter rolled up, in order.
    package var delimitedPrefixes: [String] = []
    /// Where the next page begins; nil on the last one.
    package var nextKeyMarker: String?
    /// Nil when the page ends with a rolled-up prefix.
    package var nextUploadIDMarker: String?

    package var isTruncated: Bool { nextKeyMarker != nil }
}

extension UploadListRequest {
    private static let chunk = 128

    /// Builds one page.
    ///
    /// `rows` answers the next uploads after a position.
    func page(_ rows: (UploadPosition, Int) throws -> [UploadRecord]) throws -> UploadList {
        try ObjectListRequest.check(limit: limit)
        var list = UploadList()
        guard var position = firstPosition() else { return list }
        while true {
            let chunk = try rows(position, Self.chunk)
            for upload in chunk {
                if upload.key.precedesInBytes(prefix) { continue }
                guard upload.key.beginsWithBytes(of: prefix) else { return list.ended() }
                let rolled = ObjectListRequest.rolledUp(upload.key, prefix: prefix, delimiter: delimiter)
                if let rolled, list.delimitedPrefixes.last?.hasSameBytes(as: rolled) ?? false { continue }
                guard list.uploads.count + list.delimitedPrefixes.count < limit else { return list }
                if let rolled {
                    list.delimitedPrefixes.append(rolled)
                    (list.nextKeyMarker, list.nextUploadIDMarker) = (rolled, nil)
                } else {
                    list.uploads.append(upload)
                    (list.nextKeyMarker, list.nextUploadIDMarker) = (upload.key, upload.id)
                }
            }
            guard chunk.count == Self.chunk, let last = chunk.last else { return list.ended() }
            position = UploadPosition(key: last.key, id: last.id)
            if let rolled = ObjectListRequest.rolledUp(last.key, prefix: prefix, delimiter: delimiter) {
                guard let next = ObjectKey.successor(ofPrefix: rolled) else { return list.ended() }
                position = UploadPosition(key: next, id: "")
            }
        }
    }

    private func firstPosition() -> UploadPosition? {
        let first = UploadPosition(key: prefix, id: "")
        guard let keyMarker, !keyMarker.isEmpty else { return first }
        if let rolled = ObjectListRequest.rolledUp(keyMarker, prefix: prefix, delimiter: delimiter) {
            return ObjectKey.successor(ofPrefix: rolled).map { UploadPosition(key: $0, id: "") }
        }
        guard !keyMarker.precedesInBytes(prefix) else { return first }
        // Without an id, all uploads of the marker's key come before: no id is greater than this one.
        let id = uploadIDMarker.flatMap { $0.isEmpty ? nil : $0 } ?? "\u{10FFFF}"
        return UploadPosition(key: keyMarker, id: id)
    }
}

extension UploadList {
    /// The last page.
    fileprivate func ended() -> UploadList {
        var list = self
        (list.nextKeyMarker, list.nextUploadIDMarker) = (nil, nil)
        return list
    }
}

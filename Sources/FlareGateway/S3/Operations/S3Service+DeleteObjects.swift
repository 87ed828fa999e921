import FlareBuckets
import FlareModel

/// Deleting many objects at once.
extension S3Service {
    /// Deletes what can be deleted and tells about the rest.
    func deleteObjects(_ call: S3Call) async throws -> S3Response {
        let request = try await call.document(root: "Delete")
        let objects = request.all("Object")
        guard (1...Limits.objectListMax).contains(objects.count) else {
            throw S3XMLReader.malformed("it names \(objects.count) objects, not 1 to \(Limits.objectListMax)")
        }
        let isQuiet = request["Quiet"]?.trimmed.lowercased() == "true"
        var (wanted, refused) = sorted(objects, call)
        do {
            try await buckets.delete(wanted, in: call.bucket)
        } catch let error as FlareError where error.code != .bucketNotFound && wanted.count > 1 {
            // One of them, or more, cannot be deleted: find out which.
            var deleted: [String] = []
            for key in wanted {
                do {
                    try await buckets.delete([key], in: call.bucket)
                    deleted.append(key)
                } catch let error as FlareError {
                    refused.append((key, S3Failure.s3Error(error)))
                }
            }
            wanted = deleted
        } catch let error as FlareError where error.code == .objectLocked {
            refused += wanted.map { ($0, S3Failure.s3Error(error)) }
            wanted = []
        }
        var document = S3XMLWriter("DeleteResult", isLenient: true)
        if !isQuiet {
            for key in wanted { document.element("Deleted") { $0.element("Key", key) } }
        }
        for (key, error) in refused {
            document.element("Error") {
                $0.element("Key", key)
                $0.element("Code", error.code)
                $0.element("Message", error.message)
            }
        }
        return try .document(document)
    }

    /// The keys that may be deleted, and those that may not.
    private func sorted(
        _ objects: [S3XMLElement],
        _ call: S3Call
    ) -> (wanted: [String], refused: [(String, S3Error)]) {
        var wanted: [String] = []
        var refused: [(String, S3Error)] = []
        for object in objects {
            let key = object["Key"]?.text ?? ""
            do {
                try ObjectKey.validate(key)
                try call.identity.requires(.write, bucket: call.bucket, key: key)
                if let version = object["VersionId"]?.trimmed, !version.isEmpty, version != "null" {
                    throw S3Unsupported.error("VersionId")
                }
                if object["ETag"] != nil || object["Size"] != nil || object["LastModifiedTime"] != nil {
                    throw S3Unsupported.error("a condition on one of many deletions")
                }
                wanted.append(key)
            } catch {
                refused.append((key, S3Failure.s3Error(error)))
            }
        }
        return (wanted, refused)
    }
}

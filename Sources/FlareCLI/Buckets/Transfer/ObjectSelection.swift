import FlareModel

/// An object that a command is about, and what it is called below the place that was named.
struct SelectedObject: Sendable {
    let object: ObjectBody
    /// The key without the folder that was named, or its last part.
    let relative: String
}

/// The objects that the words of a command mean: keys, patterns, folders and prefixes.
struct ObjectSelection: Sendable {
    let client: BucketClient
    let bucket: String
    var filter = ObjectFilter()

    /// Objects in the order of the words, each once.
    private(set) var objects: [SelectedObject] = []
    /// Words that mean no object.
    private(set) var missing: [(word: String, error: FlareError)] = []
    private var keys = Set<[UInt8]>()

    init(client: BucketClient, bucket: String, filter: ObjectFilter = ObjectFilter()) {
        self.client = client
        self.bucket = bucket
        self.filter = filter
    }

    /// Adds what a key or pattern means; a key that is there as it is written is never taken for a pattern.
    mutating func add(word: String) async throws {
        guard !word.isEmpty else { throw FlareError(.invalidArgument, "the object key is empty") }
        let isPattern = GlobPattern.isPattern(word)
        do {
            let object = try await client.head(bucket, word)
            insert(object, relative: word.lastPart)
            return
        } catch let error as FlareError where error.code == .objectNotFound {
            if !isPattern { missing.append((word, error)) }
        } catch let error as FlareError where isPattern && error.code == .invalidName {
            // A pattern that could not be a key.
        }
        if isPattern { try await add(pattern: word) }
    }

    private mutating func add(pattern: String) async throws {
        let glob = GlobPattern(pattern)
        let folder = glob.literalPrefix.folderBytes
        let found = try await client.all(bucket, prefix: glob.literalPrefix) { glob.matches($0.key) }
        for object in found { insert(object, relative: object.key.droppingBytes(folder)) }
        guard found.isEmpty else { return }
        let error = FlareError(
            .objectNotFound,
            "no object of bucket \"\(bucket)\" matches \"\(pattern)\"",
            hint: "see: flare buckets objects list \(bucket)"
        )
        missing.append((pattern, error))
    }

    /// Adds all objects below a folder; the empty one is the bucket.
    mutating func add(folder: String) async throws {
        let prefix = ObjectAddress(bucket: bucket, key: folder).folder
        let found = try await client.all(bucket, prefix: prefix)
        for object in found { insert(object, relative: object.key.droppingBytes(prefix.utf8.count)) }
        guard found.isEmpty, !prefix.isEmpty else { return }
        let error = FlareError(
            .objectNotFound,
            "bucket \"\(bucket)\" has no object below \"\(prefix)\"",
            hint: "see: flare buckets objects list \(bucket)"
        )
        missing.append((folder, error))
    }

    /// Adds all objects whose keys begin with a text.
    mutating func add(prefix: String) async throws {
        let folder = prefix.folderBytes
        for object in try await client.all(bucket, prefix: prefix) {
            insert(object, relative: object.key.droppingBytes(folder))
        }
    }

    private mutating func insert(_ object: ObjectBody, relative: String) {
        guard filter.accepts(relative), keys.insert(Array(object.key.utf8)).inserted else { return }
        objects.append(SelectedObject(object: object, relative: relative))
    }
}

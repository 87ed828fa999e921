import FlareModel
import NIOCore

@testable import FlareBuckets

/// What a bucket should hold, kept in memory: the simplest thing that is right.
struct ObjectModel {
    struct Object: Equatable {
        var bytes: [UInt8]
        var etag: String
        var custom: [String: String]
        /// Number and range of each part, when there are parts.
        var parts: [Int: Range<Int>]?
        /// A name for each file that holds bytes; copies share them.
        var files: Set<Int>
    }

    struct Part: Equatable {
        var bytes: [UInt8]
        var file: Int
    }

    struct Upload {
        var key: String
        var custom: [String: String]
        var parts: [Int: Part] = [:]
    }

    struct Notification: Hashable, Comparable {
        var action: String
        var key: String
        var size: Int?
        var etag: String?
        var source: String?

        static func < (left: Self, right: Self) -> Bool { "\(left)" < "\(right)" }
    }

    private(set) var objects: [String: Object] = [:]
    var uploads: [String: Upload] = [:]
    var notifications: [Notification] = []
    private var lastFile = 0

    var sizeBytes: Int { objects.values.reduce(0) { $0 + $1.bytes.count } }

    /// All files that must exist now.
    var files: Set<Int> {
        objects.values.reduce(into: Set(uploads.values.flatMap { $0.parts.values.map(\.file) })) {
            $0.formUnion($1.files)
        }
    }

    /// All keys in the order of their bytes.
    var keys: [String] { objects.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    static func etag(_ bytes: [UInt8]) -> String {
        let digest = MD5Digest()
        digest.update(ByteBuffer(bytes: bytes).readableBytesView)
        return digest.finish()
    }

    mutating func newFile() -> Int {
        lastFile += 1
        return lastFile
    }

    mutating func put(_ key: String, _ bytes: [UInt8], custom: [String: String]) {
        let files: Set<Int> = bytes.count > Limits.inlineObjectBytesMax ? [newFile()] : []
        let object = Object(bytes: bytes, etag: Self.etag(bytes), custom: custom, parts: nil, files: files)
        set(object, at: key, action: "PutObject")
    }

    mutating func copy(_ source: String, to key: String, custom: [String: String]?) {
        guard var object = objects[source] else { return }
        object.custom = custom ?? object.custom
        set(object, at: key, action: "CopyObject", source: source)
    }

    mutating func complete(_ id: String, _ numbers: [Int]) {
        guard let upload = uploads.removeValue(forKey: id) else { return }
        var object = Object(bytes: [], etag: "", custom: upload.custom, parts: [:], files: [])
        let digest = MD5Digest()
        for number in numbers {
            guard let part = upload.parts[number] else { continue }
            object.parts?[number] = object.bytes.count..<object.bytes.count + part.bytes.count
            object.bytes += part.bytes
            object.files.insert(part.file)
            digest.update(hexadecimal: Self.etag(part.bytes))
        }
        object.etag = "\(digest.finish())-\(numbers.count)"
        set(object, at: upload.key, action: "CompleteMultipartUpload")
    }

    mutating func delete(_ key: String) {
        guard objects.removeValue(forKey: key) != nil else { return }
        notifications.append(Notification(action: "DeleteObject", key: key))
    }

    /// The keys, and the prefixes that a delimiter rolls up, in one list in their order.
    func list(prefix: String, delimiter: String?, startAfter: String?) -> (keys: [String], prefixes: [String]) {
        var result: (keys: [String], prefixes: [String]) = ([], [])
        for key in keys where key.hasPrefix(prefix) {
            let rest = key.dropFirst(prefix.count)
            if let delimiter, let end = rest.firstRange(of: delimiter)?.upperBound {
                let rolled = String(key[..<end])
                if let startAfter, !startAfter.utf8.lexicographicallyPrecedes(rolled.utf8) { continue }
                if result.prefixes.last != rolled { result.prefixes.append(rolled) }
            } else {
                if let startAfter, !startAfter.utf8.lexicographicallyPrecedes(key.utf8) { continue }
                result.keys.append(key)
            }
        }
        return result
    }

    private mutating func set(_ object: Object, at key: String, action: String, source: String? = nil) {
        objects[key] = object
        notifications.append(
            Notification(action: action, key: key, size: object.bytes.count, etag: object.etag, source: source)
        )
    }
}

/// Numbers that are the same in every run with the same seed. https://prng.di.unimi.it/splitmix64.c
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

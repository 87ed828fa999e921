import ArgumentParser
import FlareModel

/// How bytes are moved: at once, in what pieces, and what is said of it.
struct TransferOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "How many requests at once.")
    var parallel: Int = 8

    @Flag(name: .long, help: "Print one JSON object a line for each item as it is done, and a summary at the end.")
    var jsonl = false

    @Flag(name: .shortAndLong, help: "Print no line for each item.")
    var quiet = false

    func validate() throws {
        guard (1...64).contains(parallel) else { throw ValidationError("--parallel takes a whole number from 1 to 64") }
    }
}

/// How large files are sent.
struct PartOptions: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The size of the parts of a large file, from 5MiB; files up to it are sent at once. "
                + "Default: 16MiB, for files over 64MiB.",
            valueName: "size"
        )
    )
    var partSize: String?

    @Flag(name: .long, help: "Neither go on with an interrupted transfer nor keep anything of one.")
    var noResume = false

    func validate() throws {
        guard let partSize else { return }
        let bytes: Int
        do { bytes = try parseSizeBytes(partSize) } catch let error as FlareError {
            throw ValidationError("--part-size: \(error.message)")
        }
        guard (Limits.uploadPartBytesMin...Limits.uploadPartBytesMax).contains(bytes) else {
            throw ValidationError("--part-size takes 5MiB to 5GiB")
        }
    }

    var plan: PartPlan { PartPlan(partSizeBytes: partSize.flatMap { try? parseSizeBytes($0) }) }
}

/// How a file is cut into parts.
struct PartPlan: Sendable, Hashable {
    /// What the user asked for.
    let partSizeBytes: Int?

    static let standardPartBytes = 16_777_216
    static let standardSingleBytes = 67_108_864

    /// The largest file that is sent at once.
    var singleBytesMax: Int { partSizeBytes ?? Self.standardSingleBytes }

    /// The size of each part but the last: more than asked for when there would be too many parts.
    func partBytes(of sizeBytes: Int) -> Int {
        let needed = (sizeBytes + Limits.uploadPartsMax - 1) / Limits.uploadPartsMax
        return max(partSizeBytes ?? Self.standardPartBytes, (needed + 1_048_575) / 1_048_576 * 1_048_576)
    }

    /// The ranges of the parts, in order.
    static func ranges(of sizeBytes: Int, partBytes: Int) -> [Range<Int>] {
        stride(from: 0, to: sizeBytes, by: partBytes).map { $0..<min($0 + partBytes, sizeBytes) }
    }
}

/// What is kept with an object beside its bytes.
struct MetadataOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "The media type to keep with the object. Default: by the ending of the key or file.")
    var contentType: String?

    @Option(name: .long, help: "The Content-Encoding to keep with the object.")
    var contentEncoding: String?

    @Option(name: .long, help: "The Content-Disposition to keep with the object.")
    var contentDisposition: String?

    @Option(name: .long, help: "The Content-Language to keep with the object.")
    var contentLanguage: String?

    @Option(name: .long, help: "The Cache-Control to keep with the object.")
    var cacheControl: String?

    @Option(name: .long, help: "The Expires to keep with the object: a time (RFC 3339 or as in HTTP).")
    var expires: String?

    @Option(
        name: .long,
        help: ArgumentHelp("A name and a value to keep with the object. May be repeated.", valueName: "name=value")
    )
    var metadata: [String] = []

    @Option(name: .long, help: "Standard or InfrequentAccess.")
    var storageClass: StorageClass?

    func validate() throws {
        if let expires, Self.time(expires) == nil {
            throw ValidationError("--expires: \"\(expires)\" is not a time, such as 2030-01-31T12:00:00Z")
        }
        for pair in metadata where pair.firstIndex(of: "=") == nil || pair.hasPrefix("=") {
            throw ValidationError("--metadata takes NAME=VALUE, not \"\(pair)\"")
        }
    }

    /// Whether anything was asked for.
    var isEmpty: Bool { http.headers.isEmpty && metadata.isEmpty && storageClass == nil }

    /// The HTTP part of it, without a guess about the type.
    var http: HTTPMetadata {
        HTTPMetadata(
            contentType: contentType,
            contentLanguage: contentLanguage,
            contentDisposition: contentDisposition,
            contentEncoding: contentEncoding,
            cacheControl: cacheControl,
            cacheExpiry: expires.flatMap(Self.time)
        )
    }

    /// The user's own names and values; of a name that is given twice the last.
    var custom: [String: String] {
        var result: [String: String] = [:]
        for pair in metadata {
            guard let equals = pair.firstIndex(of: "=") else { continue }
            result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        return result
    }

    /// What is kept with one file.
    func metadata(key: String, file: String?, modified: FileTime?) -> WriteMetadata {
        var http = http
        let type = http.contentType ?? MediaType.guess(key) ?? file.flatMap { MediaType.guess($0) }
        http.contentType = type ?? "application/octet-stream"
        var custom = custom
        if let modified, custom[FileTime.metadataName] == nil { custom[FileTime.metadataName] = modified.metadata }
        return WriteMetadata(http: http, custom: custom, storageClass: storageClass)
    }

    private static func time(_ text: String) -> Timestamp? { Timestamp(text) ?? Timestamp(httpDate: text) }
}

/// The metadata of one write.
struct WriteMetadata: Sendable, Hashable {
    var http: HTTPMetadata
    var custom: [String: String]
    var storageClass: StorageClass?

    /// The headers of a write that carry it.
    var headers: [(String, String)] {
        var headers = http.headers
        if !custom.isEmpty {
            let text = String(decoding: FlareJSON.encode(custom), as: UTF8.self)
            headers.append(("flare-custom-metadata", PercentCoding.encode(text)))
        }
        if let storageClass { headers.append(("cf-r2-storage-class", storageClass.rawValue)) }
        return headers
    }
}

extension StorageClass: ExpressibleByArgument {}

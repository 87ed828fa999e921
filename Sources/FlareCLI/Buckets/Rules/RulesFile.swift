import FlareModel

/// A file of a user's with rules for a bucket, in the shape of R2's API.
struct RulesFile {
    /// What the rules are about.
    enum Kind: String {
        case cors = "CORS"
        case lifecycle = "lifecycle"
        case lock = "lock"

        /// The members that a rule can have.
        fileprivate var members: Set<String> {
            switch self {
            case .cors: ["id", "allowed", "exposeHeaders", "maxAgeSeconds"]
            case .lifecycle:
                [
                    "id", "enabled", "conditions", "deleteObjectsTransition", "storageClassTransitions",
                    "abortMultipartUploadsTransition",
                ]
            case .lock: ["id", "enabled", "prefix", "condition"]
            }
        }

        /// A rule of the right shape, for who has written one of another.
        fileprivate var sample: String {
            switch self {
            case .cors:
                #"{"rules": [{"allowed": {"origins": ["https://example.com"], "methods": ["GET"]}}]}"#
            case .lifecycle:
                #"{"rules": [{"id": "old", "enabled": true, "conditions": {"prefix": "logs/"}, "#
                    + #""deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 604800}}}]}"#
            case .lock:
                #"{"rules": [{"id": "keep", "enabled": true, "prefix": "logs/", "#
                    + #""condition": {"type": "Age", "maxAgeSeconds": 604800}}]}"#
            }
        }
    }

    /// Names that S3's API uses for the same things.
    private static let namesOfS3: Set<String> = [
        "CORSRules", "Rules", "AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders", "MaxAgeSeconds",
        "ID", "Status", "Filter", "Prefix", "Expiration", "Transitions", "AbortIncompleteMultipartUpload",
        "ObjectLockConfiguration", "ObjectLockEnabled", "Rule", "DefaultRetention",
    ]

    /// Reads a file, or stdin for `-`.
    ///
    /// Throws `fileNotFound`, or `invalidData` naming the file, the place and what is wrong.
    static func read<Body: Decodable>(_ path: String, _ kind: Kind, as type: Body.Type) throws -> Body {
        let name = path == "-" ? "stdin" : path
        let text = try bytes(path)
        let value: JSONValue
        do {
            value = try JSONValue(json: text)
        } catch {
            let place = JSONPlace.ofMistake(in: text).map { ":\($0.line):\($0.column)" } ?? ""
            throw FlareError(.invalidData, "\(name)\(place): this is not JSON", hint: "write \(kind.sample)")
        }
        try check(value, name, kind)
        do {
            return try FlareJSON.decode(type, from: text)
        } catch let error as FlareError {
            throw FlareError(.invalidData, "\(name): \(error.message)", hint: "write \(kind.sample)")
        }
    }

    private static func check(_ value: JSONValue, _ name: String, _ kind: Kind) throws {
        let top = value.objectValue ?? [:]
        let rules = top["rules"]?.arrayValue
        let candidates = (rules ?? value.arrayValue ?? top["CORSRules"]?.arrayValue ?? top["Rules"]?.arrayValue ?? [])
        let keys = Set(top.keys).union(candidates.flatMap { $0.objectValue?.keys.map { $0 } ?? [] })
        if let foreign = keys.intersection(namesOfS3).min() {
            throw FlareError(
                .invalidData,
                "\(name) has S3's names for \(kind.rawValue) rules (\"\(foreign)\"), not those of R2's API",
                hint: "write \(kind.sample)"
            )
        }
        guard let rules else {
            throw FlareError(.invalidData, "\(name) has no list \"rules\"", hint: "write \(kind.sample)")
        }
        for (index, rule) in rules.enumerated() {
            for key in (rule.objectValue ?? [:]).keys.sorted() where !kind.members.contains(key) {
                let near = nearestName(to: key, in: kind.members).map { ". Did you mean \"\($0)\"?" } ?? ""
                throw FlareError(
                    .invalidData,
                    "\(name): rules[\(index)] has the unknown member \"\(key)\"\(near)",
                    hint: "a \(kind.rawValue) rule has \(kind.members.sorted().joined(separator: ", "))"
                )
            }
        }
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let input = try FileInput(path: path == "-" ? nil : path)
        defer { input.close() }
        var text: [UInt8] = []
        while let piece = try input.next() {
            text += piece
            guard text.count <= Limits.configurationBytesMax else {
                throw FlareError(.bodyTooLarge, "\(path) is larger than rules can be")
            }
        }
        return text
    }
}

/// What rules of buckets look like for people.
enum RuleText {
    private static let day = 86_400

    /// Seconds as whole days where they are some.
    static func age(_ seconds: Int) -> String {
        guard seconds % day == 0, seconds > 0 else { return "\(seconds) s" }
        return seconds == day ? "1 day" : "\(seconds / day) days"
    }

    static func seconds(days: Int, _ option: String) throws -> Int {
        guard days > 0, days <= Limits.ruleAgeSecondsMax / day else {
            throw FlareError(.invalidArgument, "\(option) takes a number of days from 1")
        }
        return days * day
    }

    /// A day, as 2027-01-31, from its beginning in UTC, or a time.
    static func date(_ text: String, _ option: String) throws -> Timestamp {
        if let date = Timestamp(text.utf8.count == 10 ? "\(text)T00:00:00Z" : text) { return date }
        throw FlareError(.invalidArgument, "\(option) does not take \"\(text)\"", hint: "write a day, as 2027-01-31")
    }

    static func prefix(_ prefix: String?) -> String {
        prefix.flatMap { $0.isEmpty ? nil : $0 } ?? "(all)"
    }
}

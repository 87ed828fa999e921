import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

/// Live names for Tab, from a running engine.
///
/// Never starts one, says nothing, and gives up after 40 ms.
enum Complete {
    static let queues = names("/client/v4/accounts/local/queues", at: ["queue_name"])
    static let buckets = names("/client/v4/accounts/local/r2/buckets", at: ["buckets", "name"])
    static let pipelines = names("/flare/v1/pipelines", at: ["name"])
    static let workers = names("/flare/v1/workers", at: ["name"])
    static let accessKeys = names("/flare/v1/access-keys", at: ["id"])
    static let workflows = names("/client/v4/accounts/local/workflows", at: ["name"], query: [("per_page", "1000")])

    /// Instance ids of the workflow that is named before them on the line.
    static let instances = CompletionKind.custom { words, index, prefix in
        guard let workflow = owner(words, index, prefix) else { return [] }
        let path = "/client/v4/accounts/local/workflows/\(PercentCoding.encode(workflow))/instances"
        return ["latest"] + (await fetch(path, at: ["id"], query: [("per_page", "100")], words: words))
    }

    static let pipelineTokens = ofPipeline("tokens", at: ["name"])
    static let rejects = ofPipeline("rejects", at: ["id"])

    /// Secrets and versions of the Worker that is named before them on the line.
    static let secrets = ofWorker(at: ["secrets"])
    static let versions = ofWorker(at: ["versions", "id"])

    private static func ofWorker(at keys: [String]) -> CompletionKind {
        .custom { words, index, prefix in
            guard let worker = owner(words, index, prefix) else { return [] }
            return await fetch("/flare/v1/workers/\(PercentCoding.encode(worker))", at: keys, words: words)
        }
    }

    /// What belongs to the pipeline that is named before it on the line.
    private static func ofPipeline(_ part: String, at keys: [String]) -> CompletionKind {
        .custom { words, index, prefix in
            guard let pipeline = owner(words, index, prefix) else { return [] }
            return await fetch("/flare/v1/pipelines/\(PercentCoding.encode(pipeline))/\(part)", at: keys, words: words)
        }
    }

    /// The word before the one that is being completed.
    private static func owner(_ words: [String], _ index: Int, _ prefix: String) -> String? {
        words.prefix(max(index, 0)).last { !$0.hasPrefix("-") && $0 != prefix }
    }

    private static func names(_ path: String, at keys: [String], query: [(String, String)] = []) -> CompletionKind {
        .custom { words, _, _ in await fetch(path, at: keys, query: query, words: words) }
    }

    private static func fetch(
        _ path: String,
        at keys: [String],
        query: [(String, String)] = [],
        words: [String]
    ) async -> [String] {
        let environment = ProcessInfo.processInfo.environment
        let state = StateDirectory.resolve(
            flag: words.firstIndex(of: "--state").flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil },
            environment: environment,
            workingDirectory: FileManager.default.currentDirectoryPath
        )
        guard let info = EngineLauncher(state: state, environment: environment).running() else { return [] }
        return await withTaskGroup(of: [String].self) { group in
            group.addTask {
                let client = EngineClient(socketPath: info.socketPath)
                // Tab offers nothing when the engine fails; an error text in the middle of a line helps nobody.
                let result = try? await client.call("GET", path, query: query, as: JSONValue.self)
                return result.map { collect($0, keys[...]) } ?? []
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(40))
                return []
            }
            defer { group.cancelAll() }
            return await group.next() ?? []
        }
    }

    /// The strings at a path of keys, through arrays.
    private static func collect(_ value: JSONValue, _ keys: ArraySlice<String>) -> [String] {
        if let elements = value.arrayValue { return elements.flatMap { collect($0, keys) } }
        guard let key = keys.first else { return value.stringValue.map { [$0] } ?? [] }
        return value[key].map { collect($0, keys.dropFirst()) } ?? []
    }
}

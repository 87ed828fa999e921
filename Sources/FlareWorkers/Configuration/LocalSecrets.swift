import FlareModel
import FoundationEssentials

/// The secrets of `flare dev`, which lie beside the wrangler file and are never deployed otherwise.
enum LocalSecrets {
    /// Reads `.dev.vars.<environment>` or `.dev.vars`; without both, `.env` and its kin, of which later ones win:
    /// `.env`, `.env.local`, `.env.<environment>`, `.env.<environment>.local`.
    ///
    /// Empty when there is no such file.
    static func read(project: String, environment: String?) throws -> [String: String] {
        let environment = environment == "" ? nil : environment
        for name in [environment.map { ".dev.vars.\($0)" }, ".dev.vars"].compactMap({ $0 }) {
            if let values = try values(project, name) { return values }
        }
        return try environmentFiles(environment).reduce(into: [:]) { result, name in
            result.merge(try values(project, name) ?? [:]) { $1 }
        }
    }

    /// All names that are looked for.
    static func files(environment: String?) -> [String] {
        let environment = environment == "" ? nil : environment
        return [".dev.vars"] + (environment.map { [".dev.vars.\($0)"] } ?? []) + environmentFiles(environment)
    }

    private static func environmentFiles(_ environment: String?) -> [String] {
        [".env", ".env.local"] + (environment.map { [".env.\($0)", ".env.\($0).local"] } ?? [])
    }

    private static func values(_ project: String, _ name: String) throws -> [String: String]? {
        let path = "\(project)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path), data.count <= Limits.configurationBytesMax else {
            throw FlareError(.fileNotFound, "\(path) cannot be read")
        }
        return try DotEnv.parse(String(decoding: data, as: UTF8.self), file: name)
    }
}

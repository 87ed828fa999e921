import FlareModel
import FoundationEssentials

/// The modules of an upload, checked: files of which one imports the others by their names.
struct ScriptModules: Sendable {
    /// Where they lie in the directory of their version.
    static let directory = "source"

    /// What importing a module gives.
    enum Kind: String, Codable, Sendable {
        case javascript, wasm, text, data, json
        case sourceMap = "source-map"

        /// By its media type; nil for one that is not run.
        init?(type: String?) {
            let essence = (type ?? "").split(separator: ";").first ?? ""
            switch essence.filter({ $0 != " " }).lowercased() {
            case "application/javascript+module", "application/javascript", "text/javascript",
                "text/javascript+module":
                self = .javascript
            case "application/wasm": self = .wasm
            case "text/plain": self = .text
            case "application/octet-stream": self = .data
            case "application/json": self = .json
            case "application/source-map": self = .sourceMap
            default: return nil
            }
        }
    }

    /// What is kept of an upload beside its files.
    struct Manifest: Codable, Sendable {
        var main: String
        /// The media types of the modules, by name.
        var types: [String: String]
    }

    /// What the system takes for the end of a directory's name, whatever a combining mark behind it makes of it.
    private static let slash = UInt8(ascii: "/")

    private let modules: [String: (kind: Kind, module: ScriptModule)]
    let manifest: Manifest

    /// - Parameter main: the name of the module whose exports are the Worker's.
    /// - Throws: `invalidData` naming the module and what is wrong with it.
    init(_ list: [ScriptModule], main: String) throws {
        guard list.count <= Limits.scriptModulesMax else {
            throw Self.problem("the upload has \(list.count) modules; at most \(Limits.scriptModulesMax) are taken")
        }
        var modules: [String: (kind: Kind, module: ScriptModule)] = [:]
        for module in list {
            let name = try Self.path(module.name)
            guard let kind = Kind(type: module.type) else {
                throw Self.problem(
                    "the module \"\(name)\" is of the type \"\(module.type ?? "")\", which is not run",
                    hint: "send JavaScript as application/javascript+module; application/wasm, text/plain, "
                        + "application/json and application/octet-stream can be imported from it"
                )
            }
            guard kind == .wasm || kind == .data || String(validating: module.bytes, as: UTF8.self) != nil else {
                throw Self.problem("the module \"\(name)\" is not UTF-8, as \(module.type ?? "its type") must be")
            }
            guard modules.updateValue((kind, module), forKey: name) == nil else {
                throw Self.problem("the upload has two modules named \"\(name)\"")
            }
        }
        for name in modules.keys {
            let parents = name.utf8.indices.filter { name.utf8[$0] == Self.slash }.map { String(name[..<$0]) }
            guard let file = parents.first(where: { modules[$0] != nil }) else { continue }
            throw Self.problem("the upload has a module \"\(file)\", which \"\(name)\" needs as a directory")
        }
        let entry = try Self.path(main)
        guard let found = modules[entry] else {
            let near = nearestName(to: entry, in: modules.keys).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Self.problem(
                "\"main_module\" is \"\(main)\", and the upload has no such module",
                hint: modules.isEmpty
                    ? "send each module as a part with its name as file name"
                    : "it has "
                        + modules.keys.sorted().joined(separator: ", ") + near
            )
        }
        guard found.kind == .javascript else {
            throw Self.problem(
                "the main module \"\(main)\" is of the type \"\(found.module.type ?? "")\"",
                hint: "send it as application/javascript+module"
            )
        }
        self.modules = modules
        manifest = Manifest(main: entry, types: modules.mapValues { $0.module.type ?? "" })
    }

    /// Writes them as files that esbuild reads, all of them JavaScript or source maps.
    func write(to directory: String) throws {
        // What stands in directories above, such as the project around the engine's state, is not the uploader's.
        for name in ["package.json", "tsconfig.json"] {
            try Self.write(Array("{}".utf8), to: "\(directory)/../\(name)")
        }
        for (name, entry) in modules {
            try Self.write(try Self.javascript(entry.kind, entry.module), to: "\(directory)/\(name)")
        }
    }

    /// Writes those that esbuild read as JavaScript as they were sent, once it has read them.
    func restore(in directory: String) throws {
        for (name, entry) in modules where entry.kind != .javascript {
            try Self.write(entry.module.bytes, to: "\(directory)/\(name)")
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            let parent = String(path[..<(path.utf8.lastIndex(of: slash) ?? path.startIndex)])
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: path))
        } catch {
            throw FlareError(.storeFailed, "\(path) cannot be written", cause: error)
        }
    }

    /// What tells esbuild that every module is JavaScript, whatever its name ends with.
    var arguments: [String] {
        let names = modules.filter { $0.value.kind != .sourceMap }.keys
        let endings = Set(
            names.map { name in
                let file = name.utf8.split(separator: Self.slash).last ?? name.utf8[...]
                return file.lastIndex(of: UInt8(ascii: ".")).map { String(Substring(file[$0...])) } ?? ""
            }
        )
        return endings.subtracting([".js"]).sorted().map { "--loader:\($0)=js" }
    }

    /// Refuses a bundle that holds more than what was uploaded: a file of this machine is not the uploader's to import.
    func checkInputs(_ inputs: [String], directory: String, runtime: String) throws {
        let root = URL(filePath: directory, directoryHint: .isDirectory)
        for input in inputs where modules[input] == nil && !Self.isInline(input) {
            let path = input.hasPrefix("/") ? input : root.appending(path: input).standardized.path
            guard !path.hasPrefix(runtime + "/") else { continue }
            throw FlareError(
                .buildFailed,
                "the modules import \"\(input)\", which is no part of the upload",
                hint: "upload it as a module of its own, or bundle it into the main module"
            )
        }
    }

    /// Whether esbuild made it up, from a `data:` URL or for a module that is switched off.
    private static func isInline(_ input: String) -> Bool {
        ["data:", "<data:", "(disabled):"].contains { input.hasPrefix($0) }
    }

    /// A module as JavaScript whose default export is what Cloudflare's runtime gives for it.
    private static func javascript(_ kind: Kind, _ module: ScriptModule) throws -> [UInt8] {
        let base64 = { "Uint8Array.from(atob(\"\(Data(module.bytes).base64EncodedString())\"), c => c.charCodeAt(0))" }
        switch kind {
        case .javascript, .sourceMap: return module.bytes
        case .wasm: return Array("export default new WebAssembly.Module(\(base64()));\n".utf8)
        case .data: return Array("export default \(base64()).buffer;\n".utf8)
        case .text:
            let text = String(decoding: module.bytes, as: UTF8.self)
            return Array("export default ".utf8) + FlareJSON.encode(text) + Array(";\n".utf8)
        case .json:
            do {
                return Array("export default ".utf8) + (try JSONValue(json: module.bytes)).jsonBytes + Array(";\n".utf8)
            } catch {
                throw problem("the module \"\(module.name)\" is not valid JSON")
            }
        }
    }

    /// The name as a path below the directory of the modules; `./` at its beginning counts for nothing.
    private static func path(_ name: String) throws -> String {
        let path = name.utf8.starts(with: "./".utf8) ? String(Substring(name.utf8.dropFirst(2))) : name
        let parts = path.utf8.split(separator: slash, omittingEmptySubsequences: false)
        let isPath = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8) && part.count <= 255
                && part.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
        }
        guard isPath, path.utf8.count <= Limits.scriptModuleNameBytesMax else {
            throw problem(
                "\"\(name.prefix(100))\" cannot name a module",
                hint: "use a relative path of at most \(Limits.scriptModuleNameBytesMax) bytes without \"..\", "
                    + "such as \"index.js\" or \"lib/greet.js\""
            )
        }
        return path
    }

    private static func problem(_ text: String, hint: String? = nil) -> FlareError {
        FlareError(.invalidData, text, hint: hint)
    }
}

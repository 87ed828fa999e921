import FlareModel
import FoundationEssentials
import Glibc

/// Where bundles lie, which is `<state>/workers/<name>/<version>/`.
///
/// The rows say which of them count.
struct VersionDirectories: Sendable {
    let root: String

    func path(_ key: VersionKey) -> String { "\(root)/\(key.worker)/\(key.version)" }

    /// The path without symbolic links, by which Node's permission model compares.
    func realPath(_ key: VersionKey) -> String {
        guard let real = realpath(path(key), nil) else { return path(key) }
        defer { free(real) }
        return String(cString: real)
    }

    func create(_ key: VersionKey) throws {
        let make = { try FileManager.default.createDirectory(atPath: path(key), withIntermediateDirectories: true) }
        do {
            // Again, for the end of another deploy of the same Worker may have removed the parent in between.
            do { try make() } catch { try make() }
        } catch {
            throw FlareError(.storeFailed, "\(path(key)) cannot be created", cause: error)
        }
    }

    /// Makes the files of a version survive a crash, before a row names it.
    func sync(_ key: VersionKey) throws {
        let directory = path(key)
        let source = "\(directory)/\(ScriptModules.directory)"
        // Those of an upload, which can be fetched again.
        var sources: [String] = []
        if FileManager.default.fileExists(atPath: source) {
            do {
                sources = try FileManager.default.subpathsOfDirectory(atPath: source).map { "\(source)/\($0)" }
            } catch {
                throw FlareError(.storeFailed, "\(source) cannot be read", cause: error)
            }
        }
        let bundle = ["\(directory)/index.mjs", "\(directory)/index.mjs.map"]
        let parents = (sources.isEmpty ? [] : [source]) + [directory, "\(root)/\(key.worker)", root]
        for name in sources + bundle + parents {
            let descriptor = open(name, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(name) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw failure(name) }
        }
    }

    func remove(_ key: VersionKey) {
        // What stays is found by `all` after the next deploy.
        try? FileManager.default.removeItem(atPath: path(key))
        // Only when it is empty.
        rmdir("\(root)/\(key.worker)")
    }

    /// Copies the bundle of a version into a directory of the user's, made when it is missing.
    func copy(_ key: VersionKey, to directory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for name in ["index.mjs", "index.mjs.map"] {
                let bytes = try Data(contentsOf: URL(filePath: "\(path(key))/\(name)"))
                try bytes.write(to: URL(filePath: "\(directory)/\(name)"), options: .atomic)
            }
        } catch {
            throw FlareError(.storeFailed, "the bundle cannot be written to \(directory)", cause: error)
        }
    }

    /// The code of a version: the modules that were uploaded for it, or its bundle.
    func content(_ key: VersionKey, _ upload: ScriptModules.Manifest?) throws -> ScriptContent {
        let types = upload?.types ?? ["index.mjs": "application/javascript+module"]
        let directory = upload == nil ? path(key) : "\(path(key))/\(ScriptModules.directory)"
        do {
            let modules = try types.sorted { $0.key < $1.key }.map { name, type in
                let bytes = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
                return ScriptModule(name: name, type: type, bytes: Array(bytes))
            }
            return ScriptContent(main: upload?.main ?? "index.mjs", modules: modules)
        } catch {
            throw FlareError(.storeFailed, "the code of the version \(key.version) cannot be read", cause: error)
        }
    }

    /// Copies the code of a version into the directory of another one; returns the size of the bundle in bytes.
    func copy(_ key: VersionKey, to other: VersionKey) throws -> Int {
        let manager = FileManager.default
        do {
            for name in ["index.mjs", "index.mjs.map", ScriptModules.directory] {
                let from = "\(path(key))/\(name)"
                guard name != ScriptModules.directory || manager.fileExists(atPath: from) else { continue }
                try manager.copyItem(atPath: from, toPath: "\(path(other))/\(name)")
            }
            return try Data(contentsOf: URL(filePath: "\(path(other))/index.mjs")).count
        } catch {
            throw FlareError(.storeFailed, "the code of the version \(key.version) cannot be copied", cause: error)
        }
    }

    /// The versions that have a directory.
    ///
    /// Workers without one lose theirs.
    func all() -> Set<VersionKey> {
        let manager = FileManager.default
        var found: Set<VersionKey> = []
        for worker in (try? manager.contentsOfDirectory(atPath: root)) ?? [] where !worker.hasPrefix(".") {
            let versions = (try? manager.contentsOfDirectory(atPath: "\(root)/\(worker)")) ?? []
            for version in versions { found.insert(VersionKey(worker: worker, version: version)) }
            rmdir("\(root)/\(worker)")
        }
        return found
    }

    private func failure(_ path: String) -> FlareError {
        let code = errno
        return FlareError(
            code == ENOSPC ? .diskFull : .storeFailed,
            "\(path) cannot be stored: \(String(cString: strerror(code)))"
        )
    }
}

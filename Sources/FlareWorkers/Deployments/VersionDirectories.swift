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
        for name in ["\(directory)/index.mjs", "\(directory)/index.mjs.map", directory, "\(root)/\(key.worker)", root] {
            let descriptor = open(name, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(name) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw failure(name) }
        }
    }

    func remove(_ key: VersionKey) {
        // What stays is found by `removeAll` after the next deploy.
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

    /// Removes the versions that no row names: replaced ones, and those of deploys that were cut off.
    func removeAll(except kept: Set<VersionKey>) {
        let manager = FileManager.default
        for worker in (try? manager.contentsOfDirectory(atPath: root)) ?? [] where !worker.hasPrefix(".") {
            let versions = (try? manager.contentsOfDirectory(atPath: "\(root)/\(worker)")) ?? []
            for version in versions where !kept.contains(VersionKey(worker: worker, version: version)) {
                remove(VersionKey(worker: worker, version: version))
            }
            rmdir("\(root)/\(worker)")
        }
    }

    private func failure(_ path: String) -> FlareError {
        let code = errno
        return FlareError(
            code == ENOSPC ? .diskFull : .storeFailed,
            "\(path) cannot be stored: \(String(cString: strerror(code)))"
        )
    }
}

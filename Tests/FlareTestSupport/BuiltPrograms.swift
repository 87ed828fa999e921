import FlareModel
import Foundation

/// Where the programs of this package and its files are while its tests run.
package enum BuiltPrograms {
    /// The build directory that holds the test bundle and, beside it, the programs that it depends on.
    package static var directory: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).standardizedFileURL.deletingLastPathComponent().path
    }

    /// The path of a built program.
    ///
    /// Throws when it was not built, with the command that builds it.
    package static func path(_ name: String) throws -> String {
        let path = directory + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw FlareError(.toolMissing, "\(path) is not there", hint: "swift build --product \(name)")
        }
        return path
    }

    /// The top of the repository, found from this file.
    package static var repository: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }
}

import ArgumentParser
import FlareClient
import FlareModel

struct BucketsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an empty bucket and its notification rules."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var name: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete bucket \"\(name)\"", yes: yes)
        _ = try await shell.client().call("DELETE", BucketPath.bucket(name), as: EmptyResult.self)
        shell.emit(["name": name]) { "deleted bucket \(name)" }
    }
}

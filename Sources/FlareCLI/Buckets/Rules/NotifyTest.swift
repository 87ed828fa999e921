import ArgumentParser
import FlareClient
import FlareModel

struct NotifyTest: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Act as if something had happened to an object: say which rules match, and send their messages.",
        discussion: """
            The object need not be there, and is not touched; the log of the bucket does not tell of it. Ends with \
            status 1 when no rule matches.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The key of the object.")
    var key: String

    @Option(name: .long, help: "What happens: PutObject, CopyObject, CompleteMultipartUpload, DeleteObject, …")
    var action: ObjectAction = .putObject

    @Flag(name: .long, help: "Only say which rules match.")
    var dryRun = false

    func execute(_ shell: Shell) async throws {
        let result = try await shell.client().call(
            "POST",
            "\(BucketPath.ownBucket(bucket))/notifications/test",
            body: NotificationTestBody(action: action, key: key, isDryRun: dryRun ? true : nil),
            as: NotificationTestResultBody.self
        )
        let what = "\(action.rawValue) of \"\(key)\""
        if shell.json || !result.matches.isEmpty {
            shell.emit(result) {
                result.matches
                    .map { match in
                        let verb = dryRun ? "would send" : "sent"
                        return "rule \(match.ruleId) matches \(what): \(verb) a message to queue \(match.queueName)"
                    }
                    .joined(separator: "\n")
            }
        }
        guard result.matches.isEmpty else { return }
        if !shell.json {
            shell.tell("no rule of bucket \(bucket) matches \(what); see: flare buckets notify list \(bucket)")
        }
        throw ExitCode(1)
    }
}

extension ObjectAction: ExpressibleByArgument {}

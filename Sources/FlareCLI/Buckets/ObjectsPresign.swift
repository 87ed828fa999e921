import ArgumentParser
import FlareClient
import FlareModel

struct ObjectsPresign: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "presign",
        abstract: "Print a URL of one object that needs no other credentials until it expires.",
        discussion: """
            curl "$(flare buckets objects presign BUCKET KEY)" reads the object. The URL is good for one method only, \
            and for an object that does not exist yet, too. It ends early when its access key is revoked.
            """
    )

    /// What a URL can be good for.
    enum Method: String, ExpressibleByArgument, CaseIterable {
        case get, put, head, delete
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The object's key.")
    var key: String

    @Option(name: .long, help: "What the URL is good for.")
    var method: Method = .get

    @Option(name: .long, help: "How long it is good for, at most 7d.")
    var expiresIn = "1h"

    @Option(name: .long, help: "With --method put: the only Content-Type that may be sent with it.")
    var contentType: String?

    @Option(
        name: .customLong("key-id"),
        help: "The access key that signs it. Default: the one of: flare env.",
        completion: Complete.accessKeys
    )
    var keyID: String?

    func validate() throws {
        if contentType != nil && method != .put { throw ValidationError("--content-type needs --method put") }
    }

    func execute(_ shell: Shell) async throws {
        let body = PresignBody(
            method: method.rawValue.uppercased(),
            key: key,
            expiresInSeconds: try wholeSeconds(expiresIn),
            contentType: contentType,
            accessKeyID: keyID
        )
        let path = "/flare/v1/buckets/\(PercentCoding.encode(bucket))/presign"
        let presigned = try await shell.client().call("POST", path, body: body, as: PresignedBody.self)
        shell.emit(presigned) { presigned.url }
    }
}

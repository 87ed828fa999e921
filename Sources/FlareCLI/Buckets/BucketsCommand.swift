import ArgumentParser
import FlareModel

/// The group `flare buckets`.
struct BucketsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "buckets",
        abstract: "Keep objects in buckets, and tell queues about them.",
        subcommands: [
            BucketsCreate.self, BucketsList.self, BucketsInfo.self, BucketsDelete.self, ObjectsCommand.self,
            NotifyCommand.self, KeysCommand.self,
            NotifyCommand.self, BucketsWatch.self, CORSCommand.self, LifecycleCommand.self, LockCommand.self,
            DevelopmentURLCommand.self, DomainCommand.self,
        ]
    )
}

/// The group `flare buckets objects`.
struct ObjectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "objects",
        abstract: "Write, read, list and delete the objects of a bucket.",
        subcommands: [
            ObjectsPut.self, ObjectsGet.self, ObjectsHead.self, ObjectsList.self, ObjectsDelete.self,
            ObjectsPresign.self,
        ]
    )
}

/// The group `flare buckets notify`.
struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Send a message to a queue for each object that is written or deleted.",
        subcommands: [NotifyCreate.self, NotifyList.self, NotifyDelete.self, NotifyTest.self]
    )
}

/// Addresses of buckets and what is in them.
enum BucketPath {
    static let all = "/client/v4/accounts/local/r2/buckets"

    static func bucket(_ bucket: String) -> String { "\(all)/\(PercentCoding.encode(bucket))" }

    static func objects(_ bucket: String) -> String { "\(Self.bucket(bucket))/objects" }

    static func object(_ bucket: String, _ key: String) throws -> String {
        // An empty key would be the address of the listing.
        guard !key.isEmpty else { throw FlareError(.invalidArgument, "the object key is empty") }
        return "\(objects(bucket))/\(PercentCoding.encode(key))"
    }

    static func rules(_ bucket: String) -> String {
        "/client/v4/accounts/local/event_notifications/r2/\(PercentCoding.encode(bucket))/configuration"
    }

    static func rules(_ bucket: String, queue: String) -> String {
        "\(rules(bucket))/queues/\(PercentCoding.encode(queue))"
    }

    /// flare's own address of a bucket, for what v4 lacks.
    static func ownBucket(_ bucket: String) -> String { "/flare/v1/buckets/\(PercentCoding.encode(bucket))" }

    /// flare's own address of the objects, for what v4 lacks.
    static func own(_ bucket: String) -> String { "/flare/v1/buckets/\(PercentCoding.encode(bucket))/objects" }
}

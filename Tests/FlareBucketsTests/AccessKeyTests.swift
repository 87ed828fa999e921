import FlareModel
import FlareStore
import Testing

@testable import FlareBuckets

@Suite("Access keys")
struct AccessKeyTests {
    private func with(_ body: (AccessKeyService, BucketsFixture) async throws -> Void) async throws {
        try await BucketsFixture.with { f in
            try await body(AccessKeyService(database: f.database, time: f.time), f)
        }
    }

    @Test("a key is found from when it is made until it is revoked, also by a service that starts later")
    func life() async throws {
        try await with { keys, f in
            #expect(try await keys.find("none") == nil)
            let key = try await keys.create(name: "ci", permission: .read, buckets: ["data", "data"])
            #expect(key.id.utf8.count == 32)
            #expect(key.secret.utf8.count == 64)
            #expect(key.buckets == ["data"])
            #expect(try await keys.find(key.id) == key)
            let later = AccessKeyService(database: f.database, time: f.time)
            #expect(try await later.find(key.id) == key)
            #expect(try await keys.list() == [key])
            try await keys.revoke(key.id)
            #expect(try await keys.find(key.id) == nil)
            #expect(try await keys.list().isEmpty)
            #expect(await code { try await keys.revoke(key.id) } == .accessKeyNotFound)
            #expect(await code { try await keys.require(key.id) } == .accessKeyNotFound)
        }
    }

    @Test("a key is refused for what does not exist or is out of bounds")
    func refusals() async throws {
        try await with { keys, _ in
            #expect(await code { try await keys.create(buckets: ["dat"]) } == .bucketNotFound)
            #expect(await code { try await keys.create(expiresInSeconds: 0) } == .invalidArgument)
            #expect(await code { try await keys.create(expiresInSeconds: .max) } == .invalidArgument)
            #expect(await code { try await keys.create(name: "a\nb") } == .invalidArgument)
            let all = try await keys.list()
            #expect(all.isEmpty)
        }
    }

    @Test("there is one key of the environment, made anew once it is revoked")
    func environment() async throws {
        try await with { keys, _ in
            let first = try await keys.environmentKey()
            #expect(try await keys.environmentKey() == first)
            try await keys.revoke(first.id)
            let second = try await keys.environmentKey()
            #expect(second.id != first.id)
            #expect(try await keys.list().map(\.id) == [second.id])
        }
    }

    @Test("a temporary key ends with its time, and with the key that it was made of")
    func temporary() async throws {
        try await with { keys, f in
            let parent = try await keys.create(expiresInSeconds: 100)
            func wanted(_ seconds: Double) -> CreateTemporaryKeyBody {
                CreateTemporaryKeyBody(
                    bucket: "data",
                    parentAccessKeyId: parent.id,
                    permission: .objectReadWrite,
                    ttlSeconds: seconds,
                    prefixes: ["in/"]
                )
            }
            let key = try await keys.createTemporary(wanted(10))
            #expect(key.sessionToken?.isEmpty == false)
            #expect(key.isForObjectsOnly)
            #expect(key.expiresAt == f.time.now() + .seconds(10))
            let long = try await keys.createTemporary(wanted(1000))
            #expect(long.expiresAt == parent.expiresAt)
            #expect(try await keys.list().count == 3)
            f.time.advance(by: .seconds(10))
            #expect(Set(try await keys.list().map(\.id)) == [parent.id, long.id])
            try await keys.revoke(parent.id)
            #expect(try await keys.find(key.id) == nil)
            #expect(try await keys.list().isEmpty)
        }
    }

    @Test("a temporary key never opens more than the key that it is made of")
    func limited() async throws {
        try await with { keys, f in
            try await f.service.create("other")
            let reader = try await keys.create(permission: .read, buckets: ["data"])
            func make(
                _ bucket: String,
                _ permission: TemporaryPermission,
                _ seconds: Double = 60,
                of parent: String
            ) async -> FlareError.Code? {
                await code {
                    try await keys.createTemporary(
                        CreateTemporaryKeyBody(
                            bucket: bucket,
                            parentAccessKeyId: parent,
                            permission: permission,
                            ttlSeconds: seconds
                        )
                    )
                }
            }
            #expect(await make("data", .objectReadOnly, of: reader.id) == nil)
            #expect(await make("data", .objectReadWrite, of: reader.id) == .permissionDenied)
            #expect(await make("other", .objectReadOnly, of: reader.id) == .permissionDenied)
            #expect(await make("nope", .objectReadOnly, of: reader.id) == .bucketNotFound)
            #expect(await make("data", .objectReadOnly, of: "nope") == .accessKeyNotFound)
            for seconds in [0, -1, 604_801, Double.infinity, .nan] {
                #expect(await make("data", .objectReadOnly, seconds, of: reader.id) == .invalidArgument)
            }
            let temporary = try #require(try await keys.list().first { $0.kind == .temporary })
            #expect(await make("data", .objectReadOnly, of: temporary.id) == .permissionDenied)
        }
    }
}

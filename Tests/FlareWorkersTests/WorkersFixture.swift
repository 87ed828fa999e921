import FlareModel
import FlareStore
import FlareWorkers
import Foundation
import Logging
import NIOPosix
import Synchronization
import Testing

/// A Worker service on a real SQLite file, that runs real Node.js processes.
struct WorkersFixture {
    let service: WorkerService
    let database: Database
    let directory: String
    /// What the transaction of each deploy registered, in order.
    let registered: Recorder<DeployedConfiguration>
    /// The calls of all bindings: `NAME.method arguments`.
    let bindingCalls: Recorder<String>

    /// Whether this machine has what a deploy needs.
    static let toolsAreHere = ["node", "esbuild"].allSatisfy { name in
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    static func with(
        _ change: (inout WorkerSettings) -> Void = { _ in },
        register: @escaping @Sendable (DeployedConfiguration) throws -> Void = { _ in },
        versionsInUse: @escaping @Sendable () -> Set<String> = { [] },
        _ body: @Sendable (WorkersFixture) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/workers-\(Identifier.hexadecimal())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let database = try Database.open(path: directory + "/flare.db", migrations: WorkerService.migrations)
        var settings = WorkerSettings(environment: ProcessInfo.processInfo.environment)
        // On a machine with much to do a process may seem to be under load, and would get another one beside it.
        settings.processorCount = 1
        change(&settings)
        let (registered, calls) = (Recorder<DeployedConfiguration>(), Recorder<String>())
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let late = Recorder<WorkerService>()
        let service = try WorkerService(
            state: StateDirectory(path: directory),
            database: database,
            time: SystemTime(),
            logger: logger,
            group: MultiThreadedEventLoopGroup.singleton,
            settings: settings,
            hooks: WorkerHooks(
                binding: { declaration, _ in
                    guard declaration.kind != .service else { return ServiceBinding(declaration) { late.values[0] } }
                    return FakeBinding(declaration: declaration, calls: calls)
                },
                register: { configuration, transaction in
                    for binding in configuration.bindings where binding.kind == .service {
                        try WorkerService.checkService(binding, in: transaction)
                    }
                    try register(configuration)
                    registered.append(configuration)
                },
                versionsInUse: { _, _ in versionsInUse() }
            )
        )
        late.append(service)
        let fixture = WorkersFixture(
            service: service,
            database: database,
            directory: directory,
            registered: registered,
            bindingCalls: calls
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            do {
                try await body(fixture)
            } catch {
                group.cancelAll()
                try await group.waitForAll()
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        try database.close()
    }

    /// Writes a project and deploys it.
    @discardableResult
    func deploy(_ wrangler: String, _ source: String, file: String = "index.ts") async throws -> DeploymentBody {
        let project = directory + "/project"
        try FileManager.default.createDirectory(atPath: project, withIntermediateDirectories: true)
        try Data(wrangler.utf8).write(to: URL(filePath: project + "/wrangler.jsonc"))
        try Data(source.utf8).write(to: URL(filePath: project + "/" + file))
        return try await service.deploy(directory: project)
    }

    /// The directories of versions that lie on disk.
    func versionDirectories(of worker: String) -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/workers/\(worker)")) ?? [])
    }
}

/// Collects values from many tasks.
final class Recorder<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])

    func append(_ value: Value) { storage.withLock { $0.append(value) } }

    var values: [Value] { storage.withLock { $0 } }
}

/// A binding that answers `get` of a bucket with the key in capitals, and everything else with null.
struct FakeBinding: Binding {
    let declaration: BindingDeclaration
    let calls: Recorder<String>

    func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply {
        let text = String(decoding: arguments.jsonBytes, as: UTF8.self)
        let raw = body.isEmpty ? "" : " " + String(decoding: body, as: UTF8.self)
        calls.append("\(declaration.name).\(method) \(text)\(raw)")
        switch (declaration.kind, method) {
        case (.bucket, "get"):
            guard let key = arguments["key"]?.stringValue, key != "missing" else { return BindingReply() }
            let bytes = Array(key.uppercased().utf8)
            let range: JSONValue = .object(["offset": .integer(0), "length": .integer(Int64(bytes.count))])
            return BindingReply(
                value: .object([
                    "key": .string(key), "size": .integer(Int64(bytes.count)), "etag": .string("e"),
                    "hasBody": .bool(true), "bodyLength": .integer(Int64(bytes.count)), "range": range,
                    "uploaded": .integer(0),
                ]),
                body: bytes
            )
        case (.queue, "send"):
            let metrics: JSONValue = .object(["backlogCount": .integer(1), "backlogBytes": .integer(2)])
            return BindingReply(value: .object(["metadata": .object(["metrics": metrics])]))
        case (.workflow, "create"):
            return BindingReply(value: .object(["id": .string("i")]))
        case (.workflow, "events"):
            // Two events, the second of which has to be waited for.
            let cursor = arguments["cursor"]?.integerValue ?? 0
            let isThere = cursor == 0 || arguments["waits"] == .bool(true)
            let event = cursor == 0 ? ("a", 1, 7) : ("b", 2, 8)
            let json =
                #"[{"type":"\#(event.0)","eventId":"\#(event.1)","timestamp":"1970-01-01T00:00:00.00\#(event.2)Z"}]"#
            let next = Int64(isThere ? cursor + 1 : cursor)
            return BindingReply(
                value: .object(["cursor": .integer(next), "isOver": .bool(next == 2)]),
                body: isThere ? Array(json.utf8) : Array("[]".utf8)
            )
        case (.bucket, "delete"):
            throw FlareError(.permissionDenied, "the bucket is read-only")
        default: return BindingReply()
        }
    }
}

/// Gives other tasks their turn until a condition holds; false when it does not within a minute.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        if ContinuousClock.now > deadline { return false }
        await Task.yield()
    }
    return true
}

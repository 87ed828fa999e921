import FlareModel
import Foundation
import Testing

@testable import FlareWorkers

@Suite("uploads", .enabled(if: WorkersFixture.toolsAreHere, "node or esbuild is not installed"))
struct ScriptUploadTests {
    private static let esm = "application/javascript+module"

    private static func upload(
        _ purpose: ScriptUpload.Purpose = .deployment,
        _ source: String = "export default { async fetch() { return new Response() } }",
        bindings: [JSONValue] = []
    ) -> ScriptUpload {
        ScriptUpload(
            worker: "sample",
            metadata: .object(["main_module": .string("index.js"), "bindings": .array(bindings)]),
            modules: [ScriptModule(name: "index.js", type: esm, bytes: Array(source.utf8))],
            purpose: purpose
        )
    }

    @Test("an upload is a version like any other, and leaves consumers as they are")
    func deploys() async throws {
        try await WorkersFixture.with { f in
            let bucket: JSONValue = .object([
                "type": .string("r2_bucket"), "name": .string("B"), "bucket_name": .string("photos"),
            ])
            let made = try await f.service.upload(Self.upload(bindings: [bucket]))
            #expect(made.worker.version == made.version.id && made.worker.handlers == ["fetch"])
            let registered = f.registered.values
            #expect(registered.map(\.keepsTriggers) == [true])
            #expect(registered.first?.bindings == [BindingDeclaration(name: "B", kind: .bucket, target: "photos")])
        }
    }

    @Test("code that does not start, or that is only stored, leaves the current version current")
    func keepsCurrent() async throws {
        try await WorkersFixture.with { f in
            let first = try await f.service.upload(Self.upload()).worker.version
            let error = await #expect(throws: FlareError.self) {
                try await f.service.upload(Self.upload(.deployment, "throw new Error('no'); export default {}"))
            }
            #expect(error?.code == .buildFailed)
            let second = try await f.service.upload(Self.upload(.version)).version
            #expect(second.number == 2)
            #expect(try await f.service.get("sample").version == first)
            _ = try await f.service.rollback("sample", to: second.id)
            #expect(try await f.service.get("sample").version == second.id)
        }
    }

    @Test("secrets that come with a version are the Worker's from its first deployment on")
    func secrets() async throws {
        try await WorkersFixture.with { f in
            _ = try await f.service.upload(Self.upload())
            let secret: JSONValue = .object([
                "type": .string("secret_text"), "name": .string("KEY"), "text": .string("hidden"),
            ])
            let stored = try await f.service.upload(Self.upload(.version, bindings: [secret])).version
            #expect(try await f.service.secrets(of: "sample").isEmpty)
            _ = try await f.service.rollback("sample", to: stored.id)
            #expect(try await f.service.secrets(of: "sample").map(\.name) == ["KEY"])
        }
    }

    @Test("what stands in a file of this machine is not shown to who imports it", arguments: ["", ".js"])
    func foreignFiles(_ ending: String) async throws {
        try await WorkersFixture.with { f in
            let path = "\(f.directory)/credentials\(ending)"
            try Data("[default]\nkey = topsecret value\n".utf8).write(to: URL(filePath: path))
            var upload = Self.upload(.deployment, "import '\(path)'; export default {}")
            // Its name has no ending, so that files without one are read as JavaScript.
            upload.modules.append(ScriptModule(name: "plain", type: Self.esm, bytes: []))
            let sent = upload
            let error = await #expect(throws: FlareError.self) { try await f.service.upload(sent) }
            #expect(error?.code == .buildFailed)
            #expect(error?.message.contains("which is no part of the upload") == true, "\(error?.message ?? "")")
            let text = error.map { "\($0.message) \($0.hint ?? "")" } ?? ""
            #expect(!text.contains("topsecret"))
        }
    }

    @Test("a syntax error in an uploaded module is shown with its line")
    func syntaxErrors() async throws {
        try await WorkersFixture.with { f in
            let error = await #expect(throws: FlareError.self) {
                try await f.service.upload(Self.upload(.deployment, "export default { fetch() { return 1 x } }"))
            }
            #expect(error?.message.hasPrefix("index.js:1:") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("return 1 x") == true)
        }
    }

    @Test("a tool has no more memory than it may take")
    func toolMemory() async throws {
        let spawner = ChildSpawner()
        let run = try await ToolRun.run(
            "/bin/sh",
            ["-c", "ulimit -d"],
            environment: [:],
            outputFile: FileManager.default.temporaryDirectory.path + "/tool-\(Identifier.hexadecimal())",
            timeout: .seconds(60),
            dataBytesMax: 512 * 1024 * 1024,
            spawner: spawner
        )
        await spawner.stop()
        #expect(run.output == "524288\n")
    }

    @Test(
        "a change made of a version that is not current any more is refused, and does not undo what followed",
        arguments: [ScriptUpload.Purpose.settings, .code]
    )
    func overtaken(_ purpose: ScriptUpload.Purpose) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/hold-\(Identifier.hexadecimal())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // The first process that starts once "hold" is there waits until "held" is gone.
        let node = "\(directory)/node"
        let script = """
            #!/bin/sh
            if mv \(directory)/hold \(directory)/held 2>/dev/null
            then while [ -e \(directory)/held ]; do sleep 0.01; done
            fi
            exec node "$@"
            """
        #expect(FileManager.default.createFile(atPath: node, contents: Data(script.utf8)))
        #expect(chmod(node, 0o700) == 0)
        try await WorkersFixture.with({ $0.nodePath = node }) { f in
            _ = try await f.service.upload(Self.upload())
            #expect(FileManager.default.createFile(atPath: "\(directory)/hold", contents: nil))
            async let change = f.service.upload(Self.upload(purpose))
            let isHeld = await eventually { FileManager.default.fileExists(atPath: "\(directory)/held") }
            #expect(isHeld)
            let current = try await f.service.upload(Self.upload()).worker.version
            try FileManager.default.removeItem(atPath: "\(directory)/held")
            var code: FlareError.Code?
            do { _ = try await change } catch let error as FlareError { code = error.code }
            #expect(code == .preconditionFailed)
            #expect(try await f.service.get("sample").version == current)
            // Sent again it is made of that one.
            let again = try await f.service.upload(Self.upload(purpose)).worker.version
            #expect(try await f.service.get("sample").version == again)
        }
    }

    @Test(
        "a module is refused by its name, its type or its bytes",
        arguments: [
            ("../a.js", esm, "cannot name a module"), ("/a.js", esm, "cannot name"), ("a/./b.js", esm, "cannot name"),
            ("", esm, "cannot name"), ("a\u{0}.js", esm, "cannot name"), ("a\\b.js", esm, "cannot name"),
            ("./index.js", esm, "two modules"), ("index.js/a.js", esm, "as a directory"),
            ("../\u{301}a.js", esm, "cannot name"), ("/\u{301}a.js", esm, "cannot name"),
            ("a/./\u{301}b.js", esm, "cannot name"), ("index.js/\u{301}a.js", esm, "as a directory"),
            ("a.py", "text/x-python", "which is not run"), ("bad.txt", "text/plain", "is not UTF-8"),
        ]
    )
    func modules(_ name: String, _ type: String, _ words: String) {
        let main = ScriptModule(name: "index.js", type: Self.esm, bytes: [])
        let bytes: [UInt8] = name == "bad.txt" ? [0xFF] : []
        let error = #expect(throws: FlareError.self) {
            try ScriptModules([main, ScriptModule(name: name, type: type, bytes: bytes)], main: "index.js")
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}

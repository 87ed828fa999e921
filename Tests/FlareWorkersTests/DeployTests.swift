import FlareModel
import FlareWorkers
import Foundation
import Synchronization
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct DeployTests {
    private static let plain = #"{"name": "demo", "main": "index.ts"}"#
    private static let fetcher = "export default { async fetch() { return new Response('hello'); } };"

    @Test func `a deploy names what it bundled and becomes current`() async throws {
        try await WorkersFixture.with { fixture in
            let deployment = try await fixture.deploy(
                """
                {"name": "demo", "main": "index.ts", "vars": {"GREETING": "hi"}, "oops": 1,
                 "queues": {"consumers": [{"queue": "in"}]}}
                """,
                """
                import { env } from "cloudflare:workers";
                enum Colour { Red = "red" }
                export default {
                  async fetch(request: Request, env2: any): Promise<Response> {
                    return Response.json({ greeting: env.GREETING, colour: Colour.Red, body: await request.text(),
                                           agent: navigator.userAgent }, { status: 201, headers: { "x-a": "b" } });
                  },
                  async queue() {},
                };
                """
            )
            #expect(deployment.main == "index.ts")
            #expect(deployment.warnings == ["unknown key \"oops\" is ignored"])
            #expect(deployment.worker.handlers == ["fetch", "queue"])
            #expect(fixture.registered.values.map(\.consumers) == [[.init(queue: "in")]])
            let workers = try await fixture.service.list()
            #expect(workers == [deployment.worker])
            let response = try await fetch(fixture, "/", worker: "demo", body: try await .of("body"))
            #expect(response.status == 201)
            let json = try JSONValue(json: await response.bytes())
            #expect(json["greeting"] == .string("hi"))
            #expect(json["colour"] == .string("red"))
            #expect(json["body"] == .string("body"))
        }
    }

    @Test func `a version's code knows its id, tag and time, which are no change of the configuration`() async throws {
        try await WorkersFixture.with { fixture in
            let wrangler = """
                {"name": "demo", "main": "index.ts", "version_metadata": {"binding": "CF_VERSION_METADATA"}}
                """
            let source = "export default { fetch(request, env) { return Response.json(env.CF_VERSION_METADATA); } };"
            let first = try await fixture.deploy(wrangler, source)
            #expect(first.warnings.isEmpty)
            #expect(first.changes.map(\.name) == ["env.CF_VERSION_METADATA"])
            var body = DeployBody(directory: fixture.directory + "/project")
            body.tag = "v2"
            let second = try await fixture.service.deploy(body)
            #expect(second.changes.isEmpty)
            let response = try await fetch(fixture, "/", worker: "demo")
            let json = try JSONValue(json: await response.bytes())
            #expect(json["id"]?.stringValue == second.worker.version)
            #expect(json["tag"]?.stringValue == "v2")
            #expect(json["timestamp"]?.stringValue?.hasSuffix("Z") == true)
        }
    }

    @Test func `code finds what Cloudflare's runtime has and an older Node.js lacks`() async throws {
        try await WorkersFixture.with { fixture in
            let source = """
                const [set, other] = [new Set([1, 2]), new Map([[2, "b"], [3, "c"]])];
                export default { async fetch() {
                  const md5 = await crypto.subtle.digest("MD5", new TextEncoder().encode("x"));
                  return Response.json([
                    [...set.union(other)], [...set.intersection(other)], [...set.difference(other)],
                    [...set.symmetricDifference(other)], set.isSubsetOf(new Set([0, 1, 2])),
                    set.isSupersetOf(new Set([3])), set.isDisjointFrom(new Set([3])),
                    [1, 2, 3, 4].values().filter((x) => x % 2).map((x, i) => x * 10 + i).toArray(),
                    set.values().drop(1).flatMap((x) => [x, x]).take(1).toArray(),
                    set.values().reduce((a, b) => a + b), set.values().some((x) => x > 1),
                    set.values().every((x) => x > 1), set.values().find((x) => x > 1) ?? null,
                    [...new Uint8Array(md5)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
                  ]);
                } };
                """
            try await fixture.deploy(Self.plain, source)
            let text = String(decoding: try await fetch(fixture, "/", worker: "demo").bytes(), as: UTF8.self)
            let sets = "[1,2,3],[2],[1],[1,3],true,false,true"
            #expect(
                text == "[\(sets),[10,31],[2],3,true,false,2,\"9dd4e461268c8034f5c8564e155c67a6\"]"
            )
        }
    }

    @Test func `a syntax error names the user's file, line and column, and leaves nothing behind`() async throws {
        try await WorkersFixture.with { fixture in
            let error = await #expect(throws: FlareError.self) {
                try await fixture.deploy(Self.plain, "const a = 1;\nexport default { fetch( { };\n")
            }
            #expect(error?.code == .buildFailed)
            #expect(error?.message.hasPrefix("index.ts:2:") == true, "\(error?.message ?? "")")
            #expect(fixture.versionDirectories(of: "demo").isEmpty)
            let workers = try await fixture.service.list()
            #expect(workers.isEmpty)
        }
    }

    @Test func `a class that is not exported is named with those that are`() async throws {
        try await WorkersFixture.with { fixture in
            let wrangler = """
                {"name": "demo", "main": "index.ts",
                 "workflows": [{"binding": "W", "name": "flow", "class_name": "Embd"}]}
                """
            let source = """
                import { WorkflowEntrypoint } from "cloudflare:workers";
                export class Embed extends WorkflowEntrypoint {}
                export const other = 1;
                """
            let error = await #expect(throws: FlareError.self) { try await fixture.deploy(wrangler, source) }
            let message = "the workflow \"flow\" needs the class \"Embd\", but the entry file exports Embed, other"
            #expect(error?.message == message)
            #expect(error?.hint?.hasPrefix("did you mean \"Embed\"?") == true)
            let notAClass = await #expect(throws: FlareError.self) {
                try await fixture.deploy(wrangler.replacing("Embd", with: "other"), source)
            }
            #expect(notAClass?.message.contains("is not a workflow") == true)
        }
    }

    @Test func `a consumer without a queue handler is refused`() async throws {
        try await WorkersFixture.with { fixture in
            let error = await #expect(throws: FlareError.self) {
                try await fixture.deploy(
                    #"{"name": "demo", "main": "index.ts", "queues": {"consumers": [{"queue": "in"}]}}"#,
                    Self.fetcher
                )
            }
            #expect(
                error?.message == "the Worker consumes the queue \"in\" but has only fetch in its default export"
            )
        }
    }

    @Test func `code that throws while it is imported is refused with its line`() async throws {
        try await WorkersFixture.with { fixture in
            let error = await #expect(throws: FlareError.self) {
                try await fixture.deploy(Self.plain, "export default {};\n\nthrow new Error('not today');\n")
            }
            #expect(error?.code == .buildFailed)
            #expect(error?.message == "the Worker \"demo\" does not start: Error: not today")
            #expect(error?.hint?.contains("index.ts:3") == true, "\(error?.hint ?? "")")
        }
    }

    @Test(arguments: [
        (#"addEventListener("fetch", () => {});"#, "write: export default { async fetch(request, env, ctx) { … } }"),
        (#"import { connect } from "cloudflare:sockets"; connect();"#, #"index.ts imports "cloudflare:sockets""#),
    ])
    func `what flare does not run is refused with its name`(source: String, message: String) async throws {
        try await WorkersFixture.with { fixture in
            let error = await #expect(throws: FlareError.self) { try await fixture.deploy(Self.plain, source) }
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
            // A package may import it when it is there, and do without.
            try await fixture.deploy(Self.plain, "const late = () => import('cloudflare:sockets');" + Self.fetcher)
        }
    }

    @Test func `a failing registration leaves the version before current`() async throws {
        let refuses = Mutex(false)
        try await WorkersFixture.with(register: { _ in
            if refuses.withLock({ $0 }) { throw FlareError(.pipelineNotFound, "pipeline \"x\" not found") }
        }) { fixture in
            let first = try await fixture.deploy(Self.plain, Self.fetcher)
            refuses.withLock { $0 = true }
            let error = await #expect(throws: FlareError.self) { try await fixture.deploy(Self.plain, Self.fetcher) }
            #expect(error?.code == .pipelineNotFound)
            let current = try await fixture.service.get("demo").version
            #expect(current == first.worker.version)
            #expect(fixture.versionDirectories(of: "demo") == [first.worker.version])
        }
    }

    @Test func `old versions are kept while they are needed, and run their own code`() async throws {
        let needed = Mutex<Set<String>>([])
        try await WorkersFixture.with(versionsInUse: { needed.withLock { $0 } }) { fixture in
            let first = try await fixture.deploy(Self.plain, Self.fetcher).worker.version
            needed.withLock { $0 = [first] }
            for number in 2...5 {
                try await fixture.deploy(Self.plain, Self.fetcher.replacing("hello", with: "hello \(number)"))
            }
            let worker = try await fixture.service.get("demo")
            #expect(worker.versions.count == 4)
            #expect(Set(worker.versions.map(\.id)) == fixture.versionDirectories(of: "demo"))
            var old = request("/", worker: "demo")
            old.version = first
            #expect(try await fixture.service.fetch(old).text() == "hello")
            #expect(try await fetch(fixture, "/", worker: "demo").text() == "hello 5")
            let error = await #expect(throws: FlareError.self) { try await fixture.service.delete("demo") }
            #expect(error?.code == .inUse)
            needed.withLock { $0 = [] }
            try await fixture.service.delete("demo")
            let workers = try await fixture.service.list()
            #expect(workers.isEmpty)
            #expect(fixture.versionDirectories(of: "demo").isEmpty)
        }
    }

    @Test func `tools that are missing are named with how to install them`() async throws {
        try await WorkersFixture.with({ $0.searchPath = "/nowhere" }) { fixture in
            let error = await #expect(throws: FlareError.self) { try await fixture.deploy(Self.plain, Self.fetcher) }
            #expect(error?.code == .toolMissing)
            #expect(error?.hint?.contains("apt install esbuild") == true)
        }
        let tools = try #require(ProcessInfo.processInfo.environment["PATH"])
        try await WorkersFixture.with({
            $0.esbuildPath = tools.split(separator: ":").map { "\($0)/esbuild" }.first {
                FileManager.default.isExecutableFile(atPath: $0)
            }
            $0.searchPath = "/nowhere"
        }) { fixture in
            let error = await #expect(throws: FlareError.self) { try await fixture.deploy(Self.plain, Self.fetcher) }
            #expect(error?.message == "Node.js was not found")
        }
    }

    @Test func `a project without a wrangler file, or without its entry file, is refused`() async throws {
        try await WorkersFixture.with { fixture in
            let empty = await #expect(throws: FlareError.self) {
                try await fixture.service.deploy(directory: fixture.directory)
            }
            #expect(empty?.code == .fileNotFound)
            let entry = await #expect(throws: FlareError.self) {
                try await fixture.deploy(#"{"name": "demo", "main": "src/gone.ts"}"#, Self.fetcher)
            }
            #expect(entry?.message.hasPrefix("the entry file src/gone.ts does not exist") == true)
            let unknown = await #expect(throws: FlareError.self) { try await fixture.service.get("demi") }
            #expect(unknown?.code == .workerNotFound)
        }
    }
}

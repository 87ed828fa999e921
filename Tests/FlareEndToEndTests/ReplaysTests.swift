import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("replays")
    struct ReplaysTests {
        static let configuration = """
            "r2_buckets": [{ "binding": "DONE", "bucket_name": "done" }],
            "workflows": [{ "binding": "FLOW", "name": "flow", "class_name": "Flow" }]
            """

        /// Five steps, each of which leaves an object for each time that it runs; the fourth fails at first.
        static let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";
            export class Flow extends WorkflowEntrypoint {
              async run(event, step) {
                const results = [];
                for (const name of ["one", "two", "three", "four", "five"]) {
                  results.push(await step.do(name, { retries: { limit: 0 } }, async () => {
                    await this.env.DONE.put(`${event.instanceId}/${name}/${crypto.randomUUID()}`, "");
                    if (name === "four" && !(await this.env.DONE.get("fixed"))) throw new Error("not fixed yet");
                    return name;
                  }));
                }
                return results;
              }
            }
            export default {};

            """

        /// How often each step of an instance has run: what an outsider counts.
        private func ran(_ f: FlareFixture) async throws -> [String: Int] {
            var counts: [String: Int] = [:]
            for key in try await f.keys(of: "done") {
                let parts = key.split(separator: "/")
                if parts.count == 3 { counts["\(parts[0])/\(parts[1])", default: 0] += 1 }
            }
            return counts
        }

        private func fix(_ f: FlareFixture) async throws {
            try await f.run("buckets", "objects", "put", "done", "fixed", f.write("fixed", "yes")).check()
        }

        private func setUp(_ f: FlareFixture) async throws {
            try await f.run("buckets", "create", "done").check()
            try await f.deploy("flows", Self.configuration, source: Self.source).check()
        }

        @Test("a run that fails at step 4 of 5 is replayed from it, and its history can be verified")
        func single() async throws {
            try await FlareFixture.with { f in
                try await setUp(f)
                #expect(try await f.run("workflows", "run", "flow", "--id", "a", "--wait").status == 1)
                try await fix(f)
                let plan = try await f.run("workflows", "replay", "flow", "a", "--dry-run").check()
                #expect(plan.lines.count == 5)
                #expect(plan.lines.dropFirst().map { $0.hasSuffix("kept") } == [true, true, true, false])

                let end = try await f.run("workflows", "replay", "flow", "a", "--wait", "--json").check().json()
                #expect(end["status"]?.stringValue == "complete")
                #expect(end["run"]?.integerValue == 2)
                #expect(try await ran(f) == ["a/one": 1, "a/two": 1, "a/three": 1, "a/four": 2, "a/five": 1])
                let first = try await f.run("workflows", "status", "flow", "a", "--run", "1", "--json").check().json()
                #expect(first["status"]?.stringValue == "errored")
                let steps = try await f.run("workflows", "steps", "flow", "a").check()
                #expect(steps.stdout.contains("kept from run 1"))
                #expect(try await f.run("workflows", "replay", "flow", "a", "--from-step", "six").status == 73)
                for words in [["status", "flow", ""], ["export", "flow", ""], ["metrics", ""], ["run", ""]] {
                    let unset = try await f.run("flare", ["workflows"] + words)
                    #expect(unset.status == 64)
                    #expect(unset.stderr.hasPrefix("error: a name or an id is empty"))
                }
                let newest = try await f.run("workflows", "run", "flow", "--id", "latest")
                #expect(newest.status == 64)
                #expect(newest.stderr.contains("which stands for the newest one"))
                #expect(
                    try await f.run("workflows", "instances", "list", "flow", "--where", "run>1").check().lines.count
                        == 2
                )
                #expect(try await f.run("workflows", "instances", "flow", "--where", "stauts=x").status == 64)

                try await verify(f)
            }
        }

        private func verify(_ f: FlareFixture) async throws {
            let history = try await f.run("workflows", "export", "flow", "a").check()
            #expect(try history.json()["format"]?.stringValue == "flare.workflow-history")
            try f.write("histories/a.json", history.stdout)
            let path = f.directory + "/histories"
            let same = try await f.run("workflows", "verify", "flow", "--history", path).check()
            #expect(same.stdout.contains("matches, 5 of 5 steps"))
            let old = try await f.run("workers", "get", "flows", "--json").check().json()["version"]?.stringValue ?? ""

            let renamed = Self.source.replacing("\"three\", ", with: "\"third\", ")
            try await f.deploy("flows", Self.configuration, source: renamed).check()
            let differs = try await f.run("workflows", "verify", "flow", "--history", path)
            #expect(differs.status == 1)
            #expect(differs.stdout.contains("the code asks for step \"third\" where the history has step \"three\""))
            #expect(differs.stdout.contains("index.ts:6:"))
            try await f.run("workflows", "verify", "flow", "--history", path, "--version", old).check()
            #expect(try await f.run("workflows", "verify", "flow", "--history", f.write("no.json", "{}")).status == 65)
            #expect(try await ran(f)["a/three"] == 1, "a verification does no step")
        }

        @Test(
            "a hundred failed instances are replayed in bulk, and a kill -9 in the middle leaves each old or new",
            .timeLimit(.minutes(10))
        )
        func bulk() async throws {
            let count = 100
            try await FlareFixture.with { f in
                try await setUp(f)
                let token = try await f.createToken()
                let path = "/client/v4/accounts/local/workflows/flow/instances"
                let batch = (0..<count).map { JSONValue.object(["instance_id": .string("i\($0)")]) }
                _ = try await f.api("POST", path + "/batch", token: token, body: .array(batch))
                try await waitUntil("all have failed", within: .seconds(120)) {
                    let flow = try await f.api("GET", "/client/v4/accounts/local/workflows/flow", token: token)
                    return flow["instances"]?["errored"]?.integerValue == count
                }
                try await fix(f)
                let arguments = ["workflows", "replay", "flow", "--where", "status=errored and run=1", "--json"]
                let cut = try f.start("flare", arguments + ["--rate", "50/s"])
                try await waitUntil("some are begun anew") {
                    let again = try await f.api("GET", path + "?where=run%3E1&per_page=1", token: token)
                    return again.arrayValue?.isEmpty == false
                }
                try await f.killEngine()
                _ = try await cut.result()
                try await f.startEngine()
                for instance in try await f.apiPages(path, token: token) {
                    let id = instance["id"]?.stringValue ?? ""
                    let detail = try await f.api("GET", "\(path)/\(id)", token: token)
                    let kept = (detail["steps"]?.arrayValue ?? []).filter { $0["kept_from"] != nil }.count
                    let run = detail["run"]?.integerValue ?? 0
                    #expect(kept == (run == 1 ? 0 : 3), "\(id) is neither old nor new")
                    #expect(detail["runs"]?.arrayValue?.count == run)
                }

                let rest = try await f.run("flare", arguments + ["--wait"]).check()
                #expect(rest.lines.last?.contains("\"refused\":0") == true)
                let complete = ["workflows", "instances", "flow", "--where", "status=complete,run=2", "--json"]
                try await waitUntil("all are complete", within: .seconds(120)) {
                    try await f.run("flare", complete + ["--limit", "1000"]).check().json().arrayValue?.count == count
                }
                let ran = try await ran(f)
                for index in 0..<count {
                    #expect(["one", "two", "three"].map { ran["i\(index)/\($0)"] } == [1, 1, 1])
                }
            }
        }
    }
}

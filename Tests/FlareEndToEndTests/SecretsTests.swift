import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("secrets")
    struct SecretsTests {
        static let configuration = """
            "secrets": { "required": ["API_KEY"] }, "vars": { "PLAIN": "p" },
            "workflows": [{ "binding": "W", "name": "reveal", "class_name": "Reveal" }]
            """

        /// Tells how long the secret is, and its first letter: never the secret.
        static let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";
            export class Reveal extends WorkflowEntrypoint {
              async run() {
                const key = this.env.API_KEY;
                return { length: key.length, first: key[0], other: typeof this.env.OTHER };
              }
            }
            export default {};
            """

        @Test("a secret reaches the code and nothing else, is kept over deploys, and its change is seen at once")
        func secret() async throws {
            try await FlareFixture.with { f in
                let value = "x-secret-\(UUID().uuidString)"
                let early = try await f.deploy("vault", Self.configuration, source: Self.source)
                #expect(early.status == 66)
                #expect(early.stderr.contains("requires the secret \"API_KEY\""))
                let put = try await f.run("workers", "secret", "put", "vault", "API_KEY", input: value + "\n").check()
                #expect(put.stdout.contains("no Worker vault is deployed yet"))
                let deployed = try await f.deploy("vault", Self.configuration, source: Self.source).check()
                #expect(try await Self.reveal(f)["length"]?.integerValue == value.utf8.count)
                try await f.run("deploy", f.directory + "/vault").check()
                #expect(try await Self.reveal(f)["first"]?.stringValue == "x")

                let list = try await f.run("workers", "secret", "list", "vault", "--json").check()
                #expect(try list.json().arrayValue?.map { $0["name"] } == [.string("API_KEY")])
                let get = try await f.run("workers", "get", "vault", "--json").check()
                let token = try await f.createToken()
                let scripts = "/client/v4/accounts/local/workers/scripts/vault"
                var outputs = [put.stdout, deployed.stdout, list.stdout, get.stdout]
                for path in ["/secrets", "/secrets/API_KEY", "/settings", "/versions"] {
                    let answer = try await f.api("GET", scripts + path, token: token)
                    outputs.append(String(decoding: answer.jsonBytes, as: UTF8.self))
                }
                outputs.append(try String(contentsOfFile: f.state + "/engine.log", encoding: .utf8))
                let processes = try Self.children(of: f.engine().pid)
                #expect(!processes.isEmpty)
                for pid in processes {
                    for file in ["environ", "cmdline"] { outputs.append(try Self.text("/proc/\(pid)/\(file)")) }
                }
                for output in outputs { #expect(!output.contains(value)) }

                _ = try await f.api(
                    "PUT",
                    scripts + "/secrets",
                    token: token,
                    body: .object(["name": .string("API_KEY"), "text": .string("yz"), "type": .string("secret_text")])
                )
                #expect(try await Self.reveal(f)["length"]?.integerValue == 2)
            }
        }

        @Test("many secrets are stored at once or not at all, and names of env are given once")
        func bulk() async throws {
            try await FlareFixture.with { f in
                let file = try f.write("secrets.env", "# of the shop\nexport API_KEY='abc'\nOTHER=\"d\\ne\" # why\n")
                try await f.run("workers", "secret", "bulk", "vault", file).check()
                try await f.deploy("vault", Self.configuration, source: Self.source).check()
                #expect(try await Self.reveal(f)["other"]?.stringValue == "string")
                let json = #"{"OTHER": null, "PLAIN": "taken"}"#
                let refused = try await f.run("workers", "secret", "bulk", "vault", input: json)
                #expect(refused.status == 73)
                #expect(refused.stderr.contains("env.PLAIN is a plain variable"))
                #expect(try await Self.reveal(f)["other"]?.stringValue == "string")
                try await f.run("workers", "secret", "delete", "vault", "OTHER", "--yes").check()
                #expect(try await Self.reveal(f)["other"]?.stringValue == "undefined")
                #expect(try await f.run("workers", "secret", "delete", "vault", "OTHER", "--yes").status == 66)
                let clash = Self.configuration.replacingOccurrences(of: "PLAIN", with: "API_KEY")
                let deploy = try await f.deploy("vault", clash, source: Self.source)
                #expect(deploy.status == 73)
                #expect(deploy.stderr.contains("env.API_KEY is both a secret"))
            }
        }

        private static func reveal(_ f: FlareFixture) async throws -> JSONValue {
            let run = try await f.run("workflows", "run", "reveal", "--wait", "--json").check().json()
            return run["output"] ?? .null
        }

        /// All processes whose parent is this one.
        private static func children(of parent: Int32) throws -> [Int32] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).filter { pid in
                guard let stat = try? text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return false }
                return stat[end...].split(separator: " ").dropFirst(2).first.flatMap { Int32($0) } == parent
            }
        }

        private static func text(_ path: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        }
    }
}

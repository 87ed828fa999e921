import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("trouble")
    struct TroubleTests {
        @Test("a name that breaks the rule is refused with the rule and a name that would pass")
        func names() async throws {
            try await FlareFixture.with { f in
                let commands = [
                    ["queues", "create", "My Queue"], ["buckets", "create", "My_Bucket"],
                    ["pipelines", "create", "My Pipeline", "--destination-bucket=data"],
                ]
                for command in commands {
                    let result = try await f.run("flare", command)
                    #expect(result.status == 64)
                    #expect(result.stderr.contains("is not a valid"))
                    #expect(result.stderr.contains("would pass"))
                }
                #expect(try await f.run("queues", "list", "--json").check().json() == .array([]))
                #expect(try await f.run("buckets", "list", "--json").check().json() == .array([]))
            }
        }

        @Test("what is there already, holds something or is used stays as it is, with status 73")
        func conflicts() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "heard").check()
                try await f.run("buckets", "create", "data").check()
                try await f.run("buckets", "objects", "put", "data", "a.txt", "-", input: "hello").check()
                let rule = ["buckets", "notify", "create", "data", "--queue", "heard", "--event-type", "object-create"]
                try await f.run("flare", rule).check()

                #expect(try await f.run("queues", "create", "heard").status == 73)
                #expect(try await f.run("flare", rule).status == 73)
                let bucket = try await f.run("buckets", "delete", "data", "--yes")
                #expect(bucket.status == 73)
                #expect(bucket.stderr.contains("data"))
                let queue = try await f.run("queues", "delete", "heard", "--yes")
                #expect(queue.status == 73)
                #expect(queue.stderr.contains("data"))

                #expect(try await f.keys(of: "data") == ["a.txt"])
                try await f.run("queues", "info", "heard").check()
            }
        }

        @Test("nothing is deleted without a terminal unless --yes is given")
        func confirmation() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let result = try await f.run("queues", "delete", "orders", input: "y\n", environment: ["CI": "true"])
                #expect(result.status == 64)
                #expect(result.stderr.contains("--yes"))
                try await f.run("queues", "delete", "orders", "--yes").check()
                #expect(try await f.run("queues", "info", "orders").status == 66)
            }
        }

        @Test("a syntax error in user code is told with file, line and column, and nothing is deployed")
        func syntax() async throws {
            try await FlareFixture.with { f in
                let result = try await f.deploy(
                    "broken",
                    source: """
                        export default {
                          async fetch() {
                            return new Response("a" "b");
                          },
                        };

                        """
                )
                #expect(result.status == 65)
                #expect(result.stderr.contains("src/index.ts:3:28"))
                let workflows = try await f.run("workflows", "list", "--json").check().json()
                #expect(workflows == .array([]))
            }
        }

        @Test("a class that the configuration names and the code lacks is told, and nothing is deployed")
        func missingClass() async throws {
            try await FlareFixture.with { f in
                let result = try await f.deploy(
                    "lacking",
                    #""workflows": [{ "binding": "W", "name": "orders", "class_name": "Orders" }]"#,
                    source: "export default {};\n"
                )
                #expect(result.status == 65)
                #expect(result.stderr.contains("Orders"))
                #expect(try await f.run("workflows", "list", "--json").check().json() == .array([]))
            }
        }

        @Test("a body whose chunks are broken is the client's fault at the control port, and names what is wrong")
        func brokenChunks() async throws {
            try await FlareFixture.with { f in
                let port = try await f.startEngine().controlPort
                try await f.run("buckets", "create", "data").check()
                let token = try await f.createToken()
                for route in ["POST /accounts/a/queues", "PUT /accounts/a/r2/buckets/data/objects/a"] {
                    let route = route.replacing(" ", with: " /client/v4")
                    let head = "\(route) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
                    let body = "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n"
                    let bytes = try await exchange(Array((head + body).utf8), port: port)
                    let reply = String(decoding: bytes, as: UTF8.self)
                    #expect(reply.hasPrefix("HTTP/1.1 400"))
                    #expect(reply.contains("Connection: close"))
                    #expect(reply.contains("the request is not valid HTTP: invalid character in chunk size header"))
                }
                #expect(try await f.keys(of: "data").isEmpty)
            }
        }

        @Test("errors are JSON with --json, with a stable code")
        func json() async throws {
            try await FlareFixture.with { f in
                let result = try await f.run("queues", "info", "nowhere", "--json")
                #expect(result.status == 66)
                #expect(result.stdout.isEmpty)
                let error = try JSONValue(json: result.stderr.utf8)["error"]
                #expect(error?["code"]?.stringValue == "queue_not_found")
                #expect(error?["message"]?.stringValue?.contains("nowhere") == true)
            }
        }

        @Test("a mistyped command is answered with the nearest one, status 64")
        func mistyped() async throws {
            try await FlareFixture.with { f in
                let result = try await f.run("queue", "list")
                #expect(result.status == 64)
                #expect(result.stderr.contains("Did you mean \"queues\"?"))
            }
        }
    }
}

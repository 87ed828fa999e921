import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("the engine")
    struct EngineTests {
        @Test("a command starts it; it keeps its ports across a restart and says when it does not run")
        func life() async throws {
            try await FlareFixture.with { f in
                #expect(try await f.run("engine", "status").status == 69)
                try await f.run("queues", "create", "orders").check()
                let first = try f.engine()
                try await f.run("engine", "restart").check()
                let second = try f.engine()
                #expect(first.pid != second.pid)
                #expect(first.ingestPort == second.ingestPort)
                #expect(first.controlPort == second.controlPort)
                try await f.run("queues", "info", "orders").check()
                try await f.run("engine", "stop").check()
                #expect(!isAlive(second.pid))
                #expect(try await f.run("engine", "status").status == 69)
            }
        }

        @Test("an engine whose database is gone does not begin a new one over the objects that are left")
        func lostDatabase() async throws {
            try await FlareFixture.with { f in
                let file = try f.write("large", String(repeating: "x", count: 100_000))
                try await f.run("buckets", "create", "things").check()
                try await f.run("buckets", "objects", "put", "things", "large", file).check()
                try await f.killEngine()
                let objects = { FileManager.default.subpaths(atPath: f.state + "/objects") ?? [] }
                let before = objects().sorted()
                for name in ["flare.db", "flare.db-wal", "flare.db-shm"] {
                    try FileManager.default.removeItem(atPath: f.state + "/" + name)
                }
                let result = try await f.run("engine", "start")
                #expect(result.status == 70)
                #expect(result.stderr.contains("\(f.state)/flare.db is missing or empty"))
                #expect(objects().sorted() == before)
                #expect(!FileManager.default.fileExists(atPath: f.state + "/flare.db"))
            }
        }

        @Test("an engine that cannot tell where it listens fails, and says why")
        func unannounced() async throws {
            try await FlareFixture.with { f in
                let info = f.state + "/engine.json"
                try FileManager.default.createDirectory(atPath: info, withIntermediateDirectories: true)
                let result = try await f.run("engine", "run")
                #expect(result.status != 0)
                #expect(result.stderr.contains("\(info) cannot be written"))
            }
        }

        @Test("a restart with an option that cannot be leaves the engine running as before")
        func restart() async throws {
            try await FlareFixture.with { f in
                let before = try await f.startEngine()
                let missing = f.directory + "/missing.pem"
                let result = try await f.run("engine", "restart", "--tls-cert", missing, "--tls-key", missing)
                #expect(result.status == 66)
                #expect(result.stderr.contains("\(missing), named by --tls-cert"))
                #expect(result.stderr.contains("runs again as before"))
                let after = try f.engine()
                #expect(isAlive(after.pid))
                #expect(after.pid != before.pid)
                #expect(after.s3Port == before.s3Port)
            }
        }

        @Test("TLS is required from the first start on that listens, and by no start that failed at a port")
        func restartAtTakenPort() async throws {
            try await FlareFixture.with { f in
                let before = try await f.startEngine()
                let plain = { try await httpRequest("GET", "/none", port: f.engine().ingestPort).status }
                let answer = try await plain()
                // Two doors cannot have one port.
                let port = "\(before.kafkaPort)"
                let ports = ["--s3-port", port, "--kafka-port", port]
                let result = try await f.run("flare", ["engine", "restart", "--require-tls"] + ports)
                #expect(result.status != 0)
                #expect(result.stderr.contains("runs again as before"))
                #expect(try await plain() == answer)

                try await f.run("engine", "restart", "--require-tls").check()
                let refusal = try await plain()
                #expect(refusal != answer)
                try await f.run("engine", "restart").check()
                #expect(try await plain() == refusal)
            }
        }

        @Test("a second engine on the same directory fails and names the first one's pid")
        func second() async throws {
            try await FlareFixture.with { f in
                let pid = try await f.startEngine().pid
                let result = try await f.run("engine", "run")
                #expect(result.status == 73)
                #expect(result.stderr.contains("\(pid)"))
                #expect(isAlive(pid))
            }
        }

        @Test("after kill -9 the next command starts a new one, with everything there")
        func killed() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                try await f.killEngine()
                let list = try await f.run("queues", "list", "--json").check().json()
                #expect(list.arrayValue?.compactMap { $0["queue"]?["queue_name"]?.stringValue } == ["orders"])
            }
        }

        @Test("the control socket is its owner's alone, and TCP wants a token")
        func closed() async throws {
            try await FlareFixture.with { f in
                let info = try await f.startEngine()
                let attributes = try FileManager.default.attributesOfItem(atPath: info.socketPath)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                let reply = try await httpRequest(
                    "GET",
                    "/client/v4/accounts/local/queues",
                    port: info.controlPort
                )
                #expect(reply.status == 401)
            }
        }

        @Test("a path that is too long for a socket's address works all the same")
        func longPath() async throws {
            try await FlareFixture.with { f in
                let state = f.directory + "/" + String(repeating: "long/", count: 24) + "state"
                try await f.run("queues", "create", "orders", "--state", state).check()
                try await f.run("engine", "stop", "--state", state).check()
            }
        }

        @Test("a state directory that cannot be written to is told, with status 77")
        func notWritable() async throws {
            try await FlareFixture.with { f in
                // A file in the way stops everybody, the superuser too.
                let file = try f.write("file", "")
                let result = try await f.run("queues", "list", "--state", file + "/state")
                #expect([69, 77].contains(result.status))
                #expect(result.stderr.contains(file))
            }
        }

        @Test("lists are JSON for other programs when there is no terminal")
        func json() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "orders").check()
                let flare = try BuiltPrograms.path("flare")
                let result = try await f.run(
                    "/bin/sh",
                    ["-c", "\(flare) queues list --json | jq --raw-output '.[].queue.queue_name'"]
                )
                #expect(result.status == 0)
                #expect(result.lines == ["orders"])
            }
        }
    }
}

import FlareModel
import FlareStore
import Foundation
import Testing

@testable import FlareGateway

@Suite("the tokens of the API")
struct TokenTests {
    @Test("a token is accepted from the moment that it is made, and refused from the moment that it is revoked")
    func takesEffectAtOnce() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(Identifier.hexadecimal())")
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: path) }
        let database = try Database.open(
            path: StateDirectory(path: path.path).database,
            migrations: GatewayMigrations.all
        )
        let tokens = TokenService(database: database, time: SystemTime())
        let first = try await tokens.create(name: "first")
        #expect(try await tokens.accepts(first))
        // Those in use are known by now.
        let shown = try await tokens.environmentToken()
        #expect(try await tokens.accepts(shown))
        #expect(try await tokens.environmentToken() == shown)
        try await tokens.revoke(name: "environment")
        #expect(try await !tokens.accepts(shown))
        let again = try await tokens.environmentToken()
        #expect(try await tokens.accepts(again))
        #expect(try await tokens.accepts(first))
        try database.close()
    }
}

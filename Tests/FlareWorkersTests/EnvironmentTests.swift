import FlareModel
import Testing

@testable import FlareWorkers

struct EnvironmentTests {
    private static let text = """
        {"name": "shop", "main": "a.ts", "vars": {"A": "top"}, "triggers": {"crons": ["* * * * *"]},
         "r2_buckets": [{"binding": "B", "bucket_name": "photos"}], "minify": true, "alias": {"x": "./y"},
         "env": {"staging": {"vars": {"A": "s"}, "alias": {"x": "./z"}}, "own": {"name": "other", "main": "b.ts"}}}
        """

    private func select(_ environment: String?) throws -> (WranglerConfiguration, [String]) {
        let file = try WranglerFile.parse(Array(Self.text.utf8), name: "wrangler.jsonc")
        let (selected, warnings) = try file.selecting(environment: environment)
        return (try WranglerConfiguration(selected), warnings)
    }

    @Test func `an environment has its own bindings and values, and the rest from the top`() throws {
        let (staging, warnings) = try select("staging")
        #expect(staging.name == "shop-staging" && staging.main == "a.ts")
        #expect(staging.vars == ["A": .string("s")])
        #expect(staging.bindings.isEmpty)
        #expect(staging.crons == ["* * * * *"])
        #expect(staging.build.isMinified && staging.build.alias == ["x": "./y"])
        #expect(warnings.contains("r2_buckets is set at the top level only; env.staging does not inherit it"))
        #expect(warnings.contains("alias of env.staging is ignored: it belongs to the top level"))
        let (own, _) = try select("own")
        #expect(own.name == "other" && own.main == "b.ts" && own.vars.isEmpty)
    }

    @Test func `without a name the top level is taken, with a word about the others`() throws {
        let (top, warnings) = try select(nil)
        #expect(top.name == "shop" && top.bindings.count == 1)
        #expect(
            warnings == ["the file has environments (own, staging); the top level is deployed, name one with --env"]
        )
        let (meant, none) = try select("")
        #expect(meant.name == "shop" && none.isEmpty)
        let error = #expect(throws: FlareError.self) { try select("stagin") }
        #expect(error?.hint == "did you mean \"staging\"? it has own, staging")
    }

    @Test func `the command line's values win over the file's`() throws {
        let file = try WranglerFile.parse(Array(Self.text.utf8), name: "wrangler.jsonc")
        var body = DeployBody(directory: "/p")
        (body.name, body.vars, body.define) = ("renamed", ["A": "line", "C": "x:y"], ["K": "1"])
        let configuration = try WranglerConfiguration(file.overridden(by: body))
        #expect(configuration.name == "renamed")
        #expect(configuration.vars == ["A": .string("line"), "C": .string("x:y")])
        #expect(configuration.build.define == ["K": "1"])
    }
}

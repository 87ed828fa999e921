import FlareModel
import Testing

@testable import FlareWorkers

@Suite struct WranglerTests {
    @Test func `comments and trailing commas of a jsonc file are no errors`() throws {
        let text = """
            {
                // the name
                "name": "demo", /* inline */
                "main": "src/index.ts",
                "vars": { "URL": "http://x/*y*/", "list": [1, 2,], },
            }
            """
        let configuration = try configuration(text)
        #expect(configuration.name == "demo")
        #expect(configuration.vars["URL"] == .string("http://x/*y*/"))
        #expect(configuration.vars["list"] == .array([.integer(1), .integer(2)]))
    }

    @Test func `every section that flare runs is read`() throws {
        let configuration = try configuration(
            """
            {"name": "demo", "main": "i.ts", "compatibility_date": "2026-01-01", "vars": {"A": "x", "B": {"c": 1}},
             "r2_buckets": [{"binding": "R2", "bucket_name": "photos"}],
             "queues": {"producers": [{"binding": "OUT_Q", "queue": "out"}, {"binding": "MY_Q"}],
                        "consumers": [{"queue": "in", "max_batch_size": 5, "max_batch_timeout": 0.5, "max_retries": 2,
                                       "retry_delay": 7, "dead_letter_queue": "dead", "max_concurrency": 3},
                                      {"queue": "events", "workflow": "embed"}]},
             "workflows": [{"binding": "W", "name": "embed", "class_name": "Embed"},
                           {"binding": "OTHER", "name": "theirs", "class_name": "X", "script_name": "else"}],
             "pipelines": [{"binding": "P", "pipeline": "clicks"}]}
            """
        )
        #expect(
            configuration.bindings == [
                .init(name: "R2", kind: .bucket, target: "photos"), .init(name: "OUT_Q", kind: .queue, target: "out"),
                .init(name: "MY_Q", kind: .queue, target: "demo-my-q"),
                .init(name: "W", kind: .workflow, target: "embed"),
                .init(name: "OTHER", kind: .workflow, target: "theirs"),
                .init(name: "P", kind: .pipeline, target: "clicks"),
            ]
        )
        #expect(
            configuration.consumers == [
                .init(
                    queue: "in",
                    batchSizeMax: 5,
                    batchTimeoutMilliseconds: 500,
                    retryMax: 2,
                    retryDelaySeconds: 7,
                    deadLetterQueue: "dead",
                    concurrencyMax: 3
                ),
                .init(queue: "events", workflow: "embed"),
            ]
        )
        #expect(configuration.workflows == [.init(name: "embed", className: "Embed")])
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `a toml file says the same as a json file`() throws {
        let text = """
            name = "demo"
            main = "src/index.ts"

            [vars]
            GREETING = "hello"

            [[r2_buckets]]
            binding = "R2"
            bucket_name = "photos"

            [[queues.consumers]]
            queue = "in"
            max_batch_size = 10

            [[workflows]]
            binding = "W"
            name = "embed"
            class_name = "Embed"
            """
        let configuration = try configuration(text, name: "wrangler.toml")
        #expect(configuration.vars == ["GREETING": .string("hello")])
        #expect(configuration.bindings.map(\.name) == ["R2", "W"])
        #expect(configuration.consumers == [.init(queue: "in", batchSizeMax: 10)])
    }

    @Test(arguments: [
        (#"{"main": "i.ts"}"#, "wrangler.jsonc: name is missing"),
        (#"{"name": "demo"}"#, "wrangler.jsonc: main is missing"),
        (#"{"name": 5, "main": "i.ts"}"#, "wrangler.jsonc: name must be a text that is not empty"),
        (#"["a"]"#, "wrangler.jsonc: the file must be an object"),
        (
            #"{"name": "d", "main": "i", "queues": {"consumers": [{"queue": "q", "max_batch_size": 101}]}}"#,
            "wrangler.jsonc: queues.consumers[0].max_batch_size must be a whole number from 1 to 100"
        ),
        (
            #"{"name": "d", "main": "i", "queues": {"consumers": [{"queue": "q", "type": "http_pull"}]}}"#,
            "wrangler.jsonc: queues.consumers[0].type must be \"worker\"; other consumers are added to the queue itself"
        ),
        (
            #"{"name": "d", "main": "i", "r2_buckets": [{"bucket_name": "abc"}]}"#,
            "wrangler.jsonc: r2_buckets[0].binding is missing"
        ),
        (
            #"{"name": "d", "main": "i", "vars": {"A": 1}, "r2_buckets": [{"binding": "A", "bucket_name": "abc"}]}"#,
            "wrangler.jsonc: env.A is given twice: each binding and variable needs a name of its own"
        ),
        (
            #"{"name": "d", "main": "i", "kv_namespaces": [{"binding": "CACHE", "id": "x"}]}"#,
            "wrangler.jsonc: flare cannot run the binding \"CACHE\" in \"kv_namespaces\" (KV)"
        ),
        (
            #"{"name": "d", "main": "i", "durable_objects": {"bindings": [{"name": "ROOM", "class_name": "R"}]}}"#,
            "wrangler.jsonc: flare cannot run the binding \"ROOM\" in \"durable_objects\" (Durable Objects)"
        ),
        (
            #"{"name": "d", "main": "i", "ai": {"binding": "AI"}}"#,
            "wrangler.jsonc: flare cannot run the binding \"AI\" in \"ai\" (Workers AI)"
        ),
    ])
    func `a bad file is refused with the field's path`(text: String, message: String) {
        let error = #expect(throws: FlareError.self) { try configuration(text) }
        #expect(error?.message == message)
    }

    @Test func `a consumer's workflow must be one of this Worker`() {
        let error = #expect(throws: FlareError.self) {
            try configuration(
                """
                {"name": "d", "main": "i", "workflows": [{"binding": "W", "name": "embed", "class_name": "E"}],
                 "queues": {"consumers": [{"queue": "q", "workflow": "embd"}]}}
                """
            )
        }
        #expect(error?.message == "workflow \"embd\" not found. Did you mean \"embed\"?")
    }

    @Test func `keys without effect are warned about, with the nearest known key`() throws {
        let configuration = try configuration(
            #"{"name": "d", "main": "i", "workflow": [1], "triggers": {"crons": ["* * * * *"]}, "routes": ["x"]}"#
        )
        #expect(
            configuration.warnings == [
                "unknown key \"workflow\" is ignored; did you mean \"workflows\"?"
            ]
        )
    }

    @Test func `a misspelt key within a section is warned about, with its place`() throws {
        let configuration = try configuration(
            #"""
            {"name": "d", "main": "i", "triggers": {"cron": ["* * * * *"]}, "limits": {"cpu_ms": 10000},
             "queues": {"producers": [{"binding": "Q", "queue": "q", "delivery_delay": 5}],
                        "consumers": [{"queue": "a"}, {"queue": "b", "max_batch_sise": 5}], "consumer": []},
             "workflows": [{"binding": "W", "name": "w", "class_name": "W", "limits": {"step": 5}}]}
            """#
        )
        let ignored = [
            (#""queues.consumer""#, "consumers"), (#""queues.consumers[1].max_batch_sise""#, "max_batch_size"),
            (#""triggers.cron""#, "crons"), (#""workflows[0].limits.step""#, "steps"),
        ].map { "unknown key \($0) is ignored; did you mean \"\($1)\"?" }
        let delay = "queues.producers[0].delivery_delay has no effect, as on Cloudflare: "
        #expect(Set(ignored).isSubset(of: configuration.warnings), "\(configuration.warnings)")
        #expect(configuration.warnings.contains { $0.hasPrefix(delay) })
        #expect(configuration.warnings.count == 5, "\(configuration.warnings)")
    }

    @Test func `all bindings that cannot be run are named at once`() {
        let error = #expect(throws: FlareError.self) {
            try configuration(
                #"""
                {"name": "d", "main": "i", "vectorize": [{"binding": "V", "index_name": "x"}],
                 "kv_namespaces": [{"binding": "A", "id": "a"}, {"binding": "B", "id": "b"}]}
                """#
            )
        }
        let what = #""A", "B" in "kv_namespaces" (KV), "V" in "vectorize" (Vectorize)"#
        #expect(error?.message == "wrangler.jsonc: flare cannot run the binding \(what)")
    }

    @Test func `rules say what files that are no JavaScript are, where esbuild can be told`() throws {
        let configuration = try configuration(
            #"""
            {"name": "d", "main": "i", "rules": [
              {"type": "Text", "globs": ["**/*.md", "docs/*.txt"], "fallthrough": true},
              {"type": "Data", "globs": ["*.md", "**/*.png"]}, {"type": "ESModule", "globs": ["**/*.js"]},
              {"type": "Texts", "globs": ["**/*.a"]}, {"type": "CompiledWasm", "globs": ["**/*.wasm"]}]}
            """#
        )
        #expect(configuration.build.rules.loaders == [".md": "text", ".png": "binary"])
        #expect(
            configuration.warnings == [
                "rules[0].globs: \"docs/*.txt\" is not applied; only **/*.ENDING is",
                "rules[3].type: modules of type \"Texts\" are not supported; did you mean \"Text\"?",
                "rules[4].type: modules of type \"CompiledWasm\" are not supported",
            ]
        )
    }

    @Test func `a syntax error names its line`() {
        let json = #expect(throws: FlareError.self) { try configuration("{\n  \"name\": \"d\",\n  oops\n}") }
        #expect(json?.message == "wrangler.jsonc:3:3: this is not valid JSON")
        let toml = #expect(throws: FlareError.self) { try configuration("name = \"d\"\nmain =", name: "wrangler.toml") }
        #expect(toml?.message.hasPrefix("wrangler.toml:2:") == true, "\(toml?.message ?? "")")
    }

    @Test(arguments: [
        ("{\"a\": [1, 2.5e3, {}, [], \"x\\\"\", true, null]}", nil), ("", "1:1"), ("{", "1:2"), ("[1 2]", "1:4"),
        ("{\"a\" 1}", "1:6"), ("{\"a\": tru}", "1:10"), ("[\"abc\n\"]", "1:6"), ("{} x", "1:4"), ("[1,\n ,]", "2:2"),
    ])
    func `the first wrong byte of a text is found`(text: String, place: String?) {
        let error = JSONSyntax.firstError(in: Array(text.utf8))
        #expect(error.map { "\($0.line):\($0.column)" } == place)
    }

    private func configuration(_ text: String, name: String = "wrangler.jsonc") throws -> WranglerConfiguration {
        try WranglerConfiguration(WranglerFile.parse(Array(text.utf8), name: name))
    }
}

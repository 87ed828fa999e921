import FlareModel
import FlareWorkers
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct PipelineTransformFailureTests {
    @Test func `a transform that throws is named, with what ran before it`() async throws {
        let source = """
            export default {
              pipeline(stream) {
                return stream
                  .transform("first", (events) => events.slice(1))
                  .transform("second", () => { throw new RangeError("not today"); })
                  .transform("third", (events) => events);
              },
            };
            """
        try await TransformFixture.with(source) { fixture in
            let failure = try #require(await fixture.failure(["{}", "{}"]))
            #expect(failure.label == "second")
            #expect(failure.error.name == "RangeError")
            #expect(failure.error.message == "not today")
            #expect(failure.error.stack?.contains("index.ts:5") == true, "\(failure.error.stack ?? "")")
            #expect(failure.labels.map(\.label) == ["first", "second"])
            #expect(failure.labels.map(\.recordsIn) == [2, 1])
            #expect(failure.labels.map(\.errorCount) == [0, 1])
            #expect(!failure.isTooLarge)
            let error = await #expect(throws: FlareError.self) { try await fixture.run(["{}"]) }
            #expect(error?.code == .runFailed)
            #expect(error?.message == "the transform \"second\" failed: RangeError: not today")
        }
    }

    @Test(arguments: [
        ("null", "must return an array of events, not null"),
        ("new Map()", "must return an array of events, not a Map"),
        ("({ length: 1 })", "must return an array of events, not an object"),
        ("[{}, 3]", "returned at index 1 a number; events are plain objects"),
        ("[[]]", "returned at index 0 an array; events are plain objects"),
        ("[null]", "returned at index 0 null; events are plain objects"),
        ("[undefined]", "returned at index 0 undefined; events are plain objects"),
        ("[{}, , {}]", "returned at index 1 undefined; events are plain objects"),
        ("['text']", "returned at index 0 a string; events are plain objects"),
        ("[() => 1]", "returned at index 0 a function; events are plain objects"),
        ("[1n]", "returned at index 0 a bigint; events are plain objects"),
        ("[new Date()]", "returned at index 0 a Date; events are plain objects"),
        (
            "events.map(async (e) => e)",
            "returned at index 0 a Promise (use: await Promise.all(…)); events are plain objects"
        ),
        ("[{ n: 1n }]", "an object that is not JSON: Do not know how to serialize a BigInt"),
        ("(events[0].self = events[0], events)", "an object that is not JSON: Converting circular structure to JSON"),
        ("[{ toJSON: () => 'x' }]", "an object that its toJSON() turns into \"x\""),
    ])
    func `what is no event is refused with its place`(result: String, message: String) async throws {
        try await TransformFixture.with(stream: "stream.transform('bad', (events) => \(result))") { fixture in
            let failure = try #require(await fixture.failure(["{}"]))
            #expect(failure.label == "bad")
            #expect(failure.error.name == "TypeError")
            #expect(failure.error.message.hasPrefix("the transform \"bad\" "))
            #expect(failure.error.message.contains(message), "\(failure.error.message)")
            #expect(failure.labels.map(\.errorCount) == [1])
        }
    }

    @Test(arguments: [
        ("stream.transform('')", "the label of a transform must be a text of 1 to 256 characters"),
        ("stream.transform('a', 1)", "the transform \"a\" is not a function"),
        ("stream.writeToR2({ format: 'csv' })", "writeToR2() cannot write the format \"csv\": json, ndjson, parquet"),
        ("stream.writeToR2({ bucket: 1 })", "must be a bucket's name or a binding of env, not number"),
        ("stream.writeToR2({ prefix: 1 })", "the prefix of writeToR2() must be a text, not number"),
        ("stream.writeToR2({ batchSize: -1 })", "the batchSize of writeToR2() must be bytes or a text"),
        ("stream.writeToR2(null)", "writeToR2() takes an object"),
        ("stream.writeToR2().writeToR2()", "writeToR2() after writeToR2(), which ends a chain"),
        ("undefined", "pipeline() must return its stream, or an array of streams"),
        ("[]", "pipeline() must return its stream, or an array of streams"),
        ("[stream, 1]", "pipeline() must return its stream, or an array of streams"),
        ("globalThis.kept ??= stream", "pipeline() returned the stream of another batch"),
    ])
    func `a stream that cannot be is refused before any transform`(stream: String, message: String) async throws {
        try await TransformFixture.with(stream: stream) { fixture in
            if stream.contains("kept") { _ = try await fixture.run(["{}"]) }
            let failure = try #require(await fixture.failure(["{}"]))
            #expect(failure.label == nil)
            #expect(failure.error.message.contains(message), "\(failure.error.message)")
            #expect(failure.labels.isEmpty)
        }
    }

    @Test func `output over the limit is told apart from a failure`() async throws {
        let stream = """
            [stream.writeToR2({ bucket: "raw" }),
             stream.transform("fan out", (events) => events.flatMap((e) => Array(1000).fill(e)))]
            """
        try await TransformFixture.with(stream: stream) { fixture in
            let failure = try #require(await fixture.failure([#"{"n":1}"#], outputBytesMax: 4_000))
            #expect(failure.isTooLarge)
            #expect(failure.label == "fan out")
            #expect(failure.error.name == "RangeError")
            #expect(failure.error.message == "the batch became 8008 bytes; at most 4000 can be handed back")
            #expect(failure.labels.map(\.errorCount) == [0])
            let output = try await fixture.run([#"{"n":1}"#], outputBytesMax: 8_008)
            #expect(output.parts.map(\.recordCount) == [1, 1_000])
        }
    }

    @Test func `what is folded again may be large on the way`() async throws {
        let stream = """
            stream.transform("fan out", (events) => Array(1_000_000).fill({ pad: "x".repeat(89) }))
              .transform("fold", (events) => [{ count: events.length }])
            """
        try await TransformFixture.with(stream: stream) { fixture in
            let output = try await fixture.run(["{}"])
            #expect(output.parts[0].text == #"{"count":1000000}"# + "\n")
            #expect(output.labels[1].bytesIn == 100_000_000)
        }
    }

    @Test func `a transform without end is killed at the deadline`() async throws {
        let source = """
            export default {
              pipeline: (stream) => stream.transform("hang", (events) => { while (events[0].hang); return events; }),
            };
            """
        try await TransformFixture.with(source) { fixture in
            let error = await #expect(throws: FlareError.self) {
                try await fixture.run([#"{"hang":1}"#], deadline: .milliseconds(300))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(error.flatMap { PipelineBatch.failure(of: $0) } == nil)
            let output = try await fixture.run([#"{"hang":0}"#])
            #expect(output.parts.map(\.recordCount) == [1])
        }
    }

    @Test func `a Worker that cannot transform is refused at once`() async throws {
        let source = """
            import { PipelineTransformationEntrypoint } from "cloudflare:pipelines";
            export class Clean extends PipelineTransformationEntrypoint { run(records) { return records; } }
            export class Empty extends PipelineTransformationEntrypoint {}
            export const helper = 1;
            export default { fetch() { return new Response(""); } };
            """
        try await TransformFixture.with(source) { fixture in
            let service = fixture.workers.service
            func refusal(_ worker: String, _ entrypoint: String?) async -> FlareError? {
                await #expect(throws: FlareError.self) {
                    try await service.checkTransform(worker: worker, entrypoint: entrypoint)
                }
            }
            #expect(await refusal("demi", nil)?.code == .workerNotFound)
            #expect(await refusal("demi", nil)?.message.contains("Did you mean \"demo\"?") == true)
            let none = await refusal("demo", nil)
            #expect(none?.code == .invalidArgument)
            #expect(none?.message == "the default export of the Worker \"demo\" does not transform records")
            #expect(none?.hint == "name one that does: Clean")
            let unknown = await refusal("demo", "Claen")
            #expect(unknown?.message == "\"Claen\" is no export of the Worker \"demo\"")
            #expect(unknown?.hint == "exports that transform records: Clean")
            #expect(
                await refusal("demo", "Clea")?.hint == "did you mean \"Clean\"? exports that transform records: Clean"
            )
            for name in ["helper", "Empty", "default"] {
                let error = await refusal("demo", name)
                #expect(error?.message.contains("does not transform records") == true, "\(error?.message ?? "")")
            }
            try await service.checkTransform(worker: "demo", entrypoint: "Clean")
            let failure = await fixture.failure(["{}"])
            #expect(failure?.error.message == "the default export has no handler pipeline()")
            let wrong = await fixture.failure(["{}"], entrypoint: "Empty")
            #expect(wrong?.error.message == "the export Empty cannot transform records")
            try await fixture.workers.deploy(
                #"{"name": "plain", "main": "index.ts"}"#,
                "export default { fetch() { return new Response(''); } };"
            )
            let nothing = await refusal("plain", nil)
            #expect(nothing?.message == "the Worker \"plain\" has nothing that transforms records")
        }
    }
}

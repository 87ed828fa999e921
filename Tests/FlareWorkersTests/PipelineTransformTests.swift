import FlareModel
import FlareWorkers
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct PipelineTransformTests {
    /// The announcement's sample, with what it leaves out filled in.
    private static let announced = """
        const somePrefix: string = "clicks/";
        export default {
           // Pipeline handler is invoked when batch criteria are met
           async pipeline(stream: StreamPipeline, env: Env, ctx: ExecutionContext): Promise<StreamingPipeline> {
              // ...
              return stream
                 // Type: transform(label: string, transformFunc: TransformFunction): Promise<StreamPipeline>
                 // Each transform has a label that is used in metrics to provide
            // per-transform observability and debugging
                 .transform("human readable label", (events: Array<StreamEvent>) => {
                    return events.map((e) => ({ ...e, seen: true }))
                 })
                 .transform("another transform", (events: Array<StreamEvent>) => {
                    return events.map((e) => ({ ...e, twice: e.n * 2 }))
                 })
                 .writeToR2({
                    format: "json",
                    bucket: "MY_BUCKET_NAME",
                    prefix: somePrefix,
                    batchSize: "10MB"
                 })
           }
        }
        """

    @Test func `the announced sample runs as it is written`() async throws {
        try await TransformFixture.with(Self.announced) { fixture in
            let output = try await fixture.run([#"{"n":1}"#, #"{"n":2}"#])
            let part = try #require(output.parts.first)
            #expect(part.text == #"{"n":1,"seen":true,"twice":2}"# + "\n" + #"{"n":2,"seen":true,"twice":4}"# + "\n")
            #expect(part.recordCount == 2)
            let sink = PipelineSink(format: .json, bucket: "MY_BUCKET_NAME", prefix: "clicks/", batchSize: "10MB")
            #expect(part.sink == sink)
            #expect(output.labels.map(\.label) == ["human readable label", "another transform"])
            #expect(output.labels.map(\.recordsIn) == [2, 2])
            #expect(output.labels.map(\.recordsOut) == [2, 2])
            #expect(output.labels.map(\.bytesIn) == [16, 40])
            #expect(output.labels.map(\.bytesOut) == [40, part.lines.count])
            #expect(output.labels.allSatisfy { $0.duration > .zero && $0.errorCount == 0 })
            try await fixture.workers.service.checkTransform(worker: "demo", entrypoint: nil)
        }
    }

    @Test(arguments: [
        ("stream", #"{"n":1}|{"n":2}|{"n":3}|"#),
        ("await stream.transform(async (events) => events)", #"{"n":1}|{"n":2}|{"n":3}|"#),
        ("stream.transform('f', (events) => events.filter((e) => e.n !== 2))", #"{"n":1}|{"n":3}|"#),
        ("stream.transform('r', (events) => [{ sum: events.reduce((a, e) => a + e.n, 0) }])", #"{"sum":6}|"#),
        (
            "stream.transform('o', (events) => events.flatMap((e) => [e, { half: e.n / 2 }]).slice(0, 3))",
            #"{"n":1}|{"half":0.5}|{"n":2}|"#
        ),
        (
            "stream.transform('w', (events) => new Promise((done) => setTimeout(done, 5, events.slice(2))))",
            #"{"n":3}|"#
        ),
        ("stream.transform('e', () => [])", ""),
        ("stream.transform('p', (events) => { events.length = 1; events[0].n = 9; return events; })", #"{"n":9}|"#),
        ("stream.transform('c', () => [new (class Point { x = 1; })(), Object.create(null)])", #"{"x":1}|{}|"#),
        (
            "stream.transform('d', () => [{ at: new Date(0), none: undefined }])",
            #"{"at":"1970-01-01T00:00:00.000Z"}|"#
        ),
    ])
    func `a transform may change, drop, fold and add events`(stream: String, expected: String) async throws {
        try await TransformFixture.with(stream: stream) { fixture in
            let output = try await fixture.run([#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
            #expect(output.parts.map { $0.text.replacing("\n", with: "|") } == [expected])
            #expect(output.parts.map(\.recordCount) == [expected.count { $0 == "|" }])
            #expect(output.parts[0].sink == nil)
        }
    }

    @Test func `bindings work inside a transform and waitUntil is waited for`() async throws {
        let source = """
            export default {
              async pipeline(stream, env, ctx) {
                ctx.waitUntil(env.OUT.send({ batch: "begun" }));
                return stream.transform("look up", (events) => Promise.all(events.map(async (e) => {
                  console.log("looking up", e.key);
                  return { ...e, value: await (await env.R2.get(e.key)).text() };
                })));
              },
            };
            """
        try await TransformFixture.with(source) { fixture in
            let lines = Recorder<ConsoleLine>()
            let output = try await fixture.run([#"{"key":"a"}"#, #"{"key":"b"}"#], lines: lines)
            #expect(output.parts[0].text == #"{"key":"a","value":"A"}"# + "\n" + #"{"key":"b","value":"B"}"# + "\n")
            let sent = #"OUT.send {"contentType":"json"} {"batch":"begun"}"#
            #expect(fixture.workers.bindingCalls.values.contains(sent))
            #expect(lines.values.map(\.message) == ["looking up a", "looking up b"])
            #expect(lines.values.first?.tags == ["pipeline": "clicks", "batch": "01HV"])
        }
    }

    @Test func `several sinks each get the same events, whatever another branch does to them`() async throws {
        let stream = """
            [
              stream.transform("spoil", (events) => events.map((e) => { e.n = "spoilt"; return e; }))
                .writeToR2({ bucket: "R2", prefix: env.PREFIX, format: "parquet" }),
              stream.transform("keep", (events) => events).writeToR2({ bucket: env.R2, batchSize: 1000 }),
              stream.writeToR2({ bucket: "other", format: "ndjson" }),
              stream,
            ]
            """
        try await TransformFixture.with(stream: stream) { fixture in
            let output = try await fixture.run([#"{ "n": 1 }"#])
            #expect(
                output.parts.map(\.text)
                    == [#"{"n":"spoilt"}"#, #"{"n":1}"#, #"{ "n": 1 }"#, #"{ "n": 1 }"#].map { $0 + "\n" }
            )
            #expect(
                output.parts.map(\.sink) == [
                    PipelineSink(format: .parquet, bucket: "photos", prefix: "events/"),
                    PipelineSink(bucket: "photos", batchSize: "1000"),
                    PipelineSink(format: .ndjson, bucket: "other"),
                    nil,
                ]
            )
        }
    }

    @Test func `what chains have in common runs once`() async throws {
        let source = """
            export default {
              pipeline(stream) {
                const common = stream.transform("common", (events) => events.map((e) => ({ ...e, common: 1 })));
                const spoil = (events) => events.map((e) => { e.common = 2; return e; });
                return [common.transform("a", spoil), common, common.transform("b", (events) => events)];
              },
            };
            """
        try await TransformFixture.with(source) { fixture in
            let output = try await fixture.run(["{}"])
            let expected = [#"{"common":2}"#, #"{"common":1}"#, #"{"common":1}"#].map { $0 + "\n" }
            #expect(output.parts.map(\.text) == expected)
            #expect(output.labels.map(\.label) == ["common", "a", "b"])
        }
    }

    @Test func `transforms without a label are named by their function or their place`() async throws {
        let source = """
            function enrich(events) { return events; }
            export default { pipeline: (stream) => stream.transform(enrich).transform((events) => events) };
            """
        try await TransformFixture.with(source) { fixture in
            let output = try await fixture.run(["{}"])
            #expect(output.labels.map(\.label) == ["enrich", "transform 2"])
        }
    }

    @Test func `ten thousand events pass in order`() async throws {
        let stream = "stream.transform('t', (events) => events.map((e) => ({ ...e, é: '✓' })))"
        try await TransformFixture.with(stream: stream) { fixture in
            let output = try await fixture.run((0..<10_000).map { #"{"n":\#($0),"naïve":"💡"}"# })
            let expected = (0..<10_000).map { #"{"n":\#($0),"naïve":"💡","é":"✓"}"# + "\n" }.joined()
            #expect(output.parts[0].text == expected)
            #expect(output.labels[0].bytesOut == expected.utf8.count)
        }
    }

    @Test func `an event that passes unchanged keeps every digit`() async throws {
        let stream = """
            stream.transform("t", (events) => events.map((e) => e.touch ? { ...e, touched: 1 } : e))
              .transform("u", (events) => events)
            """
        try await TransformFixture.with(stream: stream) { fixture in
            let lines = Recorder<ConsoleLine>()
            let kept = [#"{"id":12345678901234567891,"f":1.10}"#, #"{"f":0.1234567890123456789, "e":1e400}"#]
            let output = try await fixture.run(kept, lines: lines)
            #expect(output.parts[0].text == kept.map { $0 + "\n" }.joined())
            #expect(lines.values.isEmpty)
            let rounded = try await fixture.run([#"{"id":12345678901234567891,"touch":1}"#], lines: lines)
            #expect(rounded.parts[0].text == #"{"id":12345678901234567000,"touch":1,"touched":1}"# + "\n")
            #expect(lines.values.first?.message.contains("integers over 2^53") == true)
        }
    }

    @Test func `no events are a batch like any other`() async throws {
        try await TransformFixture.with(Self.announced) { fixture in
            let output = try await fixture.run([])
            #expect(output.parts.map(\.recordCount) == [0])
            #expect(output.parts[0].lines.isEmpty)
            #expect(output.labels.map(\.recordsIn) == [0, 0])
        }
    }

    @Test(
        .serialized,
        arguments: [
            nil, "Transform", "Other",
        ]
    )
    func `a class that extends PipelineTransformationEntrypoint transforms batches`(entrypoint: String?) async throws {
        let source = """
            import { PipelineTransformationEntrypoint } from "cloudflare:pipelines";
            export class Transform extends PipelineTransformationEntrypoint {
              async run(records, metadata) {
                this.ctx.waitUntil(Promise.resolve());
                return records.map((record) => ({ ...record, ...metadata, prefix: this.env.PREFIX }));
              }
            }
            export class Other extends Transform {
              async run(records, metadata) {
                return (await super.run(records, metadata)).map((e) => ({ ...e, other: 1 }));
              }
            }
            """
        try await TransformFixture.with(source) { fixture in
            let output = try await fixture.run([#"{"n":1}"#], entrypoint: entrypoint)
            let other = entrypoint == "Other" ? #","other":1"# : ""
            let members = #""n":1,"pipelineId":"0123456789abcdef","pipelineName":"clicks","prefix":"events/""#
            #expect(output.parts[0].text == "{\(members)\(other)}\n")
            #expect(output.labels.map(\.label) == [entrypoint ?? "Transform"])
            let name = try await fixture.workers.service.checkTransform(worker: "demo", entrypoint: entrypoint)
            #expect(name == entrypoint ?? "Transform")
        }
    }

    @Test func `the class may be the default export`() async throws {
        let source = """
            import { PipelineTransformationEntrypoint } from "cloudflare:pipelines";
            export default class Clean extends PipelineTransformationEntrypoint {
              run(records) { return records.length > 1 ? records : null; }
            }
            """
        try await TransformFixture.with(source) { fixture in
            let output = try await fixture.run(["{}", "{}"])
            #expect(output.labels.map(\.label) == ["Clean"])
            let failure = await fixture.failure(["{}"])
            #expect(failure?.error.message == "transformations must return an array of PipelineRecord")
            #expect(failure?.label == "Clean")
            #expect(failure?.labels.map(\.errorCount) == [1])
            let handlers = try await fixture.workers.service.get("demo").handlers
            #expect(handlers == ["pipeline"])
        }
    }
}

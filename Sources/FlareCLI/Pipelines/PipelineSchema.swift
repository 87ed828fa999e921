import ArgumentParser
import FlareClient
import FlareModel

/// `flare pipelines schema …`: what a pipeline's records must look like.
struct PipelineSchema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Show, set or clear the schema that a pipeline checks its records against.",
        subcommands: [PipelineSchemaShow.self, PipelineSchemaSet.self, PipelineSchemaClear.self]
    )
}

struct PipelineSchemaShow: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the schema of a pipeline as JSON.",
        discussion: "A pipeline without one takes any JSON object; its schema has no fields."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    func execute(_ shell: Shell) async throws {
        let pipeline = try await shell.client().call("GET", PipelinePath.pipeline(name), as: PipelineBody.self)
        let schema = pipeline.settings.schema
        if schema == nil { shell.note("pipeline \"\(pipeline.name)\" has no schema") }
        shell.writeBytes(FlareJSON.encode(schema ?? .none, pretty: true) + [UInt8(ascii: "\n")])
    }
}

struct PipelineSchemaSet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Refuse records that do not fit a schema from now on.",
        discussion: """
            The file is JSON: {"fields": [{"name": "id", "type": "string", "required": true}]}. Types: bool, int32, \
            int64, uint32, uint64, float32, float64, decimal128, string, timestamp, bytes, json, list, struct. \
            Records accepted before are written as they are.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Argument(help: "The schema file, \"-\" for stdin.", completion: .file(extensions: ["json"]))
    var file: String

    func execute(_ shell: Shell) async throws {
        let schema = try SchemaFile.read(file)
        let pipeline = try await PipelineSchemaChange.apply(schema, to: name, shell.client())
        shell.emit(schema) {
            "pipeline \(pipeline.name) checks \(counted(schema.fields.count, "field")), now version \(pipeline.version)"
        }
    }
}

struct PipelineSchemaClear: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Take any JSON object from now on."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    func execute(_ shell: Shell) async throws {
        let pipeline = try await PipelineSchemaChange.apply(.none, to: name, shell.client())
        shell.emit(RecordSchema.none) { "pipeline \(pipeline.name) has no schema, now version \(pipeline.version)" }
    }
}

/// A change of the schema alone.
private enum PipelineSchemaChange {
    static func apply(_ schema: RecordSchema, to name: String, _ client: EngineClient) async throws -> PipelineBody {
        let body = PipelineUpdateBody(settings: PipelineSettingsBody(schema: schema))
        return try await client.call("PATCH", PipelinePath.pipeline(name), body: body, as: PipelineBody.self)
    }
}

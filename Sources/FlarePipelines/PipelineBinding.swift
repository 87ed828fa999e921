package import FlareModel
import NIOCore

/// `env.PIPELINE` of a Worker: `send(records)` resolves when the records are durable.
package struct PipelineBinding: Binding {
    private let pipelines: PipelineService
    private let pipeline: String

    /// - Parameter pipeline: its name or id.
    package init(pipelines: PipelineService, pipeline: String) {
        self.pipelines = pipelines
        self.pipeline = pipeline
    }

    /// `arguments` is the list of the call's arguments.
    ///
    /// All records of a call are accepted, or none.
    package func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply {
        guard method == "send" else {
            throw FlareError(
                .invalidArgument,
                "a pipeline binding has no method \"\(method)\"",
                hint: "use send(records)"
            )
        }
        guard let records = arguments.arrayValue?.first?.arrayValue else {
            throw FlareError(.invalidArgument, "send() of a pipeline takes an array of objects")
        }
        if let index = records.firstIndex(where: { $0.objectValue == nil }) {
            throw FlareError(.invalidData, "record \(index) given to send() is not an object")
        }
        if let index = records.firstIndex(where: { $0.jsonBytes.count > Limits.recordBytesMax }) {
            throw FlareError(
                .recordTooLarge,
                "record \(index) given to send() has more than \(Limits.recordBytesMax) bytes"
            )
        }
        let bytes = ByteBuffer(bytes: JSONValue.array(records).jsonBytes)
        _ = try await pipelines.ingest(bytes, into: pipeline, form: .detect, source: .binding)
        return BindingReply()
    }
}

package import FlareModel

/// A batch of records for the transforms of a Worker, and what they made of it.
///
/// The records travel as lines of JSON. Their bytes are shared with the invocation, copied twice on the way to the
/// process (into the frame's body and behind its header) and once on the way back; the outputs share that copy.
package struct PipelineBatch: Sendable {
    package var pipelineID: String
    package var pipelineName: String
    /// The same when the batch is tried again.
    package var batchID: String
    package var shard = 0
    package var time: Timestamp
    /// One JSON object per line; a newline ends each.
    package var lines: [UInt8]
    package var recordCount: Int
    /// Lower than what a frame holds only in tests.
    package var outputBytesMax = Limits.pipelineTransformOutputBytesMax

    package init(
        pipelineID: String,
        pipelineName: String,
        batchID: String,
        time: Timestamp,
        lines: [UInt8],
        recordCount: Int
    ) {
        self.pipelineID = pipelineID
        self.pipelineName = pipelineName
        self.batchID = batchID
        self.time = time
        self.lines = lines
        self.recordCount = recordCount
    }

    /// The invocation of the Worker's `pipeline` handler or of the `run` of its transforming class.
    ///
    /// Without an entry point, it is the default export, else the export `Transform`. `invoke` throws `bodyTooLarge`
    /// when the lines do not fit into a frame.
    package func invocation(
        worker: String,
        entrypoint: String? = nil,
        processesMax: Int = 1,
        onLog: (@Sendable (ConsoleLine) -> Void)? = nil
    ) -> Invocation {
        var invocation = Invocation(
            worker: worker,
            kind: .pipeline,
            className: entrypoint,
            header: .object([
                "pipeline": .object(["id": .string(pipelineID), "name": .string(pipelineName)]),
                "batch": .object([
                    "id": .string(batchID), "shard": .integer(Int64(shard)), "ts": .integer(time.milliseconds),
                ]),
                "records": .integer(Int64(recordCount)),
                "outputBytesMax": .integer(Int64(outputBytesMax)),
            ]),
            body: lines,
            deadline: Limits.pipelineTransformTimeout,
            tags: ["pipeline": pipelineName, "batch": batchID],
            onLog: onLog
        )
        invocation.processesMax = processesMax
        return invocation
    }

    /// What the transforms made of the batch.
    ///
    /// Throws `runFailed` when the reply is not one of transforms.
    package static func output(of result: InvocationResult) throws -> PipelineOutput {
        var outputs: [PipelineOutput.Part] = []
        var offset = 0
        for entry in result.value["outputs"]?.arrayValue ?? [] {
            guard let bytes = entry["bytes"]?.integerValue, let records = entry["records"]?.integerValue,
                records >= 0, bytes >= 0, bytes <= result.body.count - offset
            else { throw malformed() }
            let sink = try entry["sink"].flatMap { $0 == .null ? nil : try PipelineSink(json: $0) }
            let lines = result.body[offset..<offset + bytes]
            outputs.append(PipelineOutput.Part(sink: sink, recordCount: records, lines: lines))
            offset += bytes
        }
        guard !outputs.isEmpty, offset == result.body.count else { throw malformed() }
        return PipelineOutput(parts: outputs, labels: PipelineLabelReport.all(json: result.value["labels"]))
    }

    /// What the Worker's code did wrong, when that is why `invoke` threw this error.
    ///
    /// Nil for every other reason: a process that died, a deadline, a Worker that is gone.
    package static func failure(of error: any Error) -> PipelineTransformFailure? {
        switch (error as? FlareError)?.cause {
        case let failure as PipelineTransformFailure: failure
        case let error as JavaScriptError: PipelineTransformFailure(error: error)
        default: nil
        }
    }

    static func malformed() -> FlareError {
        FlareError(.runFailed, "the process of a transform gave an answer of the wrong shape")
    }
}

/// Bounds of the transforms of pipelines.
extension Limits {
    /// How long one batch may take in a Worker's transforms, with its wait behind other batches of the same process.
    ///
    /// A batch costs some milliseconds per megabyte; the rest is for calls to other services. Then the process is
    /// killed.
    package static let pipelineTransformTimeout = Duration.seconds(30)

    /// What the transforms may make of one batch, in bytes: what a frame holds beside the largest header.
    ///
    /// Over it, the batch is tried again in smaller ones.
    package static let pipelineTransformOutputBytesMax = frameBytesMax - frameHeaderBytesMax

    /// Characters of the label of a transform: it names a line of metrics.
    package static let pipelineTransformLabelLengthMax = 256
}

import FlareModel

/// The code that transforms a pipeline's batches: `WORKER`, or `WORKER.ENTRYPOINT` for an exported class.
package struct TransformTarget: Sendable, Hashable {
    package let worker: String
    /// Nil: the default export.
    package let entrypoint: String?

    init(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        worker = String(parts[0])
        entrypoint = parts.count > 1 ? String(parts[1]) : nil
    }

    func check() throws {
        try NameRule.worker.validate(worker)
        guard entrypoint.map({ !$0.isEmpty && $0.utf8.count <= 255 }) ?? true else {
            throw FlareError(.invalidArgument, "a transform is WORKER or WORKER.ENTRYPOINT")
        }
    }
}

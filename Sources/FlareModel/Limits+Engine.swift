extension Limits {
    /// The size at which the engine's log is renamed away.
    ///
    /// Keeps a forgotten engine from filling the disk.
    package static let logFileBytesMax = 16_777_216

    /// How many ports above the wanted one are tried on the first start of a state directory.
    package static let portSearchMax = 200

    /// How long a raw door waits at a stop for requests that have begun, in seconds: the doors stop one after the
    /// other,
    /// all within `stopSecondsMax`.
    package static let doorStopSecondsMax: Int64 = 3

    /// How long a graceful stop may take before what is left is cancelled, in seconds.
    package static let stopSecondsMax = 10

    /// API tokens that are remembered in memory once they were found.
    package static let tokensRememberedMax = 1_000
}

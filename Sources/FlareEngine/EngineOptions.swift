package import FlareModel

/// How one engine is started.
package struct EngineOptions: Sendable {
    package var state: StateDirectory
    /// Where to write `ready`, or the JSON of an error, and then to close; nil when nobody waits for it.
    package var readyDescriptor: Int32?
    /// Log to stderr instead of the log file.
    package var foreground: Bool
    /// A port that must be used, instead of the kept one or the next free one from the default.
    package var ingestPort: Int?
    package var controlPort: Int?

    package init(
        state: StateDirectory,
        readyDescriptor: Int32? = nil,
        foreground: Bool = false,
        ingestPort: Int? = nil,
        controlPort: Int? = nil
    ) {
        self.state = state
        self.readyDescriptor = readyDescriptor
        self.foreground = foreground
        self.ingestPort = ingestPort
        self.controlPort = controlPort
    }
}

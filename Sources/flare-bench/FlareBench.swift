import ArgumentParser

/// Measures flare on this machine.
struct FlareBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flare-bench",
        abstract: "Measure flare on this machine.",
        subcommands: [
            IngestHTTP.self, IngestWebSocket.self, IngestKafka.self, Roll.self, Queue.self, Objects.self,
            Workflows.self,
            RunAll.self,
        ]
    )

    /// The program.
    ///
    /// In a function, since the parser's asynchronous entry is not found at the top level of a file.
    static func run() async {
        await main()
    }
}

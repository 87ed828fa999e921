import ArgumentParser
import FlareModel

/// A subcommand that measures one thing and prints its report.
protocol Benchmark: AsyncParsableCommand {
    func measure() async throws -> BenchReport
}

extension Benchmark {
    func run() async throws {
        print(String(decoding: FlareJSON.encode(try await measure().json, pretty: true), as: UTF8.self))
    }
}

/// How long a benchmark takes: options that several share.
struct RoundOptions: ParsableArguments {
    @Option(help: "Seconds of each round.")
    var seconds = 3.0

    @Option(help: "Rounds of each kind; they alternate, and medians are reported.")
    var rounds = 3

    func validate() throws {
        guard (1...100).contains(rounds), seconds > 0, seconds <= 3_600 else {
            throw ValidationError("rounds is 1 to 100, seconds above 0 and at most 3600")
        }
    }
}

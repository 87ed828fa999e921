import ArgumentParser
import FlareModel
import NIOCore

/// Durable instances of three steps: how long one takes while nothing else runs, and how many a second there are.
struct Workflows: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "workflows",
        abstract: "Durable workflow instances of three steps: latency when idle, and instances a second.",
        discussion: """
            Starts an engine on a temporary state directory and deploys a Worker whose workflow adds three numbers in \
            three steps. Rounds alternate with the same workflow in DBOS on SQLite when a Python that has the package \
            `dbos` is given by --python or found on the search path; medians are printed as JSON.
            """
    )

    @Option(help: "Instances of each round that run one after the other.")
    var idle = 200

    @Option(help: "Instances of each round that run at the same time.")
    var instances = 10_000

    @Option(help: "Rounds of each kind; they alternate, and medians are reported.")
    var rounds = 3

    @Option(help: "Threads of DBOS, and requests that create instances at once.")
    var clients = 8

    @Option(help: "Instances of each round of DBOS, which is slower.")
    var referenceInstances = 500

    @Option(help: "A Python that has the package dbos.")
    var python = "python3"

    func validate() throws {
        guard (1...100_000).contains(idle), (1...10_000_000).contains(instances), (1...100).contains(rounds),
            (1...256).contains(clients), (1...1_000_000).contains(referenceInstances)
        else {
            throw ValidationError(
                "idle is 1 to 100000, instances 1 to 10000000, rounds 1 to 100, clients 1 to 256, "
                    + "reference-instances 1 to 1000000"
            )
        }
    }

    func measure() async throws -> BenchReport {
        let reference = try await DBOSReference.find(python: python)
        return try await BenchEngine.with { engine in
            let load = try await WorkflowLoad.deploy(to: engine)
            return try await BareAppend.with { append in try await measure(load, engine, reference, append) }
        }
    }

    private func measure(
        _ load: WorkflowLoad,
        _ engine: BenchEngine,
        _ reference: DBOSReference?,
        _ append: BareAppend
    ) async throws -> BenchReport {
        var latencies = LatencyHistogram()
        var perSecond: [Double] = []
        var references: [DBOSReference.Result] = []
        var syncs: [Double] = []
        // The first instance also waits for the Worker's process.
        _ = try await load.runOne()
        for _ in 0..<rounds {
            syncs.append(
                try await append.run([UInt8](repeating: 1, count: Self.rowBytes), group: Self.rowBytes, .seconds(0.2))
            )
            if let reference {
                references.append(
                    try await reference.run(idle: idle, instances: referenceInstances, clients: clients)
                )
            }
            for _ in 0..<idle { latencies.record(nanoseconds: try await load.runOne()) }
            let seconds = try await load.runMany(instances, clients: clients)
            perSecond.append(Double(instances) / seconds)
        }
        return report(latencies, median(perSecond), references, median(syncs) / Double(Self.rowBytes), engine)
    }

    /// About what a finished step adds to the database's log.
    private static let rowBytes = 4_096

    private func report(
        _ latencies: LatencyHistogram,
        _ perSecond: Double,
        _ references: [DBOSReference.Result],
        _ syncsPerSecond: Double,
        _ engine: BenchEngine
    ) -> BenchReport {
        var others = [
            BenchReport.Reference(
                name: BareAppend.name,
                unit: "syncs_per_second",
                perSecond: syncsPerSecond,
                measured: perSecond
            )
        ]
        if !references.isEmpty {
            let reference = BenchReport.Reference(
                name: DBOSReference.name,
                unit: "instances_per_second",
                perSecond: median(references.map(\.instancesPerSecond)),
                latency: Latency(
                    p50Milliseconds: median(references.map(\.p50Milliseconds)),
                    p99Milliseconds: median(references.map(\.p99Milliseconds))
                ),
                measured: perSecond
            )
            others.insert(reference, at: 0)
        }
        return BenchReport(
            benchmark: "workflows",
            details: [
                "idle": .integer(Int64(idle)), "instances": .integer(Int64(instances)),
                "clients": .integer(Int64(clients)), "instances_per_second": .rounded(perSecond),
                "steps_per_second": .rounded(perSecond * Double(WorkflowLoad.stepCount)),
                "engine_peak_bytes": .integer(Int64((try? engine.peakResidentBytes()) ?? 0)),
            ],
            recordsPerSecond: perSecond,
            acknowledged: Latency(
                p50Milliseconds: latencies.milliseconds(at: 0.5),
                p99Milliseconds: latencies.milliseconds(at: 0.99)
            ),
            references: others
        )
    }
}

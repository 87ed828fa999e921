import FlareModel
import FlareStore

/// Which ports one door may try: a chosen or kept one alone, else the default and those above it.
struct PortCandidates: Sendable {
    let name: String
    let ports: [Int]

    /// - Parameters:
    ///   - name: the door's name in the settings and in errors: `ingest`.
    ///   - chosen: what the command line asks for.
    ///   - standard: where to begin on the first start.
    static func of(_ name: String, chosen: Int?, standard: Int, database: Database) async throws -> PortCandidates {
        if let chosen { return PortCandidates(name: name, ports: [chosen]) }
        if let kept = try await database.read({ try EngineSettingsRecord.value(name, in: $0) }) {
            return PortCandidates(name: name, ports: [kept])
        }
        return PortCandidates(name: name, ports: Array(standard..<standard + Limits.portSearchMax))
    }

    /// The error when none is free.
    var taken: FlareError {
        FlareError(
            .inUse,
            "port \(ports[0]) for \(name) is taken by another program",
            hint: "free it, or choose another: flare engine start --\(name)-port PORT"
        )
    }
}

/// Which ports the doors may try.
struct DoorCandidates: Sendable {
    let ingest: PortCandidates
    let control: PortCandidates
    let s3: PortCandidates
    let kafka: PortCandidates

    static func of(_ options: EngineOptions, database: Database) async throws -> DoorCandidates {
        func of(_ name: String, _ chosen: Int?, _ standard: Int) async throws -> PortCandidates {
            try await PortCandidates.of(name, chosen: chosen, standard: standard, database: database)
        }
        return DoorCandidates(
            ingest: try await of("ingest", options.ingestPort, 8700),
            control: try await of("control", options.controlPort, 8701),
            s3: try await of("s3", options.s3Port, 8702),
            kafka: try await of("kafka", options.kafkaPort, 9092)
        )
    }
}

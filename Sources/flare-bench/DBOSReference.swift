import FlareModel
import FoundationEssentials

/// The same workflow in DBOS, a library that keeps steps in a database, on SQLite.
struct DBOSReference: Sendable {
    static let name = "dbos on SQLite"

    /// What one run found.
    struct Result: Codable, Sendable {
        var instancesPerSecond: Double
        var p50Milliseconds: Double
        var p99Milliseconds: Double

        enum CodingKeys: String, CodingKey {
            case instancesPerSecond = "per_second"
            case p50Milliseconds = "p50"
            case p99Milliseconds = "p99"
        }
    }

    private let python: ChildProgram

    /// Nil when the Python is not there or has no `dbos`.
    static func find(python: String) async throws -> DBOSReference? {
        let program = python.contains("/") ? ChildProgram(path: python) : ChildProgram(python)
        guard let program else { return nil }
        return try await TemporaryDirectory.with { directory in
            do {
                try program.run(["-c", "import dbos"], output: directory + "/output")
                return DBOSReference(python: program)
            } catch let error as FlareError where error.code == .runFailed {
                return nil
            }
        }
    }

    /// Runs instances one after the other, then as many threads as there are clients.
    func run(idle: Int, instances: Int, clients: Int) async throws -> Result {
        try await TemporaryDirectory.with { directory in
            let output = directory + "/output"
            let arguments = ["-c", Self.source, directory + "/dbos.sqlite", "\(idle)", "\(instances)", "\(clients)"]
            try python.run(arguments, output: output)
            let text = FileManager.default.contents(atPath: output).map { String(decoding: $0, as: UTF8.self) } ?? ""
            guard let line = text.split(separator: "\n").last(where: { $0.hasPrefix("{") }),
                let result = try? FlareJSON.decode(Result.self, from: Array(line.utf8))
            else { throw FlareError(.runFailed, "dbos printed no result: \(text.suffix(500))") }
            return result
        }
    }

    private static let source = """
        import json, sys, time
        from concurrent.futures import ThreadPoolExecutor
        from dbos import DBOS, DBOSConfig

        path, idle, instances, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        DBOS(config=DBOSConfig(name="bench", system_database_url=f"sqlite:///{path}", run_admin_server=False,
                               log_level="ERROR"))

        @DBOS.step()
        def add(number):
            return number + 1

        @DBOS.workflow()
        def three(number):
            return add(add(add(number)))

        DBOS.launch()
        three(0)
        latencies = []
        for number in range(idle):
            begun = time.perf_counter()
            if three(number) != number + 3:
                sys.exit("a wrong result")
            latencies.append((time.perf_counter() - begun) * 1000)
        latencies.sort()
        begun = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(three, range(instances)))
        seconds = time.perf_counter() - begun
        DBOS.destroy()
        print(json.dumps({"per_second": instances / seconds, "p50": latencies[len(latencies) // 2],
                          "p99": latencies[len(latencies) * 99 // 100]}), flush=True)
        """
}

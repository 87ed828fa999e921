import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Testing

/// A database that an earlier flare has written.
@Suite("Upgrading", .timeLimit(.minutes(5)))
struct UpgradeTests {
    private static let config = """
        {"retries":{"limit":3,"delay":1000,"backoff":"constant"},"timeout":600000}
        """
    private static let now: Int64 = 1_700_000_000_000

    /// One instance for each status, as the first schema knew them.
    private static let instances = """
        INSERT INTO workflows VALUES ('w', 'flow', 'v', 1, 2, 3);
        INSERT INTO workflow_versions VALUES ('v', 'w', 'worker', 'v1', 'Flow', 1);
        INSERT INTO workflow_instances VALUES
            (1, 'w', 'queued', '{"n":1}', 'api', \(now), 1), (2, 'w', 'running', '{"n":2}', 'queue', \(now), 1),
            (3, 'w', 'waiting', '', 'binding', \(now), 1), (4, 'w', 'complete', '', 'cron', \(now), 1),
            (5, 'w', 'errored', '', 'api', \(now), 1), (6, 'w', 'terminated', '', 'api', \(now), 1);
        INSERT INTO workflow_runs (instance, run, version_id, status, wake_at, invocation, losses, finished_steps,
                console_lines, modified_at, started_at, ended_at, output, error) VALUES
            (1, 1, 'v', 'queued', \(now), 0, 0, 0, 0, \(now), NULL, NULL, NULL, NULL),
            (2, 1, 'v', 'running', NULL, 3, 1, 1, 2, \(now), \(now), NULL, NULL, NULL),
            (3, 1, 'v', 'waiting', \(now + 60_000), 1, 0, 1, 0, \(now), \(now), NULL, NULL, NULL),
            (4, 1, 'v', 'complete', NULL, 1, 0, 1, 0, \(now), \(now), \(now + 5), '"four"', NULL),
            (5, 1, 'v', 'errored', NULL, 1, 0, 1, 0, \(now), \(now), \(now + 5), NULL,
                '{"name":"RangeError","message":"as you wish"}'),
            (6, 1, 'v', 'terminated', NULL, 1, 0, 0, 0, \(now), \(now), \(now + 5), NULL, NULL);

        """

    /// A step that was done, one that an attempt of was cut off, and waits.
    private static let steps = """
        INSERT INTO workflow_steps (seq, instance, run, kind, name, n, status, config, event_type, attempts, failures,
                due_at, started_at, ended_at, finish_order, value, error) VALUES
            (1, 2, 1, 'do', 'first', 1, 'complete', '\(config)', NULL, 1, 0, NULL, \(now), \(now), 1, '"kept"', NULL),
            (2, 2, 1, 'do', 'second', 1, 'running', '\(config)', NULL, 1, 0, NULL, \(now), NULL, NULL, NULL, NULL),
            (3, 3, 1, 'do', 'first', 1, 'complete', '\(config)', NULL, 1, 0, NULL, \(now), \(now), 1, '"old"', NULL),
            (4, 3, 1, 'wait', 'answer', 1, 'waiting', NULL, 'go', 0, 0, \(now + 60_000), \(now), NULL, NULL, NULL,
                NULL),
            (5, 4, 1, 'sleep', 'nap', 1, 'complete', NULL, NULL, 0, 0, NULL, \(now), \(now), 1, '', NULL),
            (6, 5, 1, 'do', 'first', 1, 'failed', '\(config)', NULL, 1, 1, NULL, \(now), \(now), 1, NULL,
                '{"name":"RangeError","message":"as you wish"}');
        INSERT INTO workflow_attempts VALUES
            (1, 1, \(now), \(now), 'complete', NULL), (2, 1, \(now), NULL, 'open', NULL),
            (3, 1, \(now), \(now), 'complete', NULL),
            (6, 1, \(now), \(now), 'failed', '{"name":"RangeError","message":"as you wish"}');
        INSERT INTO workflow_events VALUES (1, 2, 'later', '"payload"', \(now));
        INSERT INTO workflow_log (seq, instance, run, at, type, step, attempt) VALUES
            (1, 1, 1, \(now), 'workflow_queued', NULL, NULL), (2, 2, 1, \(now), 'workflow_queued', NULL, NULL),
            (3, 2, 1, \(now), 'step_completed', 'first-1', NULL), (9, 5, 1, \(now), 'workflow_errored', NULL, NULL);
        """

    /// A harness on a database that the first schema was written in.
    private func upgraded() async throws -> Harness {
        let directory = try Harness.newDirectory()
        let old = try Database.open(path: directory + "/flare.db", migrations: [WorkflowMigrations.all[0]])
        try await old.write { transaction in
            for statement in (Self.instances + Self.steps).split(separator: ";") {
                if statement.contains("INSERT") { try transaction.execute(String(statement)) }
            }
        }
        try old.close()
        return try Harness(start: Timestamp(milliseconds: Self.now + 1_000), directory: directory)
    }

    private static func count(_ table: String, _ harness: Harness) async throws -> Int {
        try await harness.database.read {
            try $0.row("SELECT COUNT(*) FROM \(table)", decode: { $0.int(0) }) ?? 0
        }
    }

    @Test("all rows of the first schema are kept, with their order and their counts")
    func rows() async throws {
        let harness = try await upgraded()
        let counts = [
            ("workflows", 1), ("workflow_versions", 1), ("workflow_instances", 6), ("workflow_runs", 6),
            ("workflow_steps", 6), ("workflow_attempts", 4), ("workflow_events", 1), ("workflow_log", 4),
        ]
        for (table, count) in counts { #expect(try await Self.count(table, harness) == count, "\(table)") }
        let service = harness.service { _ in "null" }
        for status in ["queued", "running", "waiting", "complete", "errored", "terminated"] {
            let detail = try await service.detail(status, of: "flow")
            #expect(detail.status.rawValue == status)
            #expect(detail.runs.map(\.reason) == ["first"])
        }
        #expect(try await service.get("flow").instances.values.sorted() == [1, 1, 1, 1, 1, 1])
        let errored = try await service.detail("errored", of: "flow")
        #expect(errored.error?.name == "RangeError" && errored.steps.first?.attempts?.count == 1)
        #expect(try await service.detail("complete", of: "flow").output == .string("four"))
        #expect(try await service.metrics(of: "flow").runs.map(\.outcome) == ["errored"])
        _ = try await service.deleteInstances(["terminated"], of: "flow")
        let next = try await service.create(NewInstance(id: "next", trigger: .api), of: "flow")
        #expect(next.id == "next")
        #expect(try await service.detail("next", of: "flow").steps.isEmpty)
    }

    @Test("what had not ended goes on where it was, and what had failed is replayed")
    func goesOn() async throws {
        let harness = try await upgraded()
        let service = harness.service { step in
            let first = try await step.run("first") { _ in "\"new\"" }
            if step.payload.isEmpty { return try await step.wait("answer", type: "go", milliseconds: 60_000) }
            let second = try await step.run("second") { attempt in "\"\(attempt)\"" }
            return "[\(first),\(second)]"
        }
        try await harness.loop(service) { service in
            let queued = try await harness.until(service, "queued") { $0.status.isFinal }
            #expect(queued.output == .array([.string("new"), .string("1")]))
            let running = try await harness.until(service, "running") { $0.status.isFinal }
            #expect(running.output == .array([.string("kept"), .string("2")]))
            #expect(running.steps.last?.attempts?.first?.error?.name == "Interrupted")
            _ = try await service.sendEvent("go", payload: Array("\"now\"".utf8), to: "waiting", of: "flow")
            let waiting = try await harness.until(service, "waiting") { $0.status.isFinal }
            #expect(waiting.status == .complete)
            #expect(waiting.steps.map { $0.attempts?.count ?? 0 } == [1, 0])
            #expect(try await service.replay("errored", of: "flow", ReplayOrder()).kept == 0)
            try await harness.until(service, "errored") { $0.run == 2 && $0.status == .running && $0.steps.count == 2 }
            _ = try await service.terminate("errored", of: "flow")
        }
    }
}

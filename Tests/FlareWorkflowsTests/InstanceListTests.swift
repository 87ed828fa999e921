import FlareModel
import FlareStore
import FlareWorkers
import Testing

@testable import FlareWorkflows

@Suite("Lists and counts of instances", .timeLimit(.minutes(5)))
struct InstanceListTests {
    private static let filters = [
        "status=errored", "status=errored|terminated", "status!=complete", "error~broken", "error=TypeError",
        "error!~broken", "age>1h", "age<7d", "created>2020-01-01T00:00:00Z", "id~i1*", "id=i7", "id~7", "run>1",
        "trigger=api", "step=one", "step.failed=two", "step!=two", "version=v1", "status=errored and step.failed=two",
        "status=complete, age<1h, id~i*", "step.complete~o*",
    ]

    /// Instances i0…i19: the odd ones have failed in step "two", those that 3 divides had their first run replayed.
    private func filled(_ body: (Harness, WorkflowService) async throws -> Void) async throws {
        let harness = try Harness()
        let service = harness.service { step in
            _ = try await step.run("one") { _ in "1" }
            guard step.payload == "1" else { return "1" }
            return try await step.run("two", config: .object(["retries": .object(["limit": .integer(0)])])) { _ in
                throw JavaScriptError(name: "TypeError", message: "it is BROKEN")
            }
        }
        try await harness.define(service)
        for index in 0..<20 {
            let new = NewInstance(id: "i\(index)", params: index % 2 == 1 ? Array("1".utf8) : [], trigger: .api)
            _ = try await service.create(new, of: "flow")
            harness.time.advance(by: .seconds(60))
        }
        try await harness.loop(service) { service in
            for index in 0..<20 { try await harness.until(service, "i\(index)") { $0.status.isFinal } }
            for index in stride(from: 0, to: 20, by: 3) {
                _ = try await service.replay("i\(index)", of: "flow", ReplayOrder())
                try await harness.until(service, "i\(index)") { $0.run == 2 && $0.status.isFinal }
            }
            try await body(harness, service)
        }
    }

    @Test("filters find what they say, page by page in both directions")
    func filters() async throws {
        try await filled { _, service in
            let odd = Set(stride(from: 1, to: 20, by: 2))
            let all = Set(0..<20)
            let expected: [String: Set<Int>] = [
                "status=errored": odd, "status=errored|terminated": odd, "status!=complete": odd, "error~broken": odd,
                "error=TypeError": odd, "error!~broken": all.subtracting(odd), "error~\"typeerror: it is\"": odd,
                "error!=TypeError": all.subtracting(odd), "age>10m": Set(0..<10), "age<=5m": Set(15..<20),
                "age<7d": all, "id~i1*": [1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19], "id=i7": [7], "id~7": [7, 17],
                "id!~i1*": [0, 2, 3, 4, 5, 6, 7, 8, 9], "run>1": Set(stride(from: 0, to: 20, by: 3)),
                "trigger=cron|queue": [], "trigger=api": all, "step=one": all, "step.failed=two": odd,
                "step!=two": all.subtracting(odd), "step.complete~o*": all, "version=v1": all, "version!=v1": [],
                "status=errored and id~i1*": [1, 11, 13, 15, 17, 19], "run=2, step.failed=two": [3, 9, 15],
            ]
            for (text, numbers) in expected {
                for ascending in [true, false] {
                    var filter = try InstanceFilter(where: text)
                    filter.ascending = ascending
                    filter.limit = 4
                    var found: [String] = []
                    repeat {
                        let page = try await service.instances(of: "flow", filter)
                        if filter.cursor == nil { #expect(page.total == numbers.count, "\(text)") }
                        #expect(!page.isLowerBound)
                        found += page.page.map(\.id)
                        filter.cursor = page.cursor
                    } while filter.cursor != nil
                    let sorted = numbers.sorted { ascending ? $0 < $1 : $0 > $1 }
                    #expect(found == sorted.map { "i\($0)" }, "\(text)")
                }
            }
        }
    }

    @Test("counts by status equal those of the rows after random changes of many runs")
    func counters() async throws {
        let harness = try Harness()
        let service = harness.service { _ in "1" }
        try await harness.define(service)
        for index in 0..<40 {
            _ = try await service.create(NewInstance(id: "i\(index)", trigger: .api), of: "flow")
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            let (id, choice) = (Int.random(in: 0..<40, using: &random), Int.random(in: 0..<5, using: &random))
            try await harness.database.write { transaction in
                guard let instance = try InstanceRecord.find("i\(id)", of: Self.workflow(transaction), in: transaction)
                else { return }
                let now = harness.time.now()
                let (key, open) = (instance.key, !instance.status.isFinal)
                switch choice {
                case 0 where open:
                    let state = RunState(status: .waiting)
                    try RunRecord.setWaiting(key, state, wake: now, at: now, in: transaction)
                case 1 where open:
                    _ = try RunRecord.claim(limit: 3, at: now, in: transaction)
                case 2 where open:
                    let state = RunState(status: Bool.random() ? .complete : .errored)
                    try RunRecord.setEnded(key, state, RunRecord.Result(), at: now, in: transaction)
                case 3 where !open:
                    let beginning = RunHistoryRecord.Beginning(reason: .replay, versionID: instance.versionID)
                    _ = try RunHistoryRecord.begin(after: key, beginning, at: now, in: transaction)
                case 4 where id % 7 == 0:
                    try transaction.execute("DELETE FROM workflow_instances WHERE seq = ?", .integer(key.instance))
                default: break
                }
            }
        }
        let (counted, kept) = try await harness.database.read { transaction in
            let rows = try transaction.rows(
                """
                SELECT r.status, COUNT(*) FROM workflow_instances i
                JOIN workflow_runs r ON r.instance = i.seq AND r.run = i.run GROUP BY r.status
                """,
                decode: { ($0.text(0), $0.int(1)) }
            )
            let workflow = try Self.workflow(transaction)
            let kept = try InstanceCountRecord.counts(of: workflow, in: transaction)
            return (Dictionary(uniqueKeysWithValues: rows), kept)
        }
        #expect(kept == counted)
        #expect(counted.count > 1)
        #expect(try await service.instances(of: "flow", InstanceFilter()).total == counted.values.reduce(0, +))
    }

    private static func workflow(_ transaction: Transaction) throws -> String {
        try #require(try WorkflowRecord.find("flow", in: transaction)).id
    }

    @Test("no list, page or count walks through a table, or sorts")
    func plans() async throws {
        try await filled { harness, service in
            try await harness.database.read { transaction in
                let workflow = try Self.workflow(transaction)
                for text in [nil] + Self.filters.map(Optional.some) {
                    for ascending in [true, false] {
                        var filter = try text.map { try InstanceFilter(where: $0) } ?? InstanceFilter()
                        filter.ascending = ascending
                        filter.cursor = 7
                        let query = InstanceQuery(of: workflow, filter, at: harness.time.now())
                        for (sql, arguments) in [
                            query.place(after: 7, skipping: 9), query.page(to: 9), query.count(to: 9),
                        ] {
                            let plan = try transaction.rows("EXPLAIN QUERY PLAN \(sql)", arguments) { $0.text(3) }
                            #expect(!plan.isEmpty)
                            let bad = plan.filter { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") }
                            #expect(bad.isEmpty, "\(text ?? "all"): \(plan)")
                        }
                    }
                }
            }
        }
    }
}

import Testing

@testable import FlareQueues

@Suite("lease ids and runs of them")
struct LeaseRunTests {
    @Test("a lease id reads back as it was written")
    func readsBack() {
        for sequence in [0, 1, 4_294_967_296, Int64.max - 1] {
            for token in [1, 2, Int64.max] {
                let id = LeaseID(sequence: sequence, token: token)
                #expect(LeaseID(id.text) == id)
            }
        }
    }

    @Test(
        "what is no lease id is refused",
        arguments: [
            "", "-", "1", "-0000000000000001", "1-1", "g-0000000000000001", "1-000000000000000g",
            "1-00000000000000001", "1-8000000000000000", "1-0000000000000000", "7fffffffffffffff-0000000000000001",
            "8000000000000000-0000000000000001",
            "00000000000000001-0000000000000001", "1--000000000000001", "+1-0000000000000001",
        ]
    )
    func refuses(text: String) {
        #expect(LeaseID(text) == nil)
    }

    @Test("leases of one delivery that follow each other are one run, in whatever order they come")
    func joins() {
        let ids = [7, 5, 6, 9].map { LeaseID(sequence: $0, token: 3).text } + [LeaseID(sequence: 8, token: 4).text]
        var stale: [String] = []
        let runs = LeaseRun.runs((ids + ["x"]).map { ($0, ()) }, stale: { stale.append($0) })
        #expect(runs.map(\.first) == [5, 8, 9])
        #expect(runs.map(\.texts.count) == [3, 1, 1])
        #expect(stale == ["x"])
    }

    /// When each one is added to a copy, this takes minutes.
    @Test("many leases are joined in a time proportional to their number", .timeLimit(.minutes(5)))
    func proportional() {
        let ids = (0..<200_000).map { LeaseID(sequence: $0, token: 1).text }
        let runs = LeaseRun.runs(ids.map { ($0, ()) }, stale: { _ in })
        #expect(runs.count == 1)
        #expect(runs.first?.texts.count == 200_000)
    }
}

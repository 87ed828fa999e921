import Testing

@testable import FlareModel

@Suite struct NamesTests {
    @Test(
        "names that the rule allows pass",
        arguments: ["a", "0", "orders", "a-b_c", "9-", String(repeating: "x", count: 63)]
    )
    func standardNames(_ name: String) throws {
        try NameRule.queue.validate(name)
        try NameRule.pipeline.validate(name)
        try NameRule.worker.validate(name)
    }

    @Test(
        "names that it does not allow are refused with the rule",
        arguments: ["", "-a", "_a", "Orders", "a b", "a.b", "é", "a/b", String(repeating: "x", count: 64)]
    )
    func refusedNames(_ name: String) {
        let error = #expect(throws: FlareError.self) { try NameRule.queue.validate(name) }
        #expect(error?.code == .invalidName)
        #expect(error?.message.contains("63 lower-case letters") == true)
    }

    @Test("buckets follow R2's rule")
    func buckets() {
        for name in ["abc", "prod-cs-data", "0-0", String(repeating: "b", count: 63)] {
            #expect(NameRule.bucket.holds(name))
        }
        for name in ["ab", "-ab", "ab-", "a_b", "Abc", String(repeating: "b", count: 64)] {
            #expect(!NameRule.bucket.holds(name))
        }
    }

    @Test("workflows and instances follow Cloudflare's rule")
    func workflows() {
        for name in ["A", "_x", "My-Workflow_1", String(repeating: "w", count: 64)] {
            #expect(NameRule.workflow.holds(name))
        }
        for name in ["", "-a", "a b", String(repeating: "w", count: 65)] { #expect(!NameRule.workflow.holds(name)) }
        #expect(NameRule.instance.holds(String(repeating: "w", count: 100)))
        #expect(!NameRule.instance.holds(String(repeating: "w", count: 101)))
    }

    @Test("a refused name comes with one that would pass, where there is one")
    func suggestions() {
        func hint(_ name: String, _ rule: NameRule) -> String? {
            #expect(throws: FlareError.self) { try rule.validate(name) }?.hint
        }
        #expect(hint("My Orders", .queue) == "\"my-orders\" would pass")
        #expect(hint("--x", .queue) == "\"x\" would pass")
        #expect(hint("Prod_Data_", .bucket) == "\"prod-data\" would pass")
        #expect(
            hint(String(repeating: "x", count: 70), .queue) == "\"\(String(repeating: "x", count: 63))\" would pass"
        )
        #expect(hint("", .queue) == nil)
        #expect(hint("a", .bucket) == nil)
        #expect(hint("???", .queue) == nil)
    }

    @Test("a mistyped name is answered with the one that was most likely meant")
    func nearest() {
        let names = ["orders", "order-events", "payments"]
        #expect(nearestName(to: "order", in: names) == "orders")
        #expect(nearestName(to: "paymnets", in: names) == "payments")
        #expect(nearestName(to: "orders", in: names) == "orders")
        #expect(nearestName(to: "invoices", in: names) == nil)
        #expect(nearestName(to: "./bin/orders.sh", in: names) == "orders")
        #expect(nearestName(to: "x", in: []) == nil)
        let long = String(repeating: "x", count: Limits.mistypedNameBytesMax)
        #expect(nearestName(to: long, in: [long]) == long)
        #expect(nearestName(to: long + "x", in: [long]) == nil)
        #expect(nearestName(to: long, in: [long + "x"]) == nil)
        let error = FlareError.notFound(
            .queueNotFound,
            kind: "queue",
            name: "oders",
            candidates: names,
            listing: "flare queues list"
        )
        #expect(error.message == "queue \"oders\" not found. Did you mean \"orders\"?")
        #expect(error.hint == "see: flare queues list")
    }
}

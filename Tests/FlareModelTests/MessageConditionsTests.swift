import FlareModel
import Testing

@Suite("conditions on messages")
struct MessageConditionsTests {
    private let now = Timestamp(milliseconds: 1_000_000_000)

    private func matches(_ text: String, body: String = #"{"customer":{"tier":"gold","age":9},"list":[1]}"#) throws
        -> Bool
    {
        let subject = MessageConditions.Subject(
            id: "00ff",
            attempts: 2,
            timestamp: now + .seconds(-600),
            contentType: "json",
            state: .waiting,
            origin: "orders",
            reason: "Timed out",
            body: Array(body.utf8)
        )
        return try MessageConditions(parsing: text).matches(subject, now: now)
    }

    @Test(
        "conditions that fit",
        arguments: [
            "attempts=2", "attempts>1 and attempts<=2", "age>5m, age<1h", "type=json|text", "state!=dead",
            "origin=orders", "reason~\"timed OUT\"", "reason~Timed*", "size<1KB", "id=00ff", "body~GOLD",
            "body.customer.tier=gold", ".body.customer.age>8", "body.list.0=1", "body.missing!=1",
            "body.customer.age<10",
        ]
    )
    func fits(_ text: String) throws {
        #expect(try matches(text))
    }

    @Test(
        "conditions that do not fit",
        arguments: [
            "attempts=3", "age>1h", "type=bytes", "state=dead", "origin!=orders", "reason~later", "body.missing=1",
            "body.customer=gold", "body.customer.tier!=gold", "attempts=2 and attempts=3", "body.customer.tier~s*",
        ]
    )
    func misses(_ text: String) throws {
        #expect(try !matches(text))
    }

    @Test("a body that is not JSON has no members")
    func notJSON() throws {
        #expect(try !matches("body.customer.tier=gold", body: "gold"))
    }

    @Test(
        "mistakes are named with their place",
        arguments: [
            ("atempts=2", "unknown field \"atempts\" at character 1. Did you mean \"attempts\"?"),
            ("type=jsn", "\"jsn\" is not a content type at character 6. Did you mean \"json\"?"),
            ("age=5", "\"age\" cannot be compared by \"=\" at character 4"),
            ("body..a=1", "unknown field \"body..a\" at character 1"),
            ("attempts>x", "\"x\" is not a whole number at character 10"),
        ]
    )
    func mistakes(_ text: String, _ message: String) throws {
        let error = #expect(throws: FlareError.self) { try MessageConditions(parsing: text) }
        #expect(error?.message.hasPrefix("--where: " + message) == true)
    }
}

import FlareModel
import Testing

@Suite("Filters of instances")
struct InstanceConditionsTests {
    private func parse(_ text: String) throws -> [InstanceConditions.Condition] {
        try InstanceConditions(parsing: text).conditions
    }

    @Test("conditions are joined by \"and\" and by commas, with or without blanks")
    func joined() throws {
        let expected: [InstanceConditions.Condition] = [
            .init(.status, .equal, .statuses([.errored])), .init(.age, .less, .duration(.seconds(604_800))),
            .init(.run, .greater, .number(1)),
        ]
        #expect(try parse("status=errored and age<7d,run>1") == expected)
        #expect(try parse("  status = errored  AND age < 7d , run > 1 ") == expected)
    }

    @Test(
        "every field takes values of its own kind",
        arguments: [
            ("status!=complete|errored", .init(.status, .notEqual, .statuses([.complete, .errored]))),
            ("status=WAITINGFORPAUSE", .init(.status, .equal, .statuses([.waitingForPause]))),
            ("error~\"no such, thing\"", .init(.error, .like, .text("no such, thing"))),
            ("error!~'it''s'", nil),
            ("error~\"a \\\" b\"", .init(.error, .like, .text("a \" b"))),
            ("age>=90s", .init(.age, .greaterOrEqual, .duration(.seconds(90)))),
            (
                "created>2026-01-01T00:00:00Z",
                .init(.created, .greater, .time(Timestamp(milliseconds: 1_767_225_600_000)))
            ),
            ("step=read", .init(.step, .equal, .text("read"))),
            ("step.failed=\"read objects\"", .init(.stepFailed, .equal, .text("read objects"))),
            ("id~ci-*", .init(.id, .like, .text("ci-*"))),
            ("trigger=cron|queue", .init(.trigger, .equal, .alternatives(["cron", "queue"]))),
            ("run<=3", .init(.run, .lessOrEqual, .number(3))),
        ] as [(String, InstanceConditions.Condition?)]
    )
    func values(text: String, expected: InstanceConditions.Condition?) throws {
        if let expected {
            #expect(try parse(text) == [expected])
        } else {
            #expect(throws: FlareError.self) { try parse(text) }
        }
    }

    @Test(
        "what cannot be read is told with its place, and with the nearest name",
        arguments: [
            ("stauts=errored", "--where: unknown field \"stauts\" at character 1. Did you mean \"status\"?"),
            ("run>1 and stp=x", "--where: unknown field \"stp\" at character 11. Did you mean \"step\"?"),
            ("status=errord", "--where: \"errord\" is not a status at character 8. Did you mean \"errored\"?"),
            ("age>soon", "--where: \"soon\" is not a duration at character 5"),
            ("created>yesterday", "--where: \"yesterday\" is not a time at character 9"),
            ("run>x", "--where: \"x\" is not a whole number at character 5"),
            ("age=1h", "--where: \"age\" cannot be compared by \"=\" at character 4"),
            ("status", "--where: expected a comparison after \"status\": = !=, not the end at character 7"),
            ("status=", "--where: expected a value after \"status=\", not the end at character 8"),
            (
                "status=errored age>1h",
                "--where: expected \"and\" or a comma between conditions, not \"a\" at character 16"
            ),
            ("", "--where: expected a condition, not the end at character 1"),
            ("run>1,", "--where: expected the name of a field, not the end at character 7"),
            ("error~\"open", "--where: the quote is not closed at character 7"),
            ("=1", "--where: expected the name of a field, not \"=\" at character 1"),
        ]
    )
    func errors(text: String, message: String) {
        let error = #expect(throws: FlareError.self) { try parse(text) }
        #expect(error?.message == message)
        #expect(error?.code == .invalidArgument)
    }

    @Test("length and number of conditions have a limit")
    func limits() {
        let many = Array(repeating: "run>1", count: Limits.workflowWhereConditionsMax + 1).joined(separator: ",")
        #expect(throws: FlareError.self) { try parse(many) }
        #expect(throws: FlareError.self) { try parse("id=" + String(repeating: "x", count: 5_000)) }
    }
}

import FlareBuckets
import FlareModel
import Testing

@Suite("Notification rules")
struct NotificationRuleTests {
    private func rule(
        _ prefix: String = "",
        _ suffix: String = "",
        _ actions: Set<ObjectAction> = [.putObject]
    ) -> NotificationRule {
        NotificationRule(prefix: prefix, suffix: suffix, actions: actions)
    }

    @Test("a rule fires when action, prefix and suffix all fit")
    func matching() {
        let images = rule("images/", ".jpg")
        #expect(images.matches(.putObject, key: "images/cat.jpg"))
        #expect(!images.matches(.deleteObject, key: "images/cat.jpg"))
        #expect(!images.matches(.putObject, key: "images/cat.png"))
        #expect(!images.matches(.putObject, key: "cat.jpg"))
        #expect(rule().matches(.putObject, key: "anything"))
        #expect(rule("aba", "bab").matches(.putObject, key: "abab"))
    }

    @Test("keys are compared as bytes: letters that look alike are not the same")
    func bytes() {
        #expect(!rule("e\u{301}").matches(.putObject, key: "\u{e9}t\u{e9}"))
        #expect(!rule("e\u{301}").overlaps(rule("\u{e9}")))
        // A prefix may end within what Swift takes for one character.
        #expect(rule("e").matches(.putObject, key: "e\u{301}"))
    }

    @Test(
        "rules overlap when one event could fire both",
        arguments: [
            ("", "", "", "", true), ("a/", "", "a/b/", "", true), ("a/", "", "b/", "", false),
            ("", ".jpg", "", ".png", false), ("", ".jpg", "", "g", true), ("a/", ".jpg", "", ".jpg", true),
            ("a/", "", "", ".jpg", true), ("a/", ".jpg", "b/", ".jpg", false), ("a/", ".jpg", "a/", ".png", false),
            ("a/b", "", "a/", ".x", true),
        ]
    )
    func overlap(_ prefix: String, _ suffix: String, _ otherPrefix: String, _ otherSuffix: String, _ expected: Bool) {
        let (left, right) = (rule(prefix, suffix), rule(otherPrefix, otherSuffix))
        #expect(left.overlaps(right) == expected)
        #expect(right.overlaps(left) == expected)
    }

    @Test("where rules overlap there is a key that fires both, and nowhere else")
    func overlapIsExact() {
        let texts = ["", "a", "b", "ab", "ba", "aba"]
        let keys = texts.flatMap { first in texts.flatMap { second in texts.map { first + second + $0 } } }
        let rules = texts.flatMap { prefix in texts.map { rule(prefix, $0) } }
        for left in rules {
            for right in rules {
                let both = keys.contains { left.matches(.putObject, key: $0) && right.matches(.putObject, key: $0) }
                #expect(left.overlaps(right) == both, "\(left.words) and \(right.words)")
            }
        }
    }

    @Test("rules without a common action never overlap")
    func actions() {
        #expect(!rule("a", "", [.putObject]).overlaps(rule("a", "", [.deleteObject])))
        #expect(rule("a", "", [.putObject, .copyObject]).overlaps(rule("a", "", [.copyObject])))
    }
}

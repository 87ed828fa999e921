package import FlareModel

/// Which events of a bucket become messages of a queue.
///
/// Pure: matching, and the rule against overlap.
package struct NotificationRule: Sendable, Hashable {
    package var prefix: String
    package var suffix: String
    package var actions: Set<ObjectAction>

    package init(prefix: String = "", suffix: String = "", actions: Set<ObjectAction>) {
        self.prefix = prefix
        self.suffix = suffix
        self.actions = actions
    }

    /// Whether an event makes a message.
    ///
    /// Prefix and suffix may share bytes of a short key.
    package func matches(_ action: ObjectAction, key: String) -> Bool {
        actions.contains(action) && key.beginsWithBytes(of: prefix) && key.endsWithBytes(of: suffix)
    }

    /// Whether one event could fire both rules.
    ///
    /// They need an action in common, and a key that has both prefixes and both suffixes. Such a key exists exactly
    /// when one prefix begins with the other and one suffix ends with the other: the longer ones joined are one.
    package func overlaps(_ other: NotificationRule) -> Bool {
        !actions.isDisjoint(with: other.actions)
            && (prefix.beginsWithBytes(of: other.prefix) || other.prefix.beginsWithBytes(of: prefix))
            && (suffix.endsWithBytes(of: other.suffix) || other.suffix.endsWithBytes(of: suffix))
    }

    /// The rule for people: `object-create of "images/….jpg"`.
    package var words: String {
        let events = ObjectEventType.words(for: actions).joined(separator: ", ")
        return prefix.isEmpty && suffix.isEmpty ? "\(events) of all keys" : "\(events) of \"\(prefix)…\(suffix)\""
    }
}

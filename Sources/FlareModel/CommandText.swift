/// A command as one would type it, for people to read, compare and paste.
package enum CommandText {
    /// The words of a command, quoted for a shell where they need it.
    package static func text(_ command: [String]) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+")
        let words = command.map { word in
            !word.isEmpty && word.allSatisfy(plain.contains) ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
        }
        return words.joined(separator: " ")
    }
}

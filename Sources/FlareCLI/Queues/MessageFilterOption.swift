import ArgumentParser
import FlareModel

/// The option that says which messages a command is about.
struct MessageFilterOption: ParsableArguments, Sendable {
    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            """
            Only messages that fit, such as 'attempts>2 and body.tier=gold'. Fields: id, attempts, size, age, sent, \
            type, state, origin, reason, body, body.NAME.
            """,
            valueName: "conditions"
        )
    )
    var filter: String?

    func validate() throws {
        guard let filter else { return }
        do {
            _ = try MessageConditions(parsing: filter)
        } catch let error as FlareError {
            throw ValidationError(error.description)
        }
    }

    /// As a parameter of a query.
    var query: [(String, String)] { filter.map { [("where", $0)] } ?? [] }
}

import ArgumentParser
import FlareModel

/// What every command with `--where` says of it.
enum WhereText {
    static let help = ArgumentHelp(
        "Only instances for which all conditions hold, as in 'status=errored and age<7d'.",
        valueName: "conditions"
    )

    static let discussion = """
        --where takes conditions joined by "and" or commas: status=errored|terminated, error~"text", age>1h, age<7d, \
        created>2026-01-31T08:00:00Z, step=NAME (ran a step of that name), step.failed=NAME, id~ci-*, run>1, \
        trigger=cron, version=ID. Comparisons are = != < <= > >= and ~ (contains, or fits a pattern with *), !~. \
        Values with blanks stand in quotes.
        """
}

import ArgumentParser
import FlareModel

/// A command of flare: parses its words, does one thing through the API, and ends with a status that means something.
protocol FlareCommand: AsyncParsableCommand, Sendable {
    var global: GlobalOptions { get }

    /// Does the work. Thrown `FlareError`s are printed to stderr and become the exit status.
    func execute(_ shell: Shell) async throws
}

extension FlareCommand {
    func run() async throws { try await runInterruptibly() }

    /// Runs the command; a signal cancels it.
    func runInterruptibly() async throws {
        let shell = Shell(global)
        let interrupt = InterruptSignal()
        let work = Task { try await execute(shell) }
        interrupt.onSignal { work.cancel() }
        try await conclude(shell, interrupt) { try await work.value }
    }

    /// Runs a command that has something to bring to its end when a signal comes.
    ///
    /// The first signal asks it to stop, the second one to stop what it runs, and what comes after that to do so by
    /// force.
    func runStoppably(_ body: @Sendable (Shell, StopRequest) async throws -> Void) async throws {
        let shell = Shell(global)
        let interrupt = InterruptSignal()
        let stop = StopRequest()
        interrupt.onFurtherSignals([{ stop.raise(to: .terminating) }, { stop.raise(to: .killing) }])
        interrupt.onSignal { stop.raise(to: .stopping) }
        try await conclude(shell, interrupt) { try await body(shell, stop) }
    }

    private func conclude(
        _ shell: Shell,
        _ interrupt: InterruptSignal,
        _ work: () async throws -> Void
    ) async throws {
        do {
            try await work()
        } catch let exit as ExitCode {
            throw exit
        } catch  where interrupt.hasFired {
            throw ExitCode(130)
        } catch let error as FlareError {
            shell.report(error)
            throw ExitCode(error.code.exitStatus)
        } catch {
            shell.report(FlareError(.internalError, "the command failed: \(error)"))
            throw ExitCode(FlareError.Code.internalError.exitStatus)
        }
        if interrupt.hasFired { throw ExitCode(130) }
    }

    /// Runs a command that itself sees to signals, because they are for a program that it runs.
    func runJob() async throws {
        let shell = Shell(global)
        do {
            try await execute(shell)
        } catch let exit as ExitCode {
            throw exit
        } catch let error as FlareError {
            shell.report(error)
            throw ExitCode(error.code.exitStatus)
        } catch {
            shell.report(FlareError(.internalError, "the command failed: \(error)"))
            throw ExitCode(FlareError.Code.internalError.exitStatus)
        }
    }
}

/// The options that every command takes.
struct GlobalOptions: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The state directory. Default: FLARE_STATE, the nearest .flare directory upwards, $XDG_STATE_HOME/flare.",
            valueName: "dir"
        ),
        completion: .directory
    )
    var state: String?

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    init() {}

    /// For errors found before the words are parsed.
    init(state: String?, json: Bool) {
        self.state = state
        self.json = json
    }
}

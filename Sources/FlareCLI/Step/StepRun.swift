import ArgumentParser
import FlareModel
import Glibc

/// A step that is a command.
struct StepRun: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command as a step.",
        usage: "flare step <name> [<options>] -- <command> ...",
        discussion: """
            The same name in a loop is #1, #2 and so on, counted anew each time the script is run; --key tells steps \
            apart by something better. The exit status is the command's own, 124 when it ran out of time; flare's \
            errors are those of all commands. The command sees FLARE_IDEMPOTENCY_KEY, the same for all its attempts in \
            all runs, and FLARE_ATTEMPT. Its output is a pipe; 4 MiB of it are kept.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: StepOptions

    @Argument(help: "The step's name.")
    var name: String

    @Option(name: .long, help: "How often a failed command is run again.")
    var retries = 0

    @Option(name: .long, help: "The time before the first retry, as 2s or 1m.")
    var delay = "1s"

    @Option(name: .long, help: "How the delay grows: constant, linear or exponential.")
    var backoff = StepConfig.Backoff.exponential

    @Option(name: .long, help: "Stop an attempt after this time, as 30s or 5m. Default: no limit.")
    var timeout: String?

    @Option(name: .long, help: ArgumentHelp("Know the step by this instead of its place in a loop.", valueName: "text"))
    var key: String?

    @Option(name: .long, help: "When the finished step had another command: fail, rerun, or keep its result.")
    var onChange = ShellStepBody.OnChange.fail

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        if command.isEmpty { throw ValidationError("a step needs a command after --: flare step \(name) -- make all") }
        if !(0...1_000).contains(retries) { throw ValidationError("--retries takes a number from 0 to 1000") }
        if key == "" { throw ValidationError("--key must not be empty") }
    }

    func run() async throws { try await runJob() }

    func execute(_ shell: Shell) async throws {
        let config = StepConfig(
            retries: .init(limit: retries, delay: try parseDuration(delay).milliseconds, backoff: backoff),
            timeout: try timeout.map { try parseDuration($0).milliseconds } ?? Limits.workflowSleepMillisecondsMax
        )
        let instance = try options.instance()
        let signals = JobSignals()
        var body = ShellStepBody(
            call: Identifier.uuid(),
            process: .current,
            attachment: instance.attachment,
            kind: .command,
            name: name,
            key: key
        )
        body.command = command
        body.config = config
        body.onChange = onChange
        let call = StepCall(engine: StepEngine(shell: shell), instance: instance, body: body)
        while true {
            let answer = try await call.settle()
            guard answer.decision == .run, let attempt = answer.attempt else { return replay(answer, shell) }
            let status = try await runAttempt(attempt, of: answer, call, config, signals)
            guard let status else { continue }
            if status != 0 { throw ExitCode(status) }
            return
        }
    }

    /// Runs the command and writes down what it came to.
    ///
    /// Nil when there is another attempt to make.
    private func runAttempt(
        _ attempt: Int,
        of answer: ShellStepAnswerBody,
        _ call: StepCall,
        _ config: StepConfig,
        _ signals: JobSignals
    ) async throws -> Int32? {
        let label = "\(answer.name)#\(answer.occurrence)"
        RunEnvironment.set([
            RunEnvironment.step: label, RunEnvironment.attempt: "\(attempt)",
            RunEnvironment.idempotencyKey: "\(call.instance.workflow)/\(call.instance.id)/\(label)",
        ])
        func record(_ end: Job.End) async throws -> Int32? {
            let isInterrupted = end.isInterrupted && !end.isTimedOut && end.status != 0
            let status = end.isTimedOut ? 124 : end.status
            let next = try await call.end(
                ShellAttemptEndBody(
                    call: call.body.call,
                    attempt: attempt,
                    outcome: end.isTimedOut ? .timedOut : isInterrupted ? .interrupted : .exited,
                    exitStatus: status,
                    output: end.recording.pieces,
                    omittedBytes: end.recording.omittedBytes
                )
            )
            signals.follow(end)
            Self.warnOfOmitted(end.recording.omittedBytes, label, call.engine.shell)
            if isInterrupted { return status }
            guard next.decision == .wait else {
                // The command itself cannot say it.
                if end.isTimedOut { call.engine.shell.warn("step \"\(label)\" ran out of time and was stopped") }
                return status
            }
            let time = next.until.map { " at \($0.text)" } ?? ""
            let what = end.isTimedOut ? "ran out of time" : "ended with status \(status)"
            call.engine.shell.warn("step \"\(label)\": attempt \(attempt) \(what); the next one begins\(time)")
            return nil
        }
        do {
            let path = try JobSpawn.find(command[0])
            let job = try Job(settings(path, config))
            return try await signals.run(job, record: record)
        } catch let missing as JobSpawn.Missing {
            call.engine.shell.warn(missing.message)
            return try await record(Self.end(missing.status, missing.message))
        } catch let error as FlareError where error.code == .fileNotFound || error.code == .permissionDenied {
            call.engine.shell.report(error)
            return try await record(Self.end(126, error.message))
        }
    }

    private func settings(_ path: String, _ config: StepConfig) -> Job.Settings {
        var settings = Job.Settings(path: path)
        settings.trailingCount = command.count
        settings.leading = []
        settings.recordsOutput = true
        settings.timeout = timeout == nil ? nil : .milliseconds(config.timeout)
        // In a group of its own a command could not read from the terminal.
        settings.hasGroup = isatty(0) == 0
        settings.endsWithParent = true
        settings.isKilled = true
        return settings
    }

    /// What a command that could not be started came to.
    private static func end(_ status: Int32, _ message: String) -> Job.End {
        var recording = OutputRecording()
        recording.append(Array("\(message)\n".utf8), .stderr)
        return Job.End(
            status: status,
            isSignalled: false,
            isTimedOut: false,
            isInterrupted: false,
            recording: recording
        )
    }

    /// Prints what the step wrote when it ran.
    private func replay(_ answer: ShellStepAnswerBody, _ shell: Shell) {
        for piece in answer.output ?? [] { shell.pass(Array(piece.bytes), toError: piece.stream == .stderr) }
        Self.warnOfOmitted(answer.omittedBytes ?? 0, "\(answer.name)#\(answer.occurrence)", shell)
    }

    private static func warnOfOmitted(_ count: Int, _ label: String, _ shell: Shell) {
        guard count > 0 else { return }
        shell.warn("step \"\(label)\": the last \(count) bytes of its output are not kept, and no replay has them")
    }
}

extension StepConfig.Backoff: ExpressibleByArgument {}
extension ShellStepBody.OnChange: ExpressibleByArgument {}

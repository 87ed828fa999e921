import FlareClient
import FlareModel
import FoundationEssentials
import Glibc

/// What a command sees of the world: the engine, and the three standard streams.
final class Shell: Sendable {
    let state: StateDirectory
    /// Whether results and errors are printed as JSON.
    let json: Bool
    /// Whether stdout is a terminal.
    let isTerminal = isatty(1) == 1
    let inputIsTerminal = isatty(0) == 1
    let errorIsTerminal = isatty(2) == 1
    private let environment: [String: String]

    init(_ options: GlobalOptions) {
        environment = ProcessInfo.processInfo.environment
        json = options.json
        state = StateDirectory.resolve(
            flag: options.state,
            environment: environment,
            workingDirectory: FileManager.default.currentDirectoryPath
        )
    }

    var launcher: EngineLauncher { EngineLauncher(state: state, environment: environment) }

    /// The engine's API; starts the engine when none runs, with these arguments.
    ///
    /// A command of many calls keeps its connections.
    func client(extraArguments: [String] = [], keepsConnections: Bool = false) async throws -> EngineClient {
        let (info, started) = try launcher.ensureRunning(extraArguments: extraArguments)
        if started { note("started the engine of \(state.path) (pid \(info.pid))") }
        if info.version != FlareVersion.current {
            warn("the engine is version \(info.version), this is \(FlareVersion.current); run: flare engine restart")
        }
        return EngineClient(socketPath: info.socketPath, keepsConnections: keepsConnections)
    }

    /// The result of a command: JSON when asked for, else text for people.
    func emit(_ value: some Encodable & Sendable, _ human: () -> String) {
        if json {
            writeBytes(FlareJSON.encode(value, pretty: true) + [UInt8(ascii: "\n")])
        } else {
            line(human())
        }
    }

    /// A list: JSON array when asked for, else a table.
    func list<Item: Encodable & Sendable>(_ items: [Item], _ headers: [String], row: (Item) -> [String]) {
        if json {
            writeBytes(FlareJSON.encode(items, pretty: true) + [UInt8(ascii: "\n")])
        } else {
            table(headers, items.map(row))
        }
    }

    /// A table with NAMES IN CAPITALS, columns two spaces apart.
    ///
    /// Without rows, the header alone.
    func table(_ headers: [String], _ rows: [[String]]) {
        line(Table.text(headers, rows))
    }

    /// One line of result on stdout.
    func line(_ text: String) {
        writeBytes(Array((text + "\n").utf8))
    }

    /// Raw bytes on stdout.
    ///
    /// Ends the process quietly when nobody reads any more.
    func writeBytes(_ bytes: [UInt8], to descriptor: Int32 = 1) {
        Self.write(bytes, to: descriptor)
    }

    /// Raw bytes of a program, to the stream that it wrote them to.
    func pass(_ bytes: [UInt8], toError: Bool) {
        Self.write(bytes, to: toError ? 2 : 1)
    }

    /// Talk on stderr, for a person at a terminal only.
    func note(_ text: String) {
        if errorIsTerminal { Self.write(Array((text + "\n").utf8), to: 2) }
    }

    /// Talk on stderr, always.
    func tell(_ text: String) {
        Self.write(Array((text + "\n").utf8), to: 2)
    }

    /// A question on stderr, with the cursor behind it.
    func ask(_ question: String) {
        Self.write(Array(question.utf8), to: 2)
    }

    /// A warning on stderr, always.
    func warn(_ text: String) {
        Self.write(Array("warning: \(Self.harmless(text))\n".utf8), to: 2)
    }

    /// An error on stderr, as JSON with `--json`.
    func report(_ error: FlareError) {
        if json {
            let body = ErrorReport(
                error: .init(code: error.code.spelling, message: error.message, hint: error.hint)
            )
            Self.write(FlareJSON.encode(body) + [UInt8(ascii: "\n")], to: 2)
        } else {
            let hint = error.hint.map { "  \(Self.harmless($0))\n" } ?? ""
            Self.write(Array("error: \(Self.harmless(error.message))\n\(hint)".utf8), to: 2)
        }
    }

    /// A text of which a terminal obeys no more than its lines and tabs: names and keys in it are of anybody's choice.
    static func harmless(_ text: String) -> String {
        guard SafePath.visible(text) != text else { return text }
        return text.unicodeScalars.map { scalar in
            scalar == "\n" || scalar == "\t" ? String(scalar) : SafePath.visible(String(scalar))
        }.joined()
    }

    /// A variable of the command's environment; nil when it is empty, too.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Lets a destructive command go on: with `--yes`, or after a "y" at a terminal.
    ///
    /// Never asks without one.
    func confirm(_ question: String, yes: Bool) throws {
        if yes { return }
        guard inputIsTerminal, errorIsTerminal else {
            throw FlareError(.invalidArgument, "\(question) needs a confirmation", hint: "pass --yes")
        }
        Self.write(Array("\(question)? [y/N] ".utf8), to: 2)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw FlareError(.interrupted, "nothing was done")
        }
    }

    /// Raw bytes on stdout, for a command that has something to give back before it ends.
    ///
    /// Throws when they were not all written; `end` then ends the process as `writeBytes` would have.
    func tryWriteBytes(_ bytes: [UInt8]) throws(OutputFailure) {
        try Self.tryWrite(bytes, to: 1)
    }

    /// Ends the process after an output that failed.
    func end(_ failure: OutputFailure) -> Never {
        Self.endOutput(failure.number)
    }

    /// Why something was not printed.
    struct OutputFailure: Error {
        /// The system's error number.
        let number: Int32
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        do {
            try tryWrite(bytes, to: descriptor)
        } catch {
            // Talk that finds no place, on a full disk, keeps no command from its work and its status.
            if descriptor == STDERR_FILENO, error.number != EPIPE { return }
            endOutput(error.number)
        }
    }

    private static func tryWrite(_ bytes: [UInt8], to descriptor: Int32) throws(OutputFailure) {
        guard JobLoop.write(bytes[...], to: descriptor) else { throw OutputFailure(number: errno) }
    }

    /// Ends the process: quietly when the reader has gone, else saying why its results are not all there.
    private static func endOutput(_ code: Int32) -> Never {
        // 128 + SIGPIPE: what a process ends with whose reader has gone.
        if code == EPIPE { _exit(141) }
        let text = Array("error: cannot write the output: \(String(cString: strerror(code)))\n".utf8)
        _ = text.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
        // EX_IOERR of sysexits.
        _exit(74)
    }

    private struct ErrorReport: Encodable {
        struct Body: Encodable {
            let code: String
            let message: String
            let hint: String?
        }

        let error: Body
    }
}

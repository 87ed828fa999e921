import ArgumentParser
import CFlareProcess
import FlareModel
import Glibc

struct EngineLogs: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print the engine's log, one JSON object a line."
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .long, help: "How many of the last lines to print.")
    var lines = 100

    @Flag(name: .long, help: "Go on with new lines as they are written.")
    var follow = false

    func validate() throws {
        guard lines >= 0 else { throw ValidationError("--lines takes a whole number from 0") }
    }

    func execute(_ shell: Shell) async throws {
        let descriptor = open(shell.state.log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FlareError(.fileNotFound, "there is no log at \(shell.state.log)", hint: "flare engine start")
        }
        defer { close(descriptor) }
        let content = readAvailable(descriptor)
        let kept = content.split(separator: UInt8(ascii: "\n")).suffix(lines)
        for line in kept { shell.writeBytes(line + [UInt8(ascii: "\n")]) }
        guard follow else { return }
        let watch = flare_watch(shell.state.log)
        guard watch >= 0 else { throw FlareError(.internalError, "the log cannot be watched") }
        defer { close(watch) }
        while !Task.isCancelled {
            var poll = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            // The bound only lets an interrupt be seen; new lines wake the wait at once.
            guard Glibc.poll(&poll, 1, 500) > 0 else { continue }
            var events = [UInt8](repeating: 0, count: 4096)
            _ = read(watch, &events, events.count)
            shell.writeBytes(readAvailable(descriptor))
        }
    }

    private func readAvailable(_ descriptor: Int32) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return result }
            result += buffer.prefix(count)
        }
    }
}

import FlareModel
import Glibc

/// The value of a secret, from where no other user of the machine can read it: never from the command line.
enum SecretInput {
    /// Reads a file, or stdin; at a terminal asks for a line that is not shown.
    ///
    /// One line end at the end is left out, as `echo` and editors add it. Throws `invalidArgument` when there is
    /// nothing, `invalidData` when it is not UTF-8.
    static func read(file: String?, prompt: String, shell: Shell) throws -> String {
        let bytes =
            file == nil && shell.inputIsTerminal
            ? try hiddenLine(prompt, shell) : try contents(of: file, named: "value")
        return try text(bytes)
    }

    /// The whole of a file, or of stdin for nil.
    static func contents(of file: String?, named what: String) throws -> [UInt8] {
        let input = try FileInput(path: file)
        defer { input.close() }
        var bytes: [UInt8] = []
        while let piece = try input.next() {
            bytes += piece
            guard bytes.count <= Limits.configurationBytesMax else {
                throw FlareError(.bodyTooLarge, "the \(what) is larger than \(formatSizeBytes(bytes.count))")
            }
        }
        return bytes
    }

    private static func text(_ bytes: [UInt8]) throws -> String {
        var bytes = bytes[...]
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "the value of the secret is empty",
                hint: "pipe it in, or use --from-file"
            )
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FlareError(.invalidData, "the value of the secret is not UTF-8 text", hint: "encode it: base64 FILE")
        }
        return text
    }

    private static func hiddenLine(_ prompt: String, _ shell: Shell) throws -> [UInt8] {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else {
            throw FlareError(
                .internalError,
                "the terminal's settings cannot be read: \(String(cString: strerror(errno)))"
            )
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            shell.tell("")
        }
        shell.ask(prompt)
        var bytes: [UInt8] = []
        while !Task.isCancelled {
            var poll = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            // The bound lets Ctrl-C be seen, so that the terminal shows again what is typed.
            guard Glibc.poll(&poll, 1, 200) > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            if bytes.last == UInt8(ascii: "\n") { break }
        }
        try Task.checkCancellation()
        return bytes
    }
}

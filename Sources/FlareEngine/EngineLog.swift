import FlareModel
import FlareStore
import FoundationEssentials
import Logging

/// Makes the loggers of the rooms, all writing to one file.
struct EngineLog: Sendable {
    private let file: LogFile
    private let time: any TimeSource
    private let level: Logger.Level

    /// `FLARE_LOG` names the lowest level that is written; `info` by default.
    init(_ options: EngineOptions, time: any TimeSource) throws {
        file = try LogFile(path: options.foreground ? nil : options.state.log)
        self.time = time
        level = ProcessInfo.processInfo.environment["FLARE_LOG"].flatMap { Logger.Level(rawValue: $0) } ?? .info
    }

    func logger(_ room: String) -> Logger {
        logger(room, level: level)
    }

    func logger(_ room: String, level: Logger.Level) -> Logger {
        var logger = Logger(label: room) { [file, time] in FileLogHandler(label: $0, file: file, time: time) }
        logger.logLevel = level
        return logger
    }
}

/// Keeps what a command does below a number of things a second.
struct Pace: Sendable {
    /// Nil for as fast as it goes.
    let perSecond: Double?
    private let began = ContinuousClock.now

    init(perSecond: Double?) {
        self.perSecond = perSecond
    }

    /// Returns when so many things, all told, may have been done.
    func wait(afterDoing count: Int) async throws {
        guard let perSecond else { return }
        try await Task.sleep(until: began + .seconds(Double(count) / perSecond))
    }

    /// Returns when a time has passed that the user has set: between two looks, or until a command gives up.
    static func pause(for duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// Runs `body` for at most `limit`; true when the time ran out, in which case it was cancelled.
func within(
    _ limit: Duration?,
    _ body: @escaping @Sendable () async throws -> Void
) async throws -> Bool {
    guard let limit else {
        try await body()
        return false
    }
    return try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            do {
                try await body()
            } catch  where Task.isCancelled {
                // Cancelled by the end of the time, which the other task tells.
            }
            return false
        }
        group.addTask {
            // Cancelled by the end of the body, which is told before this.
            try? await Pace.pause(for: limit)
            return true
        }
        let isTimedOut = try await group.next() ?? false
        group.cancelAll()
        return isTimedOut
    }
}

/// Keeps what a command does below a number of things a second.
struct Pace: Sendable {
    /// Nil for as fast as it goes.
    let perSecond: Int?
    private let began = ContinuousClock.now

    init(perSecond: Int?) {
        self.perSecond = perSecond
    }

    /// Returns when so many things, all told, may have been done.
    func wait(afterDoing count: Int) async throws {
        guard let perSecond else { return }
        try await Task.sleep(until: began + .seconds(Double(count) / Double(perSecond)))
    }
}

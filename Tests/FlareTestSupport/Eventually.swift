import FlareModel

/// The only place of the tests that looks again and again: for conditions that no command waits for.
///
/// Returns as soon as `condition` gives a value; throws `deadlineExceeded` naming `what` when it gave none in time.
/// Errors that the condition throws count as "not yet", and the last one is told.
@discardableResult
package func eventually<Value>(
    _ what: String,
    within limit: Duration = .seconds(60),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var last: (any Error)?
    while clock.now < deadline {
        do {
            if let value = try await condition() { return value }
        } catch {
            last = error
        }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw FlareError(.deadlineExceeded, "not within \(limit): \(what)\(last.map { "; last: \($0)" } ?? "")")
}

/// As `eventually`, for a condition that is true or not.
package func waitUntil(
    _ what: String,
    within limit: Duration = .seconds(60),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: limit) { try await condition() ? () : nil }
}

/// A pause of random length, for a fault that must strike at no particular moment.
package func pause(atMost limit: Duration) async throws {
    try await Task.sleep(for: limit * Double.random(in: 0...1))
}

/// Runs `action` after a time unless `body` ended before.
///
/// For bounds on things that should end by themselves.
func withBound<Value: Sendable>(
    _ limit: Duration,
    _ action: @escaping @Sendable () -> Void,
    _ body: () async throws -> Value
) async rethrows -> Value {
    let timer = Task {
        // Cancelled by the body's end below, which is then the only thing that happens.
        guard (try? await Task.sleep(for: limit)) != nil else { return }
        action()
    }
    defer { timer.cancel() }
    return try await body()
}

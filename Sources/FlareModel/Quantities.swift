/// Parses a size such as `1MB`, `512KiB` or `4096` into bytes.
///
/// Decimal units are powers of 1000, binary ones of 1024.
///
/// Throws `invalidArgument` with the accepted forms.
package func parseSizeBytes(_ text: String) throws -> Int {
    let units: [(suffix: String, bytes: Double)] = [
        ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("b", 1),
        ("", 1),
    ]
    let lower = text.lowercased().filter { $0 != " " }
    for unit in units where lower.hasSuffix(unit.suffix) {
        let number = lower.dropLast(unit.suffix.count)
        guard isPlainNumber(number), let value = Double(number), value >= 0, value * unit.bytes < 9e15 else { break }
        return Int(value * unit.bytes)
    }
    throw FlareError(.invalidArgument, "\"\(text)\" is not a size", hint: "write 1MB, 512KiB or a number of bytes")
}

/// Parses a duration such as `250ms`, `30s`, `5m`, `1h`, `7d`, or a plain number of seconds.
///
/// Throws `invalidArgument` with the accepted forms.
package func parseDuration(_ text: String) throws -> Duration {
    let units: [(suffix: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("", 1000),
    ]
    let lower = text.lowercased().filter { $0 != " " }
    for unit in units where lower.hasSuffix(unit.suffix) {
        let number = lower.dropLast(unit.suffix.count)
        guard isPlainNumber(number), let value = Double(number), value * unit.milliseconds < 9e15 else { break }
        return .milliseconds(Int64(value * unit.milliseconds))
    }
    throw FlareError(.invalidArgument, "\"\(text)\" is not a duration", hint: "write 250ms, 30s, 5m, 1h or 7d")
}

/// A size for people: `1.2 MB`, decimal units.
package func formatSizeBytes(_ bytes: Int) -> String {
    if bytes < 1000 { return "\(bytes) B" }
    var value = Double(bytes)
    var unit = ""
    // What would be rounded to 1000.0 is already the next unit's 1.0.
    for next in ["kB", "MB", "GB", "TB"] where value >= 999.95 {
        value /= 1000
        unit = next
    }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(unit)"
}

private func isPlainNumber(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
}

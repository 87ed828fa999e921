extension FlareError {
    /// A "not found" error that names the nearest existing name where one is close enough to be a typing mistake.
    ///
    /// - Parameters:
    ///   - code: one of the `…NotFound` codes.
    ///   - kind: the thing's noun, as on the command line: `queue`.
    ///   - name: what was asked for.
    ///   - candidates: the names that exist.
    ///   - listing: the command that lists them.
    package static func notFound(
        _ code: Code,
        kind: String,
        name: String,
        candidates: some Sequence<String>,
        listing: String
    ) -> FlareError {
        guard let near = nearestName(to: name, in: candidates) else {
            return FlareError(code, "\(kind) \"\(name)\" not found", hint: "see: \(listing)")
        }
        return FlareError(code, "\(kind) \"\(name)\" not found. Did you mean \"\(near)\"?", hint: "see: \(listing)")
    }
}

/// The candidate that a mistyped name most likely meant, or nil when none is near (more than a third of it differs).
///
/// Nil, too, for what is longer than `Limits.mistypedNameBytesMax`.
/// Next to that, a script's file stands for what is named after it: `deploy.sh` for `deploy`.
package func nearestName(to name: String, in candidates: some Sequence<String>) -> String? {
    guard name.utf8.count <= Limits.mistypedNameBytesMax else { return nil }
    let limit = max(1, name.utf8.count / 3)
    let candidates = candidates.filter { $0.utf8.count <= Limits.mistypedNameBytesMax }
    let stem = name.split(separator: "/").last?.split(separator: ".").first.map(String.init)
    let named = stem == name ? nil : candidates.first { $0 == stem }
    return
        named
        ?? candidates
        .map { (name: $0, distance: editDistance(name, $0)) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?
        .name
}

/// A text that somebody gave, short enough to be said again in an error.
package func shortened(_ text: String) -> String {
    let bytesMax = Limits.mistypedNameBytesMax
    guard text.utf8.count > bytesMax else { return text }
    // The scalars end before the byte when it is in the middle of one.
    let end = text.utf8.index(text.startIndex, offsetBy: bytesMax)
    return String(text.unicodeScalars[..<end]) + "…"
}

/// Levenshtein distance over bytes.
private func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(row[j] + 1, above + 1, diagonal + (a == b ? 0 : 1))
            diagonal = above
        }
    }
    return row[right.count]
}

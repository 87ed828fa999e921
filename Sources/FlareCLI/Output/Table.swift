/// Lays rows out in columns, two spaces apart, the last one unpadded.
enum Table {
    static func text(_ headers: [String], _ rows: [[String]]) -> String {
        let lines = [headers] + rows
        let widths = headers.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return
            lines
            .map { line in
                let cells = line.enumerated().map { index, cell in
                    index == line.count - 1
                        ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
                }
                return trimmed(cells.joined(separator: "  "))
            }
            .joined(separator: "\n")
    }

    /// Labelled values, one a line: `Name:  orders`.
    static func labelled(_ pairs: [(String, String)]) -> String {
        let width = (pairs.map(\.0.count).max() ?? 0) + 1
        return
            pairs
            .map { label, value in
                trimmed(label + ":" + String(repeating: " ", count: width - label.count) + " " + value)
            }
            .joined(separator: "\n")
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}

/// Lays rows out in columns, two spaces apart, the last one unpadded.
///
/// Names and texts of anybody's choice are in them: a terminal obeys none of what a cell holds.
enum Table {
    /// `paint` gets each cell with its row, its column and its padding, and may colour it.
    static func text(
        _ headers: [String],
        _ rows: [[String]],
        paint: (_ row: Int, _ column: Int, _ cell: String) -> String = { _, _, cell in cell }
    ) -> String {
        let lines = [headers] + rows.map { $0.map(SafePath.oneLine) }
        let widths = headers.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return
            lines.enumerated()
            .map { number, line in
                let cells = line.enumerated().map { index, cell in
                    let isLast = index == line.count - 1
                    let padded = isLast ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
                    return number == 0 ? padded : paint(number - 1, index, padded)
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

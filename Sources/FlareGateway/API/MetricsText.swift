/// Numbers in the text format of Prometheus
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct MetricsText {
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// The samples of one name.
    struct Family {
        fileprivate let name: String
        fileprivate var text = ""

        /// - Parameter suffix: what follows the family's name, such as `_sum` of a histogram.
        mutating func add(_ value: Double, _ labels: [(String, String)] = [], suffix: String = "") {
            let pairs = labels.map { "\($0)=\"\(MetricsText.escaped($1))\"" }.joined(separator: ",")
            text += name + suffix + (pairs.isEmpty ? "" : "{\(pairs)}") + " \(MetricsText.number(value))\n"
        }

        mutating func add(_ value: Int, _ labels: [(String, String)] = []) {
            add(Double(value), labels)
        }

        /// All lines of a histogram whose buckets are counted apart, the last one for what lies above all bounds.
        mutating func add(bounds: [Double], counts: [Int], sum: Double, _ labels: [(String, String)]) {
            var total = 0
            for (bound, count) in zip(bounds, counts) {
                total += count
                add(Double(total), labels + [("le", MetricsText.number(bound))], suffix: "_bucket")
            }
            total += counts.dropFirst(bounds.count).reduce(0, +)
            add(Double(total), labels + [("le", "+Inf")], suffix: "_bucket")
            add(sum, labels, suffix: "_sum")
            add(Double(total), labels, suffix: "_count")
        }
    }

    private(set) var text = ""

    /// Writes the samples of one name under their HELP and TYPE lines; nothing when there are none.
    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ write: (inout Family) -> Void) {
        var family = Family(name: name)
        write(&family)
        guard !family.text.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n\(family.text)"
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}

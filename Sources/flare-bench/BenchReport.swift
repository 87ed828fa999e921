import FlareModel
import FoundationEssentials
import Glibc

/// What a benchmark found: one JSON object, of the same shape for all.
struct BenchReport: Sendable {
    /// Such as `ingest-http`.
    let benchmark: String
    /// What was asked for, and figures of this benchmark alone.
    var details: [String: JSONValue] = [:]
    var recordsPerSecond: Double
    var requestsPerSecond: Double?
    /// Of records, as they were sent.
    var bytesPerSecond: Double?
    /// From the moment that a request could be sent until the answer that says that its records are on disk.
    var acknowledged: Latency?
    /// What was measured in the same run; the first one is the one to compare with.
    var references: [Reference]

    /// The other side of a comparison.
    struct Reference: Sendable {
        let name: String
        /// Such as `requests_per_second`, with the figure.
        let unit: String
        let perSecond: Double
        var latency: Latency?
        /// The benchmark's figure as a part of this one.
        let ratio: Double

        init(name: String, unit: String, perSecond: Double, latency: Latency? = nil, measured: Double) {
            self.name = name
            self.unit = unit
            self.perSecond = perSecond
            self.latency = latency
            ratio = perSecond > 0 ? measured / perSecond : 0
        }

        var json: JSONValue {
            var members: [String: JSONValue] = [
                "name": .string(name), unit: .rounded(perSecond), "ratio": .rounded(ratio, digits: 3),
            ]
            if let latency { members["ms"] = latency.json }
            return .object(members)
        }
    }

    var json: JSONValue {
        var members = details
        members["benchmark"] = .string(benchmark)
        members["records_per_second"] = .rounded(recordsPerSecond)
        if let requestsPerSecond { members["requests_per_second"] = .rounded(requestsPerSecond) }
        if let bytesPerSecond { members["bytes_per_second"] = .rounded(bytesPerSecond) }
        if let acknowledged { members["acknowledged_ms"] = acknowledged.json }
        members["reference"] = references.first?.json
        members["ratio"] = references.first?.json["ratio"]
        members["references"] = .array(references.map(\.json))
        members["machine"] = Machine.json
        return .object(members)
    }

    /// The line of the README's table, without what it is called there.
    var tableCells: [String] {
        let latency = acknowledged.map {
            "\(JSONValue.text($0.p50Milliseconds)) / \(JSONValue.text($0.p99Milliseconds))"
        }
        let beside = references.map { "\(JSONValue.text($0.ratio)) of \($0.name)" }
        return [JSONValue.grouped(recordsPerSecond), latency ?? "", beside.joined(separator: ", ")]
    }
}

/// The machine and the build that figures belong to.
enum Machine {
    static var json: JSONValue {
        #if DEBUG
        let build = "debug"
        #else
        let build = "release"
        #endif
        return .object([
            "cores": .integer(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), "cpu": .string(processor),
            "build": .string(build),
        ])
    }

    private static var processor: String {
        let text = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) }
        let line = text?.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.drop { $0 == " " } }.map(String.init) ?? "unknown"
    }
}

extension JSONValue {
    static func rounded(_ value: Double) -> JSONValue { .integer(Int64(value.rounded())) }

    static func rounded(_ value: Double, digits: Int) -> JSONValue {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return .number((value * scale).rounded() / scale)
    }

    /// Two digits behind the point.
    static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    /// A whole number with commas.
    static func grouped(_ value: Double) -> String {
        var digits = Array("\(Int(value.rounded()))")
        for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
        return String(digits)
    }
}

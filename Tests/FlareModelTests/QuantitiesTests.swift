import Testing

@testable import FlareModel

@Suite struct QuantitiesTests {
    @Test("sizes are read in decimal and binary units")
    func sizes() throws {
        let expected: [String: Int] = [
            "0": 0, "4096": 4096, "12b": 12, "1KB": 1000, "1kib": 1024, "1MB": 1_000_000, "512KiB": 524_288,
            "1.5 MB": 1_500_000, "2GB": 2_000_000_000, "1GiB": 1_073_741_824,
        ]
        for (text, bytes) in expected { #expect(try parseSizeBytes(text) == bytes) }
    }

    @Test(
        "what is no size is refused",
        arguments: ["", "MB", "-1", "1e3", "1.2.3MB", "five", "1TBx", "0x10", "99999999999GB"]
    )
    func badSizes(_ text: String) {
        #expect(#expect(throws: FlareError.self) { try parseSizeBytes(text) }?.code == .invalidArgument)
    }

    @Test("durations are read with a unit, or as seconds")
    func durations() throws {
        let expected: [String: Duration] = [
            "250ms": .milliseconds(250), "30s": .seconds(30), "5m": .seconds(300), "1h": .seconds(3600),
            "7d": .seconds(604_800), "120": .seconds(120), "0.5s": .milliseconds(500), "1.5 h": .seconds(5400),
        ]
        for (text, duration) in expected { #expect(try parseDuration(text) == duration) }
    }

    @Test("what is no duration is refused", arguments: ["", "s", "-5s", "5 weeks", "1e3", "nan", "inf", "1:30"])
    func badDurations(_ text: String) {
        #expect(#expect(throws: FlareError.self) { try parseDuration(text) }?.code == .invalidArgument)
    }

    @Test("sizes are shown with one decimal")
    func shown() {
        let expected: [Int: String] = [
            0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234: "1.2 kB", 1_000_000: "1.0 MB", 2_550_000_000: "2.6 GB",
            999_960: "1.0 MB", 1_000_000_000_000: "1.0 TB",
        ]
        for (bytes, text) in expected { #expect(formatSizeBytes(bytes) == text) }
    }
}

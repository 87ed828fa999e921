import Testing

@testable import FlareModel

@Suite struct TimestampTests {
    @Test("every millisecond survives being written and read")
    func roundTrip() throws {
        var milliseconds: Int64 = 1_700_000_000_000
        for step in 0..<3000 {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(Timestamp(time.text) == time, "\(milliseconds) is written \(time.text)")
            milliseconds += step < 1000 ? 1 : 86_399_937
        }
        for edge: Int64 in [0, 1, 999, 951_827_696_789, 4_102_444_799_999] {
            let time = Timestamp(milliseconds: edge)
            #expect(try FlareJSON.decode([Timestamp].self, from: FlareJSON.encode([time])) == [time])
        }
    }

    @Test("times are written in UTC with milliseconds")
    func text() {
        #expect(Timestamp(milliseconds: 1_357_017_420_000).text == "2013-01-01T05:17:00.000Z")
        #expect(Timestamp(milliseconds: 1_357_017_420_007).text == "2013-01-01T05:17:00.007Z")
        #expect(Timestamp(milliseconds: 0).text == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: -1).text == "1969-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: 951_782_400_000).text == "2000-02-29T00:00:00.000Z")
        #expect(Timestamp(milliseconds: 4_107_542_399_999).text == "2100-02-28T23:59:59.999Z")
    }

    @Test("RFC 3339 is read with any offset and any fraction")
    func reading() {
        let expected: [String: Int64] = [
            "2013-01-01T05:17:00Z": 1_357_017_420_000,
            "2013-01-01T05:17:00.5Z": 1_357_017_420_500,
            "2013-01-01T05:17:00.123456Z": 1_357_017_420_123,
            "2013-01-01T06:17:00+01:00": 1_357_017_420_000,
            "2013-01-01T00:17:00.250-05:00": 1_357_017_420_250,
        ]
        for (text, milliseconds) in expected { #expect(Timestamp(text)?.milliseconds == milliseconds, "\(text)") }
        let none = [
            "", "now", "2013-01-01", "2013-13-01T00:00:00Z", "1357017420", "2013-02-29T00:00:00Z",
            "2013-04-31T00:00:00.000Z", "2013-02-30T00:00:00+01:00",
        ]
        for text in none {
            #expect(Timestamp(text) == nil, "\(text)")
        }
    }

    @Test("what has been read can be written and read again, to the ends of what RFC 3339 can say")
    func ends() {
        for edge in [Timestamp.sayable.lowerBound, Timestamp.sayable.upperBound] {
            #expect(Timestamp(edge.text) == edge, "\(edge.text)")
        }
        let texts = [
            "0000-01-01T00:00:00Z", "0000-12-31T23:59:59.999Z", "0001-01-01T00:00:00+14:00", "1500-02-29T00:00:00Z",
            "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:60Z", "10000-01-01T00:00:00Z", "99999-01-01T00:00:00Z",
        ]
        for text in texts {
            guard let time = Timestamp(text) else { continue }
            #expect(Timestamp(time.text) == time, "\(text) is written \(time.text)")
        }
        #expect(Timestamp("10000-01-01T00:00:00Z") == nil)
    }

    @Test("times are compared and moved in milliseconds")
    func arithmetic() {
        let start = Timestamp(milliseconds: 1000)
        #expect(start + .seconds(2) == Timestamp(milliseconds: 3000))
        #expect(start + .milliseconds(-1500) == Timestamp(milliseconds: -500))
        #expect(Timestamp(milliseconds: 3500) - start == .milliseconds(2500))
        #expect(start < start + .milliseconds(1))
        #expect(Duration.microseconds(1999).milliseconds == 1)
    }
}

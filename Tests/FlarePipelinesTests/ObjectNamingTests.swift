import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("names of objects")
struct ObjectNamingTests {
    // 2013-01-01T05:17:00.123Z
    private let time = Timestamp(milliseconds: 1_357_017_420_123)

    private func name(
        prefix: String = "",
        label: String? = "merchantId",
        layout: String = "",
        key: String = "m1",
        suffix: String = "ndjson",
        pipeline: String = "p",
        offset: Int64 = 7,
        part: Int = 0
    ) throws -> String {
        let partitioning = try Partitioning(
            key: label.map { $0.contains("/") ? ".\"\($0)\"" : "." + $0 },
            layout: layout
        )
        return ObjectNaming(pipelineID: pipeline, prefix: prefix, partitioning: partitioning).name(
            key: ByteBuffer(string: key),
            firstOffset: offset,
            firstTime: time,
            suffix: suffix,
            part: part
        )
    }

    @Test("say key, date and hour in UTC, and the form")
    func layout() throws {
        let name = try name(prefix: "raw/2", suffix: "ndjson.gz")
        #expect(name.hasPrefix("raw/2/merchantId=m1/event_date=2013-01-01/hr=05/01"))
        #expect(name.hasSuffix(".ndjson.gz"))
        #expect(try self.name(label: nil, key: "").hasPrefix("event_date=2013-01-01/hr=05/"))
        #expect(try self.name(label: nil, key: "").hasSuffix(".ndjson"))
        #expect(try self.name(part: 2).hasSuffix("-2.ndjson"))
    }

    @Test("follow the layout that the user chose")
    func partitions() throws {
        #expect(try name(layout: "day").hasPrefix("merchantId=m1/event_date=2013-01-01/0"))
        #expect(try name(layout: "month,.merchantId").hasPrefix("year=2013/month=01/merchantId=m1/0"))
        #expect(try name(layout: "dt=%Y%m%d-%H%M").hasPrefix("merchantId=m1/dt=20130101-0517/0"))
        #expect(try name(label: nil, layout: "none", key: "").hasPrefix("01"))
        #expect(try name(layout: ".city,none", key: "m1/K%C3%B6ln").hasPrefix("merchantId=m1/city=K%C3%B6ln/0"))
    }

    @Test(
        "a layout that says nothing sensible is refused",
        arguments: ["week", "%Q", "a..b%Y", ".a[", ".a,.b,.c,.d,.e"]
    )
    func badLayout(layout: String) {
        #expect(throws: FlareError.self) { try Partitioning(key: nil, layout: layout) }
    }

    @Test("several keys make one, whatever stands in their values")
    func severalKeys() throws {
        let partitioning = try Partitioning(key: nil, layout: ".a,.b")
        let record = ByteBuffer(string: #"{"a":"x/y","b":"z"}"#)
        let other = ByteBuffer(string: #"{"a":"x","b":"y/z"}"#)
        let (key, otherKey) = (
            partitioning.key(in: record, at: 0..<record.writerIndex),
            partitioning.key(in: other, at: 0..<other.writerIndex)
        )
        #expect(key != otherKey)
        #expect(partitioning.folders(key: key, at: time) == ["a=x%2Fy", "b=z"])
    }

    @Test("percent-encode the value of the key")
    func encoding() throws {
        #expect(try name(key: "a/b ü=%").hasPrefix("merchantId=a%2Fb%20%C3%BC%3D%25/"))
        #expect(try name(key: "..").hasPrefix("merchantId=../event_date"))
        #expect(try name(label: "a.b/c").hasPrefix("a.b%2Fc=m1/"))
    }

    @Test("are the same for the same first record, and differ otherwise")
    func deterministic() throws {
        #expect(try name() == name())
        #expect(try Set([name(), name(pipeline: "q"), name(offset: 8), name(key: "m2")]).count == 4)
    }
}

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
        key: String = "m1",
        compression: PipelineCompression = .none,
        pipeline: String = "p",
        offset: Int64 = 7
    ) -> String {
        ObjectNaming(pipelineID: pipeline, prefix: prefix, keyLabel: label, compression: compression)
            .name(key: ByteBuffer(string: key), firstOffset: offset, firstTime: time)
    }

    @Test("say key, date and hour in UTC, and the form")
    func layout() {
        let name = name(prefix: "raw/2", compression: .gzip)
        #expect(name.hasPrefix("raw/2/merchantId=m1/event_date=2013-01-01/hr=05/01"))
        #expect(name.hasSuffix(".ndjson.gz"))
        #expect(self.name(compression: .zstd).hasSuffix(".ndjson.zst"))
        #expect(self.name(label: nil, key: "").hasPrefix("event_date=2013-01-01/hr=05/"))
        #expect(self.name(label: nil, key: "").hasSuffix(".ndjson"))
    }

    @Test("percent-encode the value of the key")
    func encoding() {
        #expect(name(key: "a/b ü=%").hasPrefix("merchantId=a%2Fb%20%C3%BC%3D%25/"))
        #expect(name(key: "..").hasPrefix("merchantId=../event_date"))
        #expect(name(label: "a.b/c").hasPrefix("a.b%2Fc=m1/"))
    }

    @Test("are the same for the same first record, and differ otherwise")
    func deterministic() {
        #expect(name() == name())
        #expect(Set([name(), name(pipeline: "q"), name(offset: 8), name(key: "m2")]).count == 4)
    }
}

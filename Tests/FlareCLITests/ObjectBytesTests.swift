import FlareModel
import Testing

@testable import FlareCLI

@Suite("bytes of objects, cut and compared")
struct ObjectBytesTests {
    @Test(
        "MD5 is RFC 1321's",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ]
    )
    func md5(text: String, digest: String) {
        #expect(hexadecimalText(MD5.digest(Array(text.utf8))) == digest)
    }

    @Test("MD5 does not depend on how the bytes come", arguments: [1, 3, 63, 64, 65, 127])
    func md5Pieces(size: Int) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var md5 = MD5()
        for start in stride(from: 0, to: bytes.count, by: size) {
            md5.update(Array(bytes[start..<min(start + size, bytes.count)]))
            // Asking in between changes nothing.
            _ = md5.digest
        }
        #expect(md5.digest == MD5.digest(bytes))
    }

    @Test(
        "parts cover a file without a gap, and never are too many",
        arguments: [
            1, 16_777_216, 16_777_217, 200_000_000, 5_000_000_000_000,
        ]
    )
    func parts(size: Int) {
        let plan = PartPlan(partSizeBytes: nil)
        let ranges = PartPlan.ranges(of: size, partBytes: plan.partBytes(of: size))
        #expect(ranges.count <= Limits.uploadPartsMax)
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == size)
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(Set(ranges.dropLast().map(\.count)).count <= 1)
    }

    @Test("the etag of an object in parts is told from its bytes when the parts have a usual size")
    func digestOfParts() {
        let size = 5_242_880 + 10
        let bytes = [UInt8](repeating: 7, count: size)
        let parts = MD5.digest(Array(bytes[..<5_242_880])) + MD5.digest(Array(bytes[5_242_880...]))
        let etag = hexadecimalText(MD5.digest(parts)) + "-2"
        #expect(matches(bytes, etag) == true)
        // Two parts of another size cannot be told from other bytes.
        #expect(matches([8] + bytes.dropFirst(), etag) == nil)
    }

    @Test("an etag that is an MD5 decides, and one that is not says nothing")
    func digestOfWhole() {
        let bytes = Array("hello".utf8)
        #expect(matches(bytes, "5d41402abc4b2a76b9719d911017c592") == true)
        #expect(matches(bytes, "5d41402abc4b2a76b9719d911017c593") == false)
        #expect(matches(bytes, "something") == nil)
        #expect(matches([], "d41d8cd98f00b204e9800998ecf8427e") == true)
    }

    private func matches(_ bytes: [UInt8], _ etag: String) -> Bool? {
        var digest = ObjectDigest(etag: etag, sizeBytes: bytes.count)
        for start in stride(from: 0, to: bytes.count, by: 1_000_000) {
            digest.update(Array(bytes[start..<min(start + 1_000_000, bytes.count)]))
        }
        return digest.matches
    }

    @Test("a sync sees what is missing, what differs and what is too much")
    func plan() {
        let plan = SyncPlan(
            ["a", "b", "d", "é"],
            ["b", "c", "d", "z"],
            sourceName: { $0 },
            destinationName: { $0 }
        ) { source, _ in source == "b" ? .same : .differs }
        #expect(plan.transfers == ["a", "d", "é"])
        #expect(plan.surplus == ["c", "z"])
        #expect(plan.sameCount == 1)
        #expect(plan.doubtful.isEmpty)
    }

    @Test("two names that look alike but have other bytes are two")
    func normalForms() {
        let plan = SyncPlan(["e\u{301}"], ["\u{E9}"], sourceName: { $0 }, destinationName: { $0 }) { _, _ in .same }
        #expect(plan.transfers == ["e\u{301}"])
        #expect(plan.surplus == ["\u{E9}"])
    }
}

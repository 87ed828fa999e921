import FlareModel
import Testing

@testable import FlareBuckets

@Suite("the list of parts that completes an upload")
struct UploadCompletionTests {
    private static let start = Timestamp(milliseconds: 0)

    /// A thousand parts of two bytes each, without number 500.
    private let completion = UploadCompletion(
        upload: UploadRecord(
            id: "u",
            bucket: "data",
            key: "k",
            createdAt: start,
            metadata: ObjectMetadata(),
            checksum: nil
        ),
        uploaded: (1...1_000).filter { $0 != 500 }.map { number in
            UploadPartRecord(
                StagedObject(version: "v\(number)", size: 2, etag: etag(number), checksum: nil, contents: .file),
                number: number,
                file: "v\(number)",
                uploadedAt: start
            )
        },
        partBytesMin: 2
    )

    private static func etag(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    private func list(_ numbers: some Sequence<Int>) -> [CompletedPart] {
        numbers.map { CompletedPart(number: $0, etag: Self.etag($0)) }
    }

    private func refusal(_ parts: [CompletedPart]) -> FlareError? {
        do {
            _ = try completion.join(parts, expecting: ObjectExpectation())
            return nil
        } catch {
            return error as? FlareError
        }
    }

    @Test("of a thousand parts the one that is missing, doubled, changed or out of order is named")
    func thousand() throws {
        #expect(refusal(list(1...1_000))?.message == "part 500 of object \"k\" was not uploaded")
        let there = Array(1...499) + Array(501...1_000)
        var swapped = there
        swapped.swapAt(700, 701)
        #expect(refusal(list(swapped))?.message.hasPrefix("part 702 follows part 703: ") == true)
        var doubled = there
        doubled[998] = 999
        #expect(refusal(list(doubled))?.message.hasPrefix("part 999 follows part 999: ") == true)
        var changed = list(there)
        changed[0] = CompletedPart(number: 1, etag: Self.etag(2))
        #expect(refusal(changed)?.code == .invalidPart)

        let joined = try completion.join(list(there), expecting: ObjectExpectation())
        #expect(joined.size == 1_998)
        #expect(joined.etag.hasSuffix("-999"))
        #expect(joined.parts.map(\.start) == Array(stride(from: 0, to: 1_998, by: 2)))
    }
}

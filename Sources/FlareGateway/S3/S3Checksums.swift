import FlareBuckets
import FlareModel
import FoundationEssentials

/// The headers by which clients send checksums along with bytes, and get them back.
enum S3Checksums {
    /// The header of an algorithm: `x-amz-checksum-crc32`.
    static func header(_ algorithm: ChecksumAlgorithm) -> String {
        "x-amz-checksum-" + algorithm.rawValue.lowercased()
    }

    /// The element of an algorithm in documents: `ChecksumCRC32`.
    static func element(_ algorithm: ChecksumAlgorithm) -> String { "Checksum" + algorithm.rawValue }

    /// What a request announces of its body.
    ///
    /// Throws `InvalidDigest` and `InvalidRequest` for values that cannot be ones.
    /// - Parameter hasValues: false where the checksums in the headers are of something else than the body.
    static func expectation(
        _ head: S3RequestHead,
        body: S3CallBody,
        hasValues: Bool = true
    ) throws(S3Error) -> ObjectExpectation {
        try checkKnown(head)
        var expectation = ObjectExpectation(sizeBytes: body.length, md5: try md5(head))
        if hasValues { expectation.checksums = try values(head) }
        if expectation.checksums.count > 1 {
            throw S3Error(
                code: "InvalidRequest",
                httpStatus: 400,
                message: "one checksum is sent with a body, not \(expectation.checksums.count)"
            )
        }
        let trailing = trailers(head)
        expectation.computes = Set(trailing)
        if let named = try named(head, "x-amz-sdk-checksum-algorithm"), expectation.checksums.isEmpty {
            expectation.computes.insert(named)
        }
        if !trailing.isEmpty {
            expectation.trailing = {
                var result: [ChecksumAlgorithm: [UInt8]] = [:]
                for algorithm in trailing {
                    guard let text = body.trailers.first(where: { $0.name == header(algorithm) })?.value else {
                        throw S3Error(
                            code: "MalformedTrailerError",
                            httpStatus: 400,
                            message: "the body ends without the trailer \(header(algorithm)) that was announced"
                        )
                    }
                    result[algorithm] = try value(text, algorithm, name: header(algorithm))
                }
                return result
            }
        }
        return expectation
    }

    /// `content-md5` in hexadecimal.
    static func md5(_ head: S3RequestHead) throws(S3Error) -> String? {
        guard let text = head.header("content-md5") else { return nil }
        guard let data = Data(base64Encoded: text), data.count == 16 else {
            throw S3Error(
                code: "InvalidDigest",
                httpStatus: 400,
                message: "the Content-MD5 \"\(text)\" is not 16 bytes in base64"
            )
        }
        return hexadecimalText(data)
    }

    /// The checksums in the headers of a request; how many parts a composite one is of is left out.
    static func values(_ head: S3RequestHead) throws(S3Error) -> [ChecksumAlgorithm: [UInt8]] {
        var result: [ChecksumAlgorithm: [UInt8]] = [:]
        for algorithm in ChecksumAlgorithm.allCases {
            let name = header(algorithm)
            guard let text = head.header(name) else { continue }
            result[algorithm] = try value(String(text.prefix { $0 != "-" }), algorithm, name: name)
        }
        return result
    }

    /// Throws `InvalidRequest` for a checksum that S3 has and flare has not: read over, it would seem to be compared.
    private static func checkKnown(_ head: S3RequestHead) throws(S3Error) {
        let prefix = "x-amz-checksum-"
        let names = head.headers.map(\.name) + trailerNames(head).map(String.init)
        for name in names where name.hasPrefix(prefix) {
            let word = String(name.dropFirst(prefix.count))
            let isKnown =
                ["algorithm", "mode", "type"].contains(word) || ChecksumAlgorithm(rawValue: word.uppercased()) != nil
            if !isKnown { throw unknown(word, name) }
        }
    }

    private static func unknown(_ text: String, _ name: String) -> S3Error {
        S3Error(
            code: "InvalidRequest",
            httpStatus: 400,
            message: "\"\(text)\" in \(name) is not a checksum: "
                + ChecksumAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
        )
    }

    /// A checksum from its base64.
    static func value(_ text: String, _ algorithm: ChecksumAlgorithm, name: String) throws(S3Error) -> [UInt8] {
        guard let data = Data(base64Encoded: text), data.count == algorithm.sizeBytes else {
            throw S3Error(
                code: "InvalidRequest",
                httpStatus: 400,
                message:
                    "the value of \(name) is not a checksum: \"\(text)\" is not \(algorithm.sizeBytes) bytes in base64"
            )
        }
        return Array(data)
    }

    /// The algorithm that a header names; nil without the header.
    static func named(_ head: S3RequestHead, _ name: String) throws(S3Error) -> ChecksumAlgorithm? {
        guard let text = head.header(name), !text.isEmpty else { return nil }
        guard let algorithm = ChecksumAlgorithm(rawValue: text.uppercased()) else { throw unknown(text, name) }
        return algorithm
    }

    /// The headers that tell a checksum.
    static func headers(_ checksum: ObjectChecksum?) -> [(name: String, value: String)] {
        guard let checksum else { return [] }
        return [(header(checksum.algorithm), checksum.text), ("x-amz-checksum-type", checksum.type.rawValue)]
    }

    /// The elements that tell a checksum.
    static func write(_ checksum: ObjectChecksum?, to document: inout S3XMLWriter, showsType: Bool = false) {
        guard let checksum else { return }
        document.element(element(checksum.algorithm), checksum.text)
        if showsType { document.element("ChecksumType", checksum.type.rawValue) }
    }

    private static func trailers(_ head: S3RequestHead) -> [ChecksumAlgorithm] {
        let names = trailerNames(head)
        return ChecksumAlgorithm.allCases.filter { names.contains(Substring(header($0))) }
    }

    private static func trailerNames(_ head: S3RequestHead) -> [Substring] {
        (head.header("x-amz-trailer") ?? "").lowercased().split { $0 == "," || $0 == " " }
    }
}

import FlareModel
import Testing

@testable import FlareGateway

@Suite("multipart forms")
struct MultipartFormTests {
    private static let type = "multipart/form-data; boundary=b"

    private static func parse(_ body: String, type: String? = type, partsMax: Int = 5) throws -> [MultipartForm.Part] {
        try MultipartForm(Array(body.utf8), type: type, partsMax: partsMax).parts
    }

    private static func part(_ headers: String, _ content: String = "x") -> String {
        "--b\r\n\(headers)\r\n\r\n\(content)\r\n--b--\r\n"
    }

    private static func head(_ name: String) -> String {
        "--b\r\nContent-Disposition: form-data; name=\(name)\r\n\r\n"
    }

    @Test("parts come with their names, types and bytes")
    func parts() throws {
        let body =
            "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n"
            + "--b  \r\ncontent-type: text/plain\r\n"
            + "CONTENT-DISPOSITION:form-data;filename=\"./a b.txt\";name=file\r\n\r\n"
            + "\r\n--bold\r\n-- b\r\n\r\n--b\r\nContent-Disposition: form-data; name=empty\r\n\r\n\r\n--b--"
        let found = try Self.parse(body)
        #expect(found.map(\.name) == ["metadata", "file", "empty"])
        #expect(found.map(\.fileName) == [nil, "./a b.txt", nil])
        #expect(found.map(\.type) == [nil, "text/plain", nil])
        // What only begins like the boundary is content.
        #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == ["{}", "\r\n--bold\r\n-- b\r\n", ""])
    }

    @Test(
        "a name is read as each kind of client writes it",
        arguments: [
            (#"name="a%22b""#, #"a"b"#), (#"name="a\"b""#, #"a"b"#), (#"name="a;b=c""#, "a;b=c"), ("name=a", "a"),
            (#"NAME = "a" ; x=y"#, "a"), (#"name="ü""#, "ü"), (#"name="a"; name="b""#, "a"),
            (#"x; name="a""#, "a"), (#"x ;; =y;name=a"#, "a"), ("name=a;x", "a"), ("name; name=a", "a"),
        ]
    )
    func names(_ parameter: String, _ name: String) throws {
        let body = Self.part("Content-Disposition: form-data; \(parameter)")
        #expect(try Self.parse(body).map(\.name) == [name])
    }

    @Test(
        "a part without content ends at the next delimiter, whichever line ends stand before it",
        arguments: ["", "\r\n"]
    )
    func empty(_ content: String) throws {
        let (first, second, third) = (Self.head("e"), Self.head("f"), Self.head("g"))
        let found = try Self.parse("\(first)\(content)\(second)x\r\n\(third)\(content)--b--\r\n")
        #expect(found.map(\.name) == ["e", "f", "g"])
        #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == ["", "x", ""])
    }

    @Test(
        "a boundary is read bare and in quotes",
        arguments: ["multipart/form-data;boundary=b", "Multipart/Form-Data; charset=utf-8; boundary=\"b\""]
    )
    func boundaries(_ type: String) throws {
        let body = "\r\n" + Self.part("Content-Disposition: form-data; name=a")
        #expect(try Self.parse(body, type: type).count == 1)
    }

    @Test(
        "a body that is not one is refused with what is wrong",
        arguments: [
            ("", "does not begin with the boundary"), ("--c\r\n", "does not begin with the boundary"),
            ("--b", "cut off"), ("--b\r\n", "cut off"), ("--bx", "cut off"), ("--b\r\nContent-Disposition", "cut off"),
            ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx", "cut off"),
            ("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--", "cut off"),
            (part("Content-Type: text/plain"), "part 1 of the body has no name"),
            (part("Content-Disposition: attachment; name=a"), "has no name"),
            (part("Content-Disposition: form-data; name; filename=a"), "has no name"),
            (part("Content-Disposition: form-data; name=a\r\nnone"), "a header that is none"),
            (part("Content-Disposition: form-data; name=a\r\ncontent-disposition: x"), "two headers"),
            (part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"), "encoded as base64"),
            (part("X: \(String(repeating: "x", count: 9_000))"), "larger than"),
        ]
    )
    func refused(_ body: String, _ words: String) throws {
        let error = #expect(throws: FlareError.self) { try Self.parse(body) }
        #expect(error?.code == .invalidData && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(
        "a type that names no boundary is refused",
        arguments: [nil, "", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=b"]
    )
    func types(_ type: String?) throws {
        #expect(throws: FlareError.self) { try Self.parse(Self.part("X: y"), type: type) }
    }

    @Test("more parts than are taken are refused, and every beginning of a body is too")
    func bounds() throws {
        let one = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"
        let body = Array((one + one + "--b--").utf8)
        #expect(throws: FlareError.self) { try MultipartForm(body, type: Self.type, partsMax: 1) }
        for count in 0..<body.count {
            #expect(throws: FlareError.self) { try MultipartForm(Array(body[..<count]), type: Self.type, partsMax: 5) }
        }
    }
}

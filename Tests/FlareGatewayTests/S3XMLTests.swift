import FlareModel
import NIOCore
import Testing

@testable import FlareGateway

@Suite("XML of the S3 door")
struct S3XMLTests {
    private func read(_ text: String, root: String = "Delete") throws -> S3XMLElement {
        try S3XMLReader.read(ByteBuffer(string: text), root: root)
    }

    @Test("a document is read with its names, texts, entities and sections")
    func documents() throws {
        let document = try read(
            """
            \u{FEFF}<?xml version="1.0" encoding="utf-8"?>
            <!-- one -->
            <s3:Delete xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/' a = "x&amp;y">
              <Object><Key>a&amp;b &lt;c&gt; &quot;d&apos; &#65;&#x1F600;</Key></Object>
              <Object><Key><![CDATA[<&]]>]]&gt;</Key><VersionId/></Object>
              <Quiet> true <!-- two --></Quiet>
            </s3:Delete>
            """
        )
        #expect(document.all("Object").map { $0["Key"]?.text } == ["a&b <c> \"d' A\u{1F600}", "<&]]>"])
        #expect(document.all("Object")[1]["VersionId"]?.text == "")
        #expect(document["Quiet"]?.trimmed == "true")
    }

    @Test("line ends are one newline, unless they are written by number")
    func lines() throws {
        #expect(try read("<Delete>a\r\nb\rc&#13;&#10;\u{1}</Delete>").text == "a\nb\nc\r\n\u{1}")
        #expect(try read("<Delete>\r\r\n&amp;&amp;x<a/>\r\r<!-- -->y\r</Delete>").text == "\n\n&&x\n\ny\n")
    }

    @Test("a thousand of the longest keys to delete are read as they are")
    func many() throws {
        let keys = (0..<1_000).map { "\($0)/" + String(repeating: "é", count: 500) }
        let objects = keys.map { "<Object><Key>\($0)</Key></Object>" }.joined(separator: "\n")
        #expect(try read("<Delete>\(objects)</Delete>").all("Object").map { $0["Key"]?.text } == keys)
    }

    @Test(
        "anything else is refused, saying where",
        arguments: [
            "", "text", "<Delete>", "<Delete></Other>", "<Delete/><Delete/>", "<Delete>&other;</Delete>",
            "<Delete>&#0;</Delete>", "<Delete>&#xD800;</Delete>", "<Delete>&amp</Delete>", "<Delete a></Delete>",
            "<Delete a=b/>", "<Delete a='<'/>", "<Delete><!ELEMENT x></Delete>", "<Other/>", "<Delete>\u{0}</Delete>",
            "<!DOCTYPE Delete [<!ENTITY a \"b\">]><Delete>&a;</Delete>", "<Delete><1/></Delete>", "<Delete/>text",
            "<?xml version='1.0' encoding='latin1'?><Delete/>", "<Delete><!-- </Delete>", "<Delete><![CDATA[</Delete>",
            String(repeating: "<Delete>", count: 100_000),
        ]
    )
    func refused(_ text: String) {
        #expect { try read(text) } throws: { error in
            guard let error = error as? S3Error else { return false }
            return error.code == "MalformedXML" && error.httpStatus == 400
        }
        #expect { try S3XMLReader.read(ByteBuffer(bytes: [0x3C, 0xFF, 0x3E]), root: "Delete") } throws: {
            ($0 as? S3Error)?.code == "MalformedXML"
        }
    }

    @Test("what is written is read as it was")
    func written() throws {
        let text = "a&b<c>\"d'\t\r\né\u{1F600}]]>"
        var document = S3XMLWriter("Delete")
        document.element("Object") { $0.element("Key", text) }
        let element = try S3XMLReader.read(try document.finish(), root: "Delete")
        #expect(element["Object"]?["Key"]?.text == text)
    }

    @Test("a text that XML cannot hold is refused with the way out, and in errors is shown as far as it can be")
    func unspeakable() throws {
        var document = S3XMLWriter("Result")
        document.element("Key", "bell\u{7}")
        #expect { try document.finish() } throws: { error in
            guard let error = error as? S3Error else { return false }
            return error.message.contains("bell%07") && error.message.contains("encoding-type=url")
        }
        var lenient = S3XMLWriter("Error", hasNamespace: false, isLenient: true)
        lenient.element("Key", "bell\u{7}")
        #expect(String(buffer: try lenient.finish()).contains("bell\u{FFFD}"))
    }
}

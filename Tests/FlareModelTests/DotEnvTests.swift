import FlareModel
import Testing

struct DotEnvTests {
    @Test func `names, quotes, comments and lines are read as people write them`() throws {
        let text = """
            # the shop
            A=plain text # why
            export B = 'single # $x'
            C="two\\nlines and \\"quotes\\""
            D=`back
            ticks`
            E=
            F=a#b=c
            A=last

            """
        let values = try DotEnv.parse(text, file: ".env")
        #expect(
            values == [
                "A": "last", "B": "single # $x", "C": "two\nlines and \"quotes\"", "D": "back\nticks", "E": "",
                "F": "a#b=c",
            ]
        )
        #expect(try DotEnv.parse("X=1\r\nexport=2\r\n", file: ".env") == ["X": "1", "export": "2"])
    }

    @Test(arguments: [("A=1\nhunter2\n", ".env:2 must be NAME=value"), ("A=1\nB=\"open", ".env:2 begins a value")])
    func `a mistake is told by its line, without the line's text`(text: String, message: String) {
        let error = #expect(throws: FlareError.self) { try DotEnv.parse(text, file: ".env") }
        #expect(error?.message.hasPrefix(message) == true)
        #expect(error?.message.contains("hunter2") == false)
    }
}

import FlareModel
import Glibc
import Testing

@testable import FlareCLI

@Suite("words about objects")
struct ObjectWordsTests {
    @Test(
        "a pattern matches as it says",
        arguments: [
            ("*.json", "a.json", true), ("*.json", "logs/a.json", false), ("**.json", "logs/a.json", true),
            ("logs/*.json", "logs/a.json", true), ("logs/*.json", "logs/b/a.json", false),
            ("logs/**/a.json", "logs/a.json", true), ("logs/**/a.json", "logs/b/c/a.json", true),
            ("logs/**/a.json", "logs/ba.json", false), ("logs/**", "logs/b/c", true), ("logs/**", "logs", false),
            ("**/x", "x", true), ("**/x", "a/b/x", true), ("**/x", "a/bx", false), ("a?c", "abc", true),
            ("a?c", "a/c", false), ("a?c", "aéc", true), ("[a-c]1", "b1", true), ("[!a-c]1", "b1", false),
            ("[!a-c]1", "d1", true), ("[^a]1", "/1", false), ("[]x]", "]", true), ("[a-", "[a-", true),
            ("\\*", "*", true), ("\\*", "a", false), ("a\\", "a\\", true), ("", "", true), ("", "a", false),
            ("*", "", true), ("a**b", "a/x/b", true), ("**/**/x", "x", true),
        ]
    )
    func glob(pattern: String, text: String, isMatch: Bool) {
        #expect(GlobPattern(pattern).matches(text) == isMatch)
    }

    @Test("a pattern of many stars is decided at once")
    func manyStars() {
        let pattern = GlobPattern(String(repeating: "*a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 1024)))
    }

    @Test(
        "what a pattern must begin with narrows the listing",
        arguments: [
            ("logs/2026-*/x", "logs/2026-"), ("plain", "plain"), ("*x", ""), ("a\\*b?", "a*b"), ("a[x", "a[x"),
        ]
    )
    func literalPrefix(pattern: String, prefix: String) {
        #expect(GlobPattern(pattern).literalPrefix == prefix)
    }

    @Test(
        "filters look at the last part, or at the whole path when they hold a slash",
        arguments: [
            (["*.txt"], [String](), "a/b.txt", true), (["*.txt"], [], "b.json", false),
            (["a/*"], [], "a/b", true), (["a/*"], [], "c/a/b", false), ([], ["tmp/"], "tmp/x/y", false),
            ([], ["tmp/"], "a/tmp", true), (["*.txt"], ["secret*"], "secret.txt", false), ([], [], "anything", true),
        ]
    )
    func filter(include: [String], exclude: [String], path: String, isMeant: Bool) {
        #expect(ObjectFilter(include: include, exclude: exclude).accepts(path) == isMeant)
    }

    @Test(
        "a key that could lead out of the directory is refused",
        arguments: [
            "", "/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "a/", ".", "..", "a\0b",
            String(repeating: "x", count: 256), ".flare-part-x", "a/.flare-part-1/b",
            "..\u{2F}\u{301}x/../y", "/\u{301}etc", "a/\u{301}/../../x", "..\u{2F}\u{FE0F}b",
        ]
    )
    func unsafe(key: String) {
        let error = #expect(throws: FlareError.self) { try SafePath.parts(key) }
        #expect(error?.code == .invalidName)
        #expect(error?.message.contains("\0") == false)
    }

    @Test(
        "an odd key that is a plain path is taken",
        arguments: [
            "a", "a/b", "...", "a..b/c", " ", "~", "a\\b", "%2e%2e/x", "\u{1B}[31m", "é/e\u{301}", "-rf",
            String(repeating: "x", count: 255),
        ]
    )
    func safe(key: String) throws {
        #expect(try SafePath.parts(key).joined(separator: "/") == key)
    }

    @Test("control characters of a key do not reach the terminal")
    func visible() {
        #expect(SafePath.visible("a\u{1B}[31mb\n\u{9B}") == "a\\u{1b}[31mb\\u{a}\\u{9b}")
        #expect(SafePath.visible("é ✓") == "é ✓")
    }

    @Test("an address is a bucket and a key")
    func address() throws {
        #expect(try ObjectAddress("flare://b", needsScheme: true) == ObjectAddress(bucket: "b", key: ""))
        #expect(try ObjectAddress("flare://b/", needsScheme: true)?.folder == "")
        #expect(try ObjectAddress("flare://b/x/y", needsScheme: true)?.folder == "x/y/")
        #expect(try ObjectAddress("b//k", needsScheme: false) == ObjectAddress(bucket: "b", key: "/k"))
        #expect(try ObjectAddress("b/k", needsScheme: true) == nil)
        #expect(throws: FlareError.self) { try ObjectAddress("flare:///k", needsScheme: true) }
        let error = #expect(throws: FlareError.self) { try ObjectAddress("s3://b/k", needsScheme: true) }
        #expect(error?.hint == "write flare://b/k")
    }

    @Test(
        "the time of a file survives its text",
        arguments: [
            0, 1, 999_999_999, 1_700_000_000_123_456_789, -1, -1_500_000_000,
        ]
    )
    func fileTime(nanoseconds: Int64) {
        let time = FileTime(nanoseconds: nanoseconds)
        #expect(FileTime(metadata: time.metadata) == time)
        let specification = time.specification
        #expect((0..<1_000_000_000).contains(specification.tv_nsec))
        #expect(Int64(specification.tv_sec) * 1_000_000_000 + Int64(specification.tv_nsec) == nanoseconds)
    }

    @Test("a text that is no time is none", arguments: ["", "x", "1.x", "1.-5", "99999999999999", "1 "])
    func noFileTime(text: String) {
        #expect(FileTime(metadata: text) == nil)
    }

    @Test(
        "a range is written as the header has it",
        arguments: [
            ("0-99", "bytes=0-99"), ("100-", "bytes=100-"), ("-5", "bytes=-5"), ("5-1", nil), ("-", nil), ("a-b", nil),
            ("1-2-3", nil), ("7", nil), ("0-99,200-", nil),
        ]
    )
    func range(text: String, header: String?) {
        #expect(ObjectsGet.header(text) == header)
    }
}

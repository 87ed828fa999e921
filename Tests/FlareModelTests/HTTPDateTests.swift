import FlareModel
import Testing

@Suite("Dates of HTTP headers")
struct HTTPDateTests {
    @Test(
        "a moment is written as HTTP writes it, and read back",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (1_700_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ]
    )
    func both(seconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: seconds * 1000).httpDate == text)
        #expect(Timestamp(httpDate: text) == Timestamp(milliseconds: seconds * 1000))
    }

    @Test(
        "the two obsolete forms are read, too",
        arguments: [
            (784_111_777, "Sunday, 06-Nov-94 08:49:37 GMT"), (784_111_777, "Sun Nov  6 08:49:37 1994"),
            (951_782_400, "Tuesday, 29-Feb-00 00:00:00 GMT"), (1_700_000_000, "Tue Nov 14 22:13:20 2023"),
        ]
    )
    func obsolete(seconds: Int64, text: String) {
        #expect(Timestamp(httpDate: text) == Timestamp(milliseconds: seconds * 1000))
    }

    @Test(
        "other forms are not dates",
        arguments: [
            "", "0", "2023-11-14", "Tue, 14 Xyz 2023 22:13:20 GMT", "a b c d e GMT", "a b c GMT", "a b c d e",
            "Thu, 30 Feb 2023 00:00:00 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov  6 08:49 1994",
        ]
    )
    func other(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}

import FlareModel
import NIOCore

/// Where the load goes: `http://HOST:PORT/PIPELINE`.
struct IngestTarget: Sendable {
    let host: String
    let port: Int
    let path: String

    init(url: String) throws {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        let authority = parts.count == 3 ? parts[1].split(separator: ":") : []
        guard url.hasPrefix("http://"), authority.count == 2, let port = Int(authority[1]) else {
            throw FlareError(.invalidArgument, "\"\(url)\" is no endpoint", hint: "write http://HOST:PORT/PIPELINE")
        }
        host = String(authority[0])
        self.port = port
        path = "/" + parts[2]
    }

    /// The bytes of a request on a connection that stays open.
    func request(method: String, path: String, body: [UInt8]) -> ByteBuffer {
        var request = ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nhost: \(host):\(port)\r\n")
        request.writeString("content-type: application/json\r\ncontent-length: \(body.count)\r\n\r\n")
        request.writeBytes(body)
        return request
    }
}

/// Records as a web shop would send them: about 300 bytes each, with escapes and nesting.
enum SampleRecords {
    static func body(records: Int) -> [UInt8] {
        let texts = (0..<records).map { index in
            """
            {"merchantId":"m-\(index % 20)","event":"page_view","ts":"2024-04-01T12:00:00.\(100 + index % 900)Z",\
            "user":{"id":\(1_000_000 + index),"name":"J\\u00fcrgen \\"J\\" O'Neil","tags":["a","b","c"]},\
            "page":{"url":"https://shop.example/p/\(index)?q=%20x","referrer":null,"ms":\(index % 997).25},\
            "ok":true,"note":"line one\\nline two, with some more text to fill the record up"}
            """
        }
        let text = records == 1 ? texts[0] : "[" + texts.joined(separator: ",") + "]"
        return Array(text.utf8)
    }
}

import Testing

@testable import FlareGateway

struct WorkerTargetTests {
    @Test(arguments: [
        ("127.0.0.1:8701", "/workers/shop", "http://127.0.0.1:8701/"),
        ("127.0.0.1:8701", "/workers/shop/", "http://127.0.0.1:8701/"),
        ("127.0.0.1:8701", "/workers/shop?a=1", "http://127.0.0.1:8701/?a=1"),
        ("localhost", "/workers/shop/a%20b/c?d=%2F", "http://localhost/a%20b/c?d=%2F"),
        ("shop.localhost:8701", "/", "http://shop.localhost:8701/"),
        ("Shop.LOCALHOST", "/workers/other/x", "http://Shop.LOCALHOST/workers/other/x"),
    ])
    func `an address names a Worker and what its code sees`(host: String, path: String, url: String) {
        let target = WorkerTarget(host: host, path: path)
        #expect(target?.worker == "shop")
        #expect(target?.url == url)
    }

    @Test(arguments: [
        ("127.0.0.1:8701", "/flare/v1/workers"), ("localhost", "/"), ("localhost", "/workers/"),
        ("localhost", "/workers"), ("a.b.localhost", "/"), (".localhost", "/"), ("localhost", "*"),
        ("localhost", "/workers/%ff/"),
    ])
    func `other addresses are the API's`(host: String, path: String) {
        #expect(WorkerTarget(host: host, path: path) == nil)
    }

    @Test func `a request without a host has the loopback address`() {
        #expect(WorkerTarget(host: nil, path: "/workers/shop/x")?.url == "http://127.0.0.1/x")
    }
}

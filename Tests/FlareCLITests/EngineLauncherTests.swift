import FlareClient
import FlareModel
import Foundation
import Testing

@Suite("finding and starting the engine")
struct EngineLauncherTests {
    @Test(
        "an engine that somebody else starts or stops meanwhile is waited for",
        arguments: [true, false]
    )
    func startedElsewhere(isStarting: Bool) throws {
        var template = Array("/tmp/flare-XXXXXX\0".utf8CString.dropLast())
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let listener = try listen(on: directory + "/engine.sock")
        defer { close(listener) }
        let info = EngineInfo(
            pid: getpid(),
            version: FlareVersion.current,
            startedAt: Timestamp(milliseconds: 0),
            socketPath: directory + "/engine.sock",
            controlPort: 0,
            ingestPort: 0,
            kafkaPort: 0
        )
        try Data(FlareJSON.encode(info)).write(to: URL(fileURLWithPath: directory + "/ready.json"))
        let refusal = EnvelopeError(FlareError(.stateInUse, "in use"))
        try Data(FlareJSON.encode(refusal)).write(to: URL(fileURLWithPath: directory + "/refusal.json"))
        // The first start is refused; by then the other engine is ready, or the second start succeeds.
        let script = """
            #!/bin/sh
            cd "$2"
            if mkdir refused 2>/dev/null; then
                \(isStarting ? "mv ready.json engine.json" : ":")
                cat refusal.json >&3
            else
                mv ready.json engine.json
                printf ready >&3
            fi
            """
        try Data(script.utf8).write(to: URL(fileURLWithPath: directory + "/engine"))
        try #require(chmod(directory + "/engine", 0o755) == 0)
        let launcher = EngineLauncher(
            state: StateDirectory(path: directory),
            environment: ["FLARE_ENGINE": directory + "/engine"]
        )
        let result = try launcher.ensureRunning()
        #expect(result.info == info)
        #expect(result.started == !isStarting)
    }

    private func listen(on path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
        try #require(Glibc.listen(descriptor, 8) == 0)
        return descriptor
    }
}

import FlareModel
import FoundationEssentials
import Glibc
import Testing

@testable import FlareCLI

@Suite("how an engine is stopped")
struct EngineStopTests {
    @Test(
        "an engine that does not answer keeps nobody waiting for ever, nor one at which no more connections may wait",
        arguments: [false, true]
    )
    func deaf(isCrowded: Bool) async throws {
        var template = Array("/tmp/flare-XXXXXX\0".utf8CString.dropLast())
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // A socket that takes connections and says nothing, as that of an engine that hangs.
        let socketPath = directory + "/engine.sock"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(listener, isCrowded ? 0 : 8) == 0)
        let crowd = isCrowded ? Self.connections(to: address) : []
        defer { for descriptor in crowd { close(descriptor) } }
        let info = EngineInfo(
            pid: getpid(),
            version: FlareVersion.current,
            startedAt: Timestamp(milliseconds: 0),
            socketPath: socketPath,
            controlPort: 0,
            ingestPort: 0,
            kafkaPort: 0
        )
        try Data(FlareJSON.encode(info)).write(to: URL(filePath: directory + "/engine.json"))

        let shell = Shell(GlobalOptions(state: directory, json: false))
        // The call is made before its time has passed, and still nobody answers.
        let seconds: Int32 = isCrowded ? 1 : 0
        let error = await #expect(throws: FlareError.self) { try await EngineControl.stop(shell, within: seconds) }
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.hint?.hasPrefix("kill -9 \(getpid())") == true)
    }
    /// Connections that nobody takes, as many as may wait.
    private static func connections(to address: sockaddr_un) -> [Int32] {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        var descriptors: [Int32] = []
        while true {
            let descriptor = socket(AF_UNIX, kind, 0)
            descriptors.append(descriptor)
            let isConnected = withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
            if !isConnected { return descriptors }
        }
    }
}

import FlareModel
import FoundationEssentials
import Glibc
import Testing

@testable import FlareCLI

@Suite("how an engine is stopped")
struct EngineStopTests {
    @Test("an engine that does not answer keeps nobody waiting for ever")
    func deaf() async throws {
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
        try #require(bound == 0 && listen(listener, 8) == 0)
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
        let error = await #expect(throws: FlareError.self) { try await EngineControl.stop(shell, within: 0) }
        #expect(error?.code == .deadlineExceeded)
        #expect(error?.hint?.hasPrefix("kill -9 \(getpid())") == true)
    }
}

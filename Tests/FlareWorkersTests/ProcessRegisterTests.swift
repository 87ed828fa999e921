import FlareModel
import Foundation
import Testing

@testable import FlareWorkers

@Suite struct ProcessRegisterTests {
    @Test func `a process left over is killed, and one that only has its pid is not`() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/register-\(Identifier.hexadecimal())"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let register = ProcessRegister(directory: directory)
        let spawner = ChildSpawner()
        let sleep = ChildSpawner.Command(path: "/bin/sleep", arguments: ["60"], environment: [:])
        let (left, reused) = (try await spawner.spawn(sleep), try await spawner.spawn(sleep))
        try register.record(left)
        try register.record(reused)
        try Data("1".utf8).write(to: URL(filePath: "\(directory)/\(reused)"))
        #expect(register.killLeftovers() == [left])
        #expect(try await spawner.wait(for: left) == 256 + 9)
        #expect(FileManager.default.fileExists(atPath: "/proc/\(reused)"))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(names.isEmpty)
        // The end of the thread that made it ends the other one.
        await spawner.stop()
        #expect(await eventually { ProcessRegister.startTime(of: reused) == nil || Self.isZombie(reused) })
    }

    @Test func `a program that does not exist is an error of the start`() async throws {
        let spawner = ChildSpawner()
        let error = await #expect(throws: FlareError.self) {
            try await spawner.spawn(.init(path: "/nowhere/node", arguments: [], environment: [:]))
        }
        #expect(error?.code == .toolMissing)
        #expect(error?.message == "/nowhere/node cannot be started: No such file or directory")
        await spawner.stop()
    }

    private static func isZombie(_ pid: pid_t) -> Bool {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return stat.contains(") Z ")
    }
}

import FlareModel
import FoundationEssentials
import Glibc
import Testing

@testable import FlareStore

@Suite struct StateLockTests {
    @Test("a second engine on one state directory is refused, with the pid of the first")
    func secondHolder() async throws {
        try await withTemporaryDirectory { directory in
            let state = StateDirectory(path: directory + "/new/.flare")
            let first = try StateLock.acquire(state)
            let error = #expect(throws: FlareError.self) { try StateLock.acquire(state) }
            #expect(error?.code == .stateInUse)
            #expect(error?.message.contains("pid \(ProcessInfo.processInfo.processIdentifier)") == true)
            #expect(error?.hint == "flare engine status")
            withExtendedLifetime(first) {}
        }
    }

    @Test("the lock of an engine that is gone is taken over, whatever its file says")
    func takenOver() async throws {
        try await withTemporaryDirectory { directory in
            let state = StateDirectory(path: directory)
            try Data("999999999\n".utf8).write(to: URL(filePath: state.lock))
            do { _ = try StateLock.acquire(state) }
            let second = try StateLock.acquire(state)
            let text = String(decoding: try Data(contentsOf: URL(filePath: state.lock)), as: UTF8.self)
            #expect(text == "\(ProcessInfo.processInfo.processIdentifier)\n")
            withExtendedLifetime(second) {}
        }
    }

    @Test("a lock that only a child of a killed engine still holds is waited for")
    func leftBehind() async throws {
        try await withTemporaryDirectory { directory in
            let state = StateDirectory(path: directory)
            try Data("999999999\n".utf8).write(to: URL(filePath: state.lock))
            let child = open(state.lock, O_RDWR | O_CLOEXEC)
            try #require(flock(child, LOCK_EX) == 0)
            var pauses = 0
            let lock = try StateLock.acquire(state) {
                pauses += 1
                if pauses == 3 { close(child) }
                // Another test may be starting a program just then, which holds it for a moment, too.
                if pauses > 3 { poll(nil, 0, 5) }
            }
            #expect(pauses >= 3)
            withExtendedLifetime(lock) {}
        }
    }

    @Test("the state directory is made for its owner alone")
    func mode() async throws {
        try await withTemporaryDirectory { directory in
            let state = StateDirectory(path: directory + "/a/b")
            let lock = try StateLock.acquire(state)
            let attributes = try FileManager.default.attributesOfItem(atPath: state.path)
            #expect((attributes[.posixPermissions] as? Int ?? 0) & 0o777 == 0o700)
            withExtendedLifetime(lock) {}
        }
    }
}

import FoundationEssentials
import Testing

@testable import FlareModel

@Suite struct StateDirectoryTests {
    @Test("the flag comes before the environment, and that before the home directory")
    func order() {
        func path(_ flag: String?, _ environment: [String: String]) -> String {
            StateDirectory.resolve(flag: flag, environment: environment, workingDirectory: "/nowhere/at/all").path
        }
        let all = ["FLARE_STATE": "/env", "XDG_STATE_HOME": "/xdg", "HOME": "/me"]
        #expect(path("/flag/", all) == "/flag")
        #expect(path("here/../there", all) == "/nowhere/at/all/there")
        #expect(path(nil, all) == "/env")
        #expect(path(nil, ["XDG_STATE_HOME": "/xdg", "HOME": "/me"]) == "/xdg/flare")
        #expect(path(nil, ["XDG_STATE_HOME": "relative", "HOME": "/me"]) == "/me/.local/state/flare")
    }

    @Test("the nearest .flare upwards is found")
    func upwards() throws {
        let root = FileManager.default.temporaryDirectory.path + "/flare-model-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root + "/.flare", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: root + "/a/b", withIntermediateDirectories: true)
        let found = StateDirectory.resolve(flag: nil, environment: [:], workingDirectory: root + "/a/b")
        try FileManager.default.removeItem(atPath: root)
        #expect(found.path == root + "/.flare")
    }
}

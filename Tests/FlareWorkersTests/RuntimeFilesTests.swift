import FlareModel
import Foundation
import Testing

@testable import FlareWorkers

@Suite struct RuntimeFilesTests {
    @Test func `every file of the runtime is installed, and mended when it is damaged`() throws {
        let parent = FileManager.default.temporaryDirectory.path + "/runtime-\(Identifier.hexadecimal())"
        defer { try? FileManager.default.removeItem(atPath: parent) }
        let sources = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/FlareWorkers/Runtime").standardized.path
        let runtime = try RuntimeFiles.install(under: parent)
        let expected = Set(try FileManager.default.contentsOfDirectory(atPath: sources))
        let installed = Set(try FileManager.default.contentsOfDirectory(atPath: runtime.directory))
        #expect(installed == expected)
        try Data("half".utf8).write(to: URL(filePath: runtime.main))
        let again = try RuntimeFiles.install(under: parent)
        #expect(again.directory == runtime.directory)
        let main = try Data(contentsOf: URL(filePath: runtime.main))
        #expect(main == (try Data(contentsOf: URL(filePath: sources + "/main.mjs"))))
    }

    @Test(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
    func `a result that comes as a replay ends does not overtake one that has waited for that`() throws {
        let replay = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/FlareWorkers/Runtime/replay.mjs").standardized
        let script = """
            import { Replay } from "\(replay.absoluteString)";
            const replay = new Replay([{ k: "do", name: "a", n: 1, value: Buffer.from("1") }]);
            const order = [];
            const result = async (name) => { await replay.drained(); order.push(name); };
            const old = replay.take("do", "a", 1);
            const early = result("early");
            await old;
            await Promise.all([early, result("late")]);
            if (order.join() !== "early,late") throw new Error(order.join());
            """
        let node = Process()
        node.executableURL = URL(filePath: "/usr/bin/env")
        node.arguments = ["node", "--input-type=module", "--eval", script]
        try node.run()
        node.waitUntilExit()
        #expect(node.terminationStatus == 0)
    }

    @Test(arguments: [
        ("18.19.1", nil), ("16.0.0", nil), ("nonsense", nil), ("18.20.4", [String]()),
        ("20.20.2", ["--disable-warning=ExperimentalWarning", "--experimental-permission", "--allow-fs-read=/a/*"]),
        ("24.1.0", ["--disable-warning=ExperimentalWarning", "--permission", "--allow-fs-read=/a/*"]),
    ])
    func `each Node.js gets the flags that it knows`(version: String, arguments: [String]?) {
        let node = NodeTool(path: "/usr/bin/node", version: version)
        #expect(node?.arguments(readable: ["/a"]) == arguments)
    }
}

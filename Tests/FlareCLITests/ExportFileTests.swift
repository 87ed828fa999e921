import FlareModel
import FoundationEssentials
import Glibc
import Testing

@testable import FlareCLI

@Suite("the file of an export")
struct ExportFileTests {
    @Test("two exports do not write to one file; when one has ended, the next may")
    func twoAtOnce() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/flare-\(getpid())-export"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/orders.ndjson"
        let first = try ExportFile(path: path, resumes: false)
        try first.write(Array("{\"cursor\":1}\n".utf8))
        for resumes in [false, true] {
            let error = #expect(throws: FlareError.self) { try ExportFile(path: path, resumes: resumes) }
            #expect(error?.code == .inUse)
        }
        try first.finish()
        #expect(FileManager.default.contents(atPath: path) == Data("{\"cursor\":1}\n".utf8))
        try ExportFile(path: path, resumes: false).finish()
        #expect(FileManager.default.contents(atPath: path) == Data())
    }
}

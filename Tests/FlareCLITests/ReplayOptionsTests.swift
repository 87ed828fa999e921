import FlareModel
import Testing

@testable import FlareCLI

@Suite("Options of a replay")
struct ReplayOptionsTests {
    @Test("a patch splits at the first \"=\" that JSON follows, since names may hold one too")
    func patches() throws {
        let plain = try WorkflowsReplay.patch("read objects={\"a\": \"b=c\"}")
        #expect([plain.step, plain.output] == ["read objects", "{\"a\": \"b=c\"}"])
        let named = try WorkflowsReplay.patch("x=y#2=3")
        #expect([named.step, named.output] == ["x=y#2", "3"])
        for text in ["name", "name=", "=3", "name=oops"] {
            let error = #expect(throws: FlareError.self) { try WorkflowsReplay.patch(text) }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("a rate is of instances a second, a minute or an hour")
    func rates() throws {
        #expect(try WorkflowsReplay.perSecond("10") == 10)
        #expect(try WorkflowsReplay.perSecond("10/s") == 10)
        #expect(try WorkflowsReplay.perSecond("600/m") == 10)
        #expect(try WorkflowsReplay.perSecond("0.5/s") == 0.5)
        for text in ["", "0", "-1", "x/s", "1/d", "1/s/s"] {
            #expect(throws: FlareError.self) { try WorkflowsReplay.perSecond(text) }
        }
    }
}

import FlareModel
import Testing

@testable import FlareWorkers

@Suite struct BuildErrorsTests {
    @Test func `the first error is named with its file, line and column, and the others are counted`() {
        let output = """
            ✘ [ERROR] Expected ";" but found "x"

                src/index.ts:3:10:
                  3 │ let a = 1 x
                    ╵           ^

            ✘ [ERROR] Could not resolve "./gone"

                src/index.ts:1:7:
                  1 │ import "./gone"
                    ╵        ~~~~~~~~
            """
        let error = BuildErrors(output: output).error(tool: "esbuild 0.17.0 (/usr/bin/esbuild)")
        #expect(error.code == .buildFailed)
        #expect(error.message.hasPrefix("src/index.ts:3:10: Expected \";\" but found \"x\" (and 1 more)\n"))
        #expect(error.message.contains("3 │ let a = 1 x"))
        #expect(error.hint?.contains("esbuild 0.17.0") == true)
    }

    @Test func `what cannot be found is no matter of syntax, and a module of the runtime has its own name`() {
        let missing = BuildErrors(output: "✘ [ERROR] Could not resolve \"./gone\"").error(tool: "esbuild 0.17.0")
        #expect(missing.hint?.hasPrefix("is the file there?") == true)
        let output = "✘ [ERROR] No matching export in \"../state/runtime/0d/shim-workers.mjs\" for import \"nosuch\""
        let export = BuildErrors(output: output).error(tool: "esbuild 0.17.0")
        #expect(export.message == "No matching export in \"cloudflare:workers\" for import \"nosuch\"")
        #expect(export.hint == "does the module export that name? (esbuild 0.17.0)")
    }

    @Test func `output of another shape is passed on`() {
        let error = BuildErrors(output: "Segmentation fault").error(tool: "esbuild")
        #expect(error.message == "esbuild failed: Segmentation fault")
    }
}

import FlareModel
import FoundationEssentials

/// Makes one module of a Worker's sources, with the `esbuild` command line.
struct Bundler: Sendable {
    let toolbox: Toolbox
    let spawner: ChildSpawner
    let runtime: RuntimeFiles
    let settings: WorkerSettings

    /// A bundle that was written: `index.mjs` and `index.mjs.map`.
    struct Bundle: Sendable {
        var sourceFiles: Int
        var bytes: Int
        /// The names that the entry file exports; nil when it was not read.
        var exports: [String]?
        /// The source files, relative to the project.
        var inputs: [String]
        /// Path and version of the esbuild that made it.
        var esbuild: String
    }

    /// Bundles the entry file of a project into a directory.
    ///
    /// Throws `buildFailed` naming the user's file, line and column; `toolMissing` when there is no esbuild.
    func bundle(
        main: String,
        project: String,
        build: BuildSettings,
        into directory: String
    ) async throws -> Bundle {
        if let command = build.command {
            try await run(command, in: "\(project)/\(build.commandDirectory)", outputFile: "\(directory)/build.txt")
        }
        guard FileManager.default.fileExists(atPath: "\(project)/\(main)") else {
            throw FlareError(.fileNotFound, "the entry file \(main) does not exist in \(project)")
        }
        return try await bundle(main, project: project, arguments: Self.arguments(build), into: directory)
    }

    /// Writes the modules of an upload into the directory `source`, and bundles them.
    ///
    /// Throws `buildFailed` when they import anything but each other and what Cloudflare's runtime has.
    func bundle(
        _ modules: ScriptModules,
        in source: String,
        build: BuildSettings,
        into directory: String
    ) async throws -> Bundle {
        // Not to be read as a flag.
        let main = "./\(modules.manifest.main)"
        try modules.write(to: source)
        let check = { try modules.checkInputs($0, directory: source, runtime: runtime.directory) }
        let bundle = try await bundle(
            main,
            project: source,
            arguments: Self.arguments(build) + modules.arguments,
            dataBytesMax: Limits.uploadToolBytesMax,
            into: directory,
            // What is wrong with another file would show what stands in it.
            onErrors: { try check($0.files) }
        )
        try check(bundle.inputs)
        try modules.restore(in: source)
        return bundle
    }

    private func bundle(
        _ main: String,
        project: String,
        arguments: [String],
        dataBytesMax: UInt64 = 0,
        into directory: String,
        onErrors: (BuildErrors) throws -> Void = { _ in }
    ) async throws -> Bundle {
        let esbuild = try await toolbox.esbuild(project: project)
        let metafile = "\(directory)/meta.json"
        let run = try await ToolRun.run(
            esbuild.path,
            [main] + self.arguments(output: "\(directory)/index.mjs", metafile: metafile) + arguments,
            directory: project,
            environment: ["PATH": settings.searchPath, "NO_COLOR": "1"],
            outputFile: "\(directory)/esbuild.txt",
            timeout: .seconds(60),
            dataBytesMax: dataBytesMax,
            spawner: spawner
        )
        let tool = "esbuild \(esbuild.version) (\(esbuild.path))"
        guard run.status == 0 else {
            let errors = BuildErrors(output: run.output)
            try onErrors(errors)
            throw errors.error(tool: tool)
        }
        let report = try Metafile.read(metafile)
        try report.checkRuntimeModules(known: runtime.shims.map(\.module))
        guard report.bytes <= Limits.bundleBytesMax else {
            throw FlareError(
                .bodyTooLarge,
                "the bundled Worker has \(formatSizeBytes(report.bytes)); "
                    + "at most \(formatSizeBytes(Limits.bundleBytesMax)) are run"
            )
        }
        return Bundle(
            sourceFiles: report.inputs.count,
            bytes: report.bytes,
            exports: report.exports,
            inputs: report.inputs,
            esbuild: tool
        )
    }

    /// Runs the project's own build command, with the engine's environment, as its author's shell would.
    private func run(_ command: String, in directory: String, outputFile: String) async throws {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FLARE_") }
        environment["PATH"] = settings.searchPath
        environment["WRANGLER_COMMAND"] = "deploy"
        let run = try await ToolRun.run(
            "/bin/sh",
            ["-c", command],
            directory: directory,
            environment: environment,
            outputFile: outputFile,
            timeout: Limits.buildCommandTimeout,
            spawner: spawner
        )
        guard run.status != 0 else { return }
        let how = run.status >= 256 ? "was ended by signal \(run.status - 256)" : "ended with status \(run.status)"
        let output = run.output.suffix(4_000).trimmingSuffix { $0.isWhitespace }
        throw FlareError(
            .buildFailed,
            "the build command \"\(command)\" \(how)\(output.isEmpty ? "" : "\n\(output)")",
            hint: "it ran in \(URL(filePath: directory).standardized.path)"
        )
    }

    /// What the project's file says about bundling.
    private static func arguments(_ build: BuildSettings) -> [String] {
        build.define.sorted { $0.key < $1.key }.map { "--define:\($0.key)=\($0.value)" }
            + build.alias.sorted { $0.key < $1.key }.map { "--alias:\($0.key)=\($0.value)" }
            + build.rules.loaders.sorted { $0.key < $1.key }.map { "--loader:\($0.key)=\($0.value)" }
            + (build.isMinified ? ["--minify"] : [])
    }

    private func arguments(output: String, metafile: String) -> [String] {
        // Only what esbuild 0.17 knows, which is Debian 12's. Conditions and loaders are those of wrangler.
        let fixed = [
            "--bundle", "--format=esm", "--platform=browser", "--target=es2022", "--keep-names",
            "--conditions=workerd,worker,browser", "--main-fields=browser,module,main", "--sourcemap=linked",
            "--sources-content=false", "--loader:.js=jsx", "--loader:.txt=text", "--loader:.sql=text",
            "--loader:.html=text", "--loader:.bin=binary", "--external:node:*", "--external:cloudflare:*",
            "--define:process.env.NODE_ENV=\"production\"", "--log-level=error", "--color=false",
            // CommonJS packages call `require` for Node's own modules.
            "--banner:js=import{createRequire as __flareRequire}from\"node:module\";"
                + "const require=__flareRequire(import.meta.url);",
        ]
        let shims = runtime.shims.map { "--alias:\($0.module)=\($0.path)" }
        let builtins = Self.builtins.map { "--alias:\($0)=node:\($0)" }
        return fixed + shims + builtins + ["--outfile=\(output)", "--metafile=\(metafile)"]
    }

    /// Node's modules that packages import without the prefix; an alias covers sub-paths such as `fs/promises` too.
    private static let builtins = [
        "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
        "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "module", "net", "os", "path",
        "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream", "string_decoder", "timers",
        "tls", "tty", "url", "util", "v8", "vm", "worker_threads", "zlib",
    ]
}

/// What esbuild says about a bundle that it made.
private struct Metafile {
    let inputs: [String]
    let bytes: Int
    let exports: [String]
    /// What is imported at the start and not part of the bundle, with a file that does so.
    let externals: [(module: String, importer: String?)]

    /// Refuses modules of Cloudflare's runtime that flare lacks; what is imported only when it is needed may never be.
    func checkRuntimeModules(known: [String]) throws {
        guard let missing = externals.first(where: { $0.module.hasPrefix("cloudflare:") }) else { return }
        let modules = known.filter { $0.hasPrefix("cloudflare:") }
        let near = nearestName(to: missing.module, in: modules).map { "did you mean \"\($0)\"? " } ?? ""
        throw FlareError(
            .buildFailed,
            "\(missing.importer ?? "the Worker") imports \"\(missing.module)\", which flare does not have",
            hint: "\(near)there are \(modules.joined(separator: ", "))"
        )
    }

    static func read(_ path: String) throws -> Metafile {
        let json = try JSONValue(json: try Data(contentsOf: URL(filePath: path)))
        let outputs = (json["outputs"]?.objectValue ?? [:]).values
        guard let entry = outputs.first(where: { $0["entryPoint"] != nil }) else {
            throw FlareError(.buildFailed, "esbuild reported no output for the entry file")
        }
        let inputs = json["inputs"]?.objectValue ?? [:]
        let externals = (entry["imports"]?.arrayValue ?? []).compactMap { found -> (String, String?)? in
            guard found["kind"]?.stringValue == "import-statement", let module = found["path"]?.stringValue else {
                return nil
            }
            let importer = inputs.keys.sorted().first { name in
                (inputs[name]?["imports"]?.arrayValue ?? []).contains { $0["path"]?.stringValue == module }
            }
            return (module, importer)
        }
        return Metafile(
            inputs: inputs.keys.sorted(),
            bytes: entry["bytes"]?.integerValue ?? 0,
            exports: (entry["exports"]?.arrayValue ?? []).compactMap(\.stringValue),
            externals: externals
        )
    }
}

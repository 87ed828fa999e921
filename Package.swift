// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "flare",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "flare", targets: ["flare"]),
        .executable(name: "flare-engine", targets: ["flare-engine"]),
        .executable(name: "flare-bench", targets: ["flare-bench"]),
    ],
    dependencies: [
        // Sockets: the ingest path, the command line's Unix socket client, the channel to user code.
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        // TLS of the ingest and Kafka doors.
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        // SQLite: connection pool, migrations, cached statements.
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        // The command line, its help, completions and man pages.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        // Start-up and graceful shutdown of the engine's loops, in order.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        // Routing of the control API. Never on the ingest path.
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        // The header fields of Hummingbird's requests and responses.
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0", traits: []),
        // The back-pressured channel between a route that streams and its socket.
        .package(url: "https://github.com/apple/swift-async-algorithms", exact: "1.1.4"),
        // wrangler.toml.
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    ],
    targets: [
        // C: creating child processes between fork and exec, where Swift code must not run; the MD5 of etags.
        .target(name: "CFlareProcess"),
        // C: checksums, digests and compression, as thin wrappers of system libraries.
        .target(
            name: "CFlareSystem",
            linkerSettings: [
                .linkedLibrary("z"), .linkedLibrary("zstd"), .linkedLibrary("lz4"), .linkedLibrary("snappy"),
                .linkedLibrary("crypto"),
            ]
        ),
        .target(name: "FlareModel", swiftSettings: strict),
        .target(
            name: "FlareClient",
            dependencies: ["FlareModel", "CFlareProcess", nioCore, nioPosix, nioHTTP1],
            swiftSettings: strict
        ),
        .target(
            name: "FlareStore",
            dependencies: [
                "FlareModel", "CFlareSystem", nioCore,
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "FlareWorkers",
            dependencies: [
                "FlareModel", "FlareStore", "CFlareProcess", "CFlareSystem", nioCore, nioPosix, logging, lifecycle,
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            resources: [.embedInCode("Runtime")],
            swiftSettings: strict
        ),
        .target(
            name: "FlareQueues",
            dependencies: ["FlareModel", "FlareStore", logging, lifecycle],
            swiftSettings: strict
        ),
        .target(
            name: "FlareBuckets",
            dependencies: [
                "FlareModel", "FlareStore", "FlareQueues", "CFlareProcess", "CFlareSystem", nioCore, logging, lifecycle,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "FlarePipelines",
            dependencies: [
                "FlareModel", "FlareStore", "FlareQueues", "FlareBuckets", "FlareWorkers", "CFlareSystem", nioCore,
                logging,
                lifecycle,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "FlareWorkflows",
            dependencies: ["FlareModel", "FlareStore", "FlareWorkers", "FlareQueues", nioCore, logging, lifecycle],
            swiftSettings: strict
        ),
        .target(
            name: "FlareGateway",
            dependencies: [
                "FlareModel", "FlareStore", "FlareWorkers", "FlareQueues", "FlareBuckets", "FlarePipelines",
                "FlareWorkflows", "CFlareSystem", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, logging, lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "FlareEngine",
            dependencies: [
                "FlareModel", "FlareStore", "FlareWorkers", "FlareQueues", "FlareBuckets", "FlarePipelines",
                "FlareWorkflows", "FlareGateway", nioCore, nioPosix, logging, lifecycle, arguments,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "FlareCLI",
            dependencies: ["FlareModel", "FlareClient", "CFlareProcess", arguments],
            exclude: ["Templates"],
            swiftSettings: strict
        ),
        .executableTarget(name: "flare", dependencies: ["FlareCLI"], swiftSettings: strict),
        .executableTarget(name: "flare-engine", dependencies: ["FlareEngine"], swiftSettings: strict),
        .executableTarget(
            name: "flare-bench",
            dependencies: ["FlareModel", "FlareClient", nioCore, nioPosix, nioHTTP1, arguments],
            swiftSettings: strict
        ),

        // Tests.
        .target(
            name: "FlareTestSupport",
            dependencies: ["FlareModel", "FlareStore", "FlareClient"],
            path: "Tests/FlareTestSupport",
            swiftSettings: strict
        ),
        .testTarget(name: "FlareModelTests", dependencies: ["FlareModel"], swiftSettings: strict),
        .testTarget(
            name: "FlareStoreTests",
            dependencies: ["FlareModel", "FlareStore", "FlareTestSupport", nioCore, nioPosix],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareQueuesTests",
            dependencies: ["FlareModel", "FlareStore", "FlareQueues", "FlareTestSupport", logging],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareBucketsTests",
            dependencies: ["FlareModel", "FlareStore", "FlareQueues", "FlareBuckets", nioCore, logging],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlarePipelinesTests",
            dependencies: [
                "FlareModel", "FlareStore", "FlareQueues", "FlareBuckets", "FlareWorkers", "FlarePipelines",
                "CFlareSystem", "FlareTestSupport",
                nioCore, nioPosix, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareWorkersTests",
            dependencies: [
                "FlareModel", "FlareStore", "FlareWorkers", "FlareTestSupport", nioCore, nioPosix, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareWorkflowsTests",
            dependencies: [
                "FlareModel", "FlareStore", "FlareWorkers", "FlareQueues", "FlareWorkflows", "FlareTestSupport",
                nioCore, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareGatewayTests",
            dependencies: [
                "FlareModel", "FlareStore", "FlareQueues", "FlareBuckets", "FlarePipelines", "FlareWorkers",
                "FlareGateway", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, logging, "CFlareSystem",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareCLITests",
            dependencies: ["FlareModel", "FlareClient", "FlareCLI", arguments],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlareEndToEndTests",
            dependencies: ["FlareTestSupport", "FlareModel", "flare", "flare-engine", "flare-bench"],
            exclude: ["Clients"],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", dependencies: ["flare"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

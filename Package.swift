// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

/// One of our own modules. What it may import is listed by rank in `Docs/Architecture.md`; a test reads every import.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: strict)
}

/// Part of a benchmark or a demonstration: apart from the engine, so that it can check it.
func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Benchmarks/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["SluiceTool"]),
        .executable(name: "nexmark-events", targets: ["NexmarkEventsTool"]),
        .executable(name: "changelog-table", targets: ["ChangelogTableTool"]),
        .executable(name: "topic-load", targets: ["TopicLoad"]),
        .executable(name: "Soak", targets: ["Soak"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .systemLibrary(name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3"])]),
        module("HostSystem", ["CKernels"]),
        module("Columnar", ["HostSystem", "CKernels", "CPCRE2"]),
        module("CommitLog", ["HostSystem", "CKernels", "CLZ4", "CZstd"]),
        module("KeyedState", ["Columnar", "CommitLog", "HostSystem", "CRocksDB", "CKernels"]),
        module("Dataflow", ["KeyedState", "CommitLog", "Columnar", "HostSystem", "CKernels"]),
        module("Operators", ["Dataflow", "KeyedState", "CommitLog", "Columnar", "HostSystem", "CKernels"]),
        module("StreamSQL", ["Operators", "Dataflow", "Columnar", "HostSystem"]),
        module(
            "Deployment",
            [
                "StreamSQL", "Operators", "Dataflow", "KeyedState", "CommitLog", "Columnar", "HostSystem", "CKernels",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        module(
            "Gateway",
            [
                "Deployment", "HostSystem",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "SluiceTool",
            dependencies: [
                "Gateway", "Deployment", "StreamSQL", "Operators", "Dataflow", "KeyedState", "CommitLog", "Columnar",
                "HostSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        module(
            "Simulation",
            ["Deployment", "StreamSQL", "Operators", "Dataflow", "KeyedState", "CommitLog", "Columnar", "HostSystem"]),
        .executableTarget(
            name: "Soak",
            dependencies: [
                "Simulation", "HostSystem", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Soak", swiftSettings: strict),
        benchmark("NexmarkEvents", ["Operators"]),
        .executableTarget(
            name: "NexmarkEventsTool", dependencies: ["NexmarkEvents"], path: "Benchmarks/NexmarkEventsTool",
            swiftSettings: strict),
        benchmark("ChangelogTable", []),
        .executableTarget(
            name: "ChangelogTableTool", dependencies: ["ChangelogTable"], path: "Benchmarks/ChangelogTableTool",
            swiftSettings: strict),
        .executableTarget(
            name: "FormatBenchmark", dependencies: ["Operators", "Columnar", "HostSystem"], path: "Benchmarks/Formats",
            swiftSettings: strict),
        .executableTarget(
            name: "ScanBenchmark", dependencies: ["Operators", "Columnar", "HostSystem", "CKernels"],
            path: "Benchmarks/Scan", swiftSettings: strict),
        .executableTarget(
            name: "StateBenchmark", dependencies: ["KeyedState", "CommitLog", "HostSystem"],
            path: "Benchmarks/State", swiftSettings: strict),
        .executableTarget(
            name: "LogBenchmark", dependencies: ["Operators", "Dataflow", "Columnar", "CommitLog", "HostSystem"],
            path: "Benchmarks/Log",
            swiftSettings: strict),
        .executableTarget(
            name: "TopicLoad",
            dependencies: [
                "Operators", "Dataflow", "CommitLog", "Columnar", "HostSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/TopicLoad", swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["HostSystem", "Columnar", "ChangelogTable"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .executableTarget(
            name: "KernelBenchmark", dependencies: ["Operators", "Dataflow", "Columnar", "HostSystem"],
            path: "Benchmarks/Kernels", swiftSettings: strict),
        tests("HostSystemTests", ["HostSystem", "Simulation"]),
        tests("ColumnarTests", ["Columnar", "HostSystem"]),
        tests("CommitLogTests", ["CommitLog", "HostSystem", "Simulation"]),
        tests("KeyedStateTests", ["KeyedState", "CommitLog", "HostSystem", "Simulation"]),
        tests("DataflowTests", ["Dataflow", "KeyedState", "Columnar", "HostSystem", "Simulation"]),
        tests(
            "OperatorsTests",
            ["Operators", "Dataflow", "KeyedState", "CommitLog", "Columnar", "HostSystem", "Simulation"]),
        tests("StreamSQLTests", ["StreamSQL", "Operators", "Dataflow", "Columnar", "HostSystem"]),
        .executableTarget(
            name: "IdleWorker", dependencies: ["CommitLog", "Deployment", "HostSystem"], path: "Tests/IdleWorker",
            swiftSettings: strict),
        tests(
            "DeploymentTests",
            [
                "Deployment", "StreamSQL", "Operators", "Dataflow", "CommitLog", "Columnar", "Simulation", "IdleWorker",
                "HostSystem", .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests("GatewayTests", ["Gateway", "Deployment", "HostSystem"]),
        tests("SimulationTests", ["Simulation", "HostSystem"]),
        tests("NexmarkEventsTests", ["NexmarkEvents", "HostSystem"]),
        tests("ChangelogTableTests", ["ChangelogTable"]),
        tests(
            "EndToEndTests",
            [
                "HostSystem", "Columnar", "CommitLog", "Dataflow", "Operators", "Deployment", "SluiceTool",
                "NexmarkEvents", "NexmarkEventsTool", "ChangelogTable", "ChangelogTableTool",
            ]),
        tests("TidyTests", []),
    ]
)

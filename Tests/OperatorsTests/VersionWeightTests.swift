import CommitLog
import Dataflow
import Glibc
import HostSystem
import TestSupport
import Testing

@Suite struct VersionWeightTests {
    /// Of this process's threads of a name, how nice they are.
    private func niceness(ofThreads name: String) throws -> [Int32] {
        let files = PosixFileSystem()
        var found: [Int32] = []
        for thread in try files.list("/proc/self/task") {
            guard let number = UInt32(thread) else { continue }
            let comm = SourceText.first(of: "/proc/self/task/\(thread)/comm")
            if comm == name { found.append(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(number))) }
        }
        return found.sorted()
    }

    /// The first line of a file that the kernel makes up.
    private enum SourceText {
        static func first(of path: String) -> String? {
            guard let file = fopen(path, "r") else { return nil }
            defer { fclose(file) }
            var bytes = [CChar](repeating: 0, count: 64)
            guard fgets(&bytes, 64, file) != nil else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// No other test of this process has a third slot.
    @Test func threadsOfAVersionInTheShadowGiveWayUntilItIsLive() throws {
        let bench = try VersionBench(partitions: 3)
        try bench.deploy(1)
        try bench.publish((0..<100).map { ($0, $0) })
        let live = bench.start(1)
        try bench.waitUntilRead(100, by: 1)
        try bench.deploy(2)
        let candidate = bench.start(2, parallelism: 3)
        try bench.waitUntilRead(100, by: 2)
        #expect(try niceness(ofThreads: "TaskSlot 3") == [10])
        let attempt = try bench.attempt(from: 1, to: 2)
        try bench.wait("both stand") { deployment in
            (1...2).allSatisfy { deployment.versions[$0]?.holds == attempt }
        }
        try bench.splice(attempt)
        for round in 1...3 {
            try bench.publish((0..<30).map { ($0, Int64(round)) })
            try bench.waitUntilRead(100 + 30 * UInt64(round), by: 2)
        }
        #expect(try niceness(ofThreads: "TaskSlot 3") == [0])
        #expect(try candidate.stop() == .stopped)
        #expect(try live.stop() == .stopped)
        #expect(try bench.rows(of: "revenue").count == 190)
        #expect(try bench.rows(of: "revenue@1").count >= 100)
    }
}

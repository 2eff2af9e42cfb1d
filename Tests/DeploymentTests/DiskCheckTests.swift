import Deployment
import HostSystem
import Synchronization
import TestSupport
import Testing

/// Room on the disk, before a replay and during it.
@Suite(.timeLimit(.minutes(3))) struct DiskCheckTests {
    private static let total = 100_000_000
    private static let reserve = total / 50

    private let bench: ServerBench

    init() throws { bench = try ServerBench() }

    @Test func aDeployThatTheDiskWouldNotHoldIsRefused() throws {
        let free = Mutex(Self.total)
        let server = try bench.server(disk: { DiskSpace(freeBytes: free.withLock { $0 }, totalBytes: Self.total) })
        // There is nothing to measure a first version by.
        free.withLock { $0 = 0 }
        #expect(try server.deploy(bench.request(1)).json["disk"]?["neededBytes"] == .null)
        try bench.waitUntilRunning(1, of: server)
        try bench.commit(1)
        try bench.workspace.write(String(repeating: "x", count: 3000), to: "state/jobs/orders/1/run/a/base")
        try bench.workspace.write(String(repeating: "x", count: 2000), to: "state/jobs/orders/1/run/delta")
        try bench.workspace.write(
            String(repeating: "x", count: 500), to: "state/topics/revenue@1/0/00000000000000000000.segment")
        free.withLock { $0 = Self.reserve + 5499 }
        let plan = try server.plan(bench.request(2)).json["disk"]
        #expect(plan?["neededBytes"]?.integerValue == 5500 && plan?["isEnough"] == .boolean(false))
        let error = #expect(throws: OperationFailure.self) { try server.deploy(bench.request(2)) }
        #expect(error?.kind == .conflict)
        #expect(error?.message == "the disk would not hold another version of job \"orders\"")
        #expect(error?.detail?.hasPrefix("the live version has 5.4 KiB of state and output; ") == true)
        #expect(try bench.state(2, of: server) == nil && bench.deployment?.versions.count == 1)
        free.withLock { $0 += 1 }
        #expect(try server.deploy(bench.request(2)).json["disk"]?["isEnough"] == .boolean(true))
        server.close(.stop)
    }

    @Test func aCandidateWaitsForRoom() throws {
        let free = Mutex(Self.total)
        let told = Mutex<[String]>([])
        let server = try bench.server(
            pace: { folder, isPaused in
                told.withLock {
                    $0.append("\(folder.hasSuffix("/2") ? "2" : folder) \(isPaused ? "waits" : "goes on")")
                }
            }, disk: { DiskSpace(freeBytes: free.withLock { $0 }, totalBytes: Self.total) })
        try bench.addCandidate(to: server)
        func paused() throws -> String? { try bench.version(2, of: server)?["paused"]?.stringValue }
        #expect(try paused() == nil)
        free.withLock { $0 = Self.reserve - 1 }
        let reason = try bench.eventually("the candidate to wait") { try paused() }
        #expect(reason == "1.9 MiB of the disk are free, and 1.9 MiB are kept for what runs")
        // Near the reserve it would go to and fro.
        free.withLock { $0 = Self.reserve + Self.reserve / 4 }
        try bench.eventually("the candidate to go on") { try paused() == nil ? true : nil }
        // Its worker may have been started again since it was told first.
        free.withLock { $0 = 0 }
        try bench.eventually("the candidate to hear it again") {
            told.withLock { $0.suffix(2) == ["2 waits", "2 waits"] } ? true : nil
        }
        free.withLock { $0 = Self.total }
        try bench.eventually("the candidate to go on again") { try paused() == nil ? true : nil }
        let all = told.withLock { $0 }
        #expect(Set(all) == ["2 waits", "2 goes on"])
        #expect(all.first == "2 waits" && all.last == "2 goes on" && all.count { $0 == "2 goes on" } == 2)
        server.close(.stop)
    }
}

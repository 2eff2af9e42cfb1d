import Columnar
import CommitLog
import Dataflow
import Deployment
import Glibc
import HostSystem
import Operators
import TestSupport
import Testing

/// A data directory with a topic "input", and servers over it whose workers are `IdleWorker`s: what a version reads and
/// commits is written here, by hand. All waits are for something to happen, and bounded.
/// `@unchecked Sendable`: nothing of it changes, and the workspace is a folder's name.
final class ServerBench: @unchecked Sendable {
    let workspace: Workspace
    let directory: String
    let log: CommitLogAccess
    let input: TopicID
    let job = "orders"

    init() throws {
        workspace = try Workspace()
        directory = workspace.path + "/state"
        let data = try DataDirectory(directory, files: PosixFileSystem())
        let journal = try Journal.open(directory: data.journal, files: data.files, time: SystemTime())
        log = CommitLogAccess(journal: journal, directory: data, time: SystemTime())
        input = try TopicAdmin.create(
            "input", schema: TopicSchema(fields: [Field("id", .bigint), Field("n", .bigint)]), random: SystemRandom(),
            in: log
        ).id
    }

    /// - Parameters:
    ///   - metrics: what workers answer, by their folder.
    ///   - pace: whether a worker, by its folder, is to wait.
    ///   - disk: nil: the real one.
    func server(
        metrics: @escaping @Sendable (String) -> String? = { _ in nil },
        pace: @escaping @Sendable (String, Bool) -> Void = { _, _ in }, disk: (@Sendable () -> DiskSpace?)? = nil
    ) throws -> DeploymentServer {
        var configuration = DeploymentServer.Configuration(
            dataDirectory: directory, workerCommand: [try BuiltProducts.program("IdleWorker")],
            workerMemoryBytes: 1 << 28, engineVersion: "test")
        let control = WorkerControl(savepoint: { _, _ in nil }, metrics: metrics, pace: pace)
        configuration.disk = disk
        return try DeploymentServer(configuration, control: control, events: EventLog(time: SystemTime()) { _ in true })
    }

    // MARK: Versions

    static func text(_ factor: Int) -> String {
        """
        CREATE TABLE input (id BIGINT, n BIGINT) WITH ('connector' = 'log', 'topic' = 'input');
        CREATE TABLE revenue (id BIGINT NOT NULL, total BIGINT, PRIMARY KEY (id) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'revenue');
        INSERT INTO revenue SELECT id, SUM(n * \(factor)) FROM input WHERE id IS NOT NULL GROUP BY id;

        """
    }

    func request(_ factor: Int, _ change: (inout DeploymentOptions) -> Void = { _ in }) -> DeployRequest {
        var options = DeploymentOptions()
        change(&options)
        return DeployRequest(
            job: job, sql: Self.text(factor), file: "\(factor).sql", options: options, command: "deploy \(factor).sql")
    }

    static func revenue(_ number: Int) throws -> TopicDescription {
        let fields = [Field("id", .bigint, isNullable: false), Field("total", .bigint)]
        return TopicDescription(
            id: TopicID(drawnFrom: SystemRandom()), name: "revenue@\(number)", partitions: 1,
            schema: try TopicSchema(fields: fields, key: ["id"]).encoded(), options: TopicOptions().encoded())
    }

    func record(_ number: Int) -> VersionRecord {
        VersionRecord(
            id: VersionID(job, number), sql: Self.text(number), fileName: "\(number).sql", planFingerprint: [],
            engineVersion: "test", createdAt: 1)
    }

    func withCatalog<Value>(_ body: (Catalog) throws -> Value) throws -> Value {
        let catalog = try Catalog(dataDirectory: directory)
        defer { catalog.close() }
        return try body(catalog)
    }

    var deployment: DeploymentState? {
        get throws { try log.settled().deployments[job] }
    }

    func folder(_ number: UInt32) -> String { directory + "/jobs/\(job)/\(number)" }

    /// A checkpoint of a version that has read all there is, which is nothing; whatever it was called.
    func commit(_ number: UInt32, holds: UInt64? = nil) throws {
        let state = try log.settled()
        let last = state.jobs["\(job)@\(number)"]?.last.number
        var reads = InputPosition([TopicPartition(topic: input, partition: 0): 0])
        // No time has passed for it. What the tests register themselves has no clock.
        let version = state.deployments[job]?.versions[number]
        if version?.inputs.contains(.clock) == true { reads.clock = 0 }
        let epoch = DeployedEpoch(
            generation: state.deployments[job]?.generation ?? 0, reads: reads, holds: holds)
        try log.append(
            .checkpoint(
                job: "\(job)@\(number)", run: RunID(high: 1, low: UInt64(number)),
                CommittedCheckpoint(number: last.map { $0 + 1 } ?? 0, recordChecksum: 1), published: [],
                deployed: epoch))
    }

    /// What both workers do when a switch is asked for: they stand still for it.
    func standStill(_ numbers: [UInt32]) throws {
        let attempt = try eventually("an attempt") { try deployment?.openAttempt?.number }
        for number in numbers { try commit(number, holds: attempt) }
    }

    /// A switch, with what the workers do meanwhile.
    func switching(
        _ stand: @escaping @Sendable () throws -> Void,
        _ change: () throws(OperationFailure) -> JSONValue
    ) throws -> JSONValue {
        let workers = WorkerThread(name: "workers") {
            do { try stand() } catch { Issue.record("\(error)") }
        }
        defer { workers.join() }
        return try change()
    }

    // MARK: Waiting

    static let boundMilliseconds: Int64 = 60_000

    @discardableResult
    func eventually<Value>(_ what: String, _ find: () throws -> Value?) throws -> Value {
        let time = SystemTime()
        let end = time.monotonicNanoseconds() + Self.boundMilliseconds * 1_000_000
        while true {
            if let found = try find() { return found }
            try #require(time.monotonicNanoseconds() < end, "waited for \(what)")
            poll(nil, 0, 1)
        }
    }

    func version(_ number: Int, of server: DeploymentServer) throws -> JSONValue? {
        try server.status(job)["versions"]?.arrayValue?.first { $0["version"]?.integerValue == Int64(number) }
    }

    func state(_ number: Int, of server: DeploymentServer) throws -> String? {
        try version(number, of: server)?["state"]?.stringValue
    }

    func waitFor(_ state: VersionState, _ number: Int, of server: DeploymentServer) throws {
        try eventually("version \(number) to be \(state.rawValue), of \(try server.history(job).text)") {
            try self.state(number, of: server) == state.rawValue ? true : nil
        }
    }

    func process(_ number: Int, of server: DeploymentServer) throws -> Int32? {
        let worker = try version(number, of: server)?["worker"]
        guard worker?["phase"]?.stringValue == "running" else { return nil }
        return worker?["processID"]?.integerValue.map { Int32($0) }
    }

    /// Its worker runs, and holds its lock.
    @discardableResult
    func waitUntilRunning(_ number: Int, of server: DeploymentServer) throws -> Int32 {
        let process = try eventually("a worker of version \(number)") { try self.process(number, of: server) }
        try eventually("the lock of version \(number)") { try isHeld(UInt32(number)) ? true : nil }
        return process
    }

    /// Who took the lock to see whether it is free would keep a worker from it that begins in this moment: the kernel is asked.
    func isHeld(_ number: UInt32) throws -> Bool {
        var found = stat()
        guard stat(folder(number) + "/lock", &found) == 0 else { return false }
        let locks = try #require(fopen("/proc/locks", "r"))
        defer { fclose(locks) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), locks) != nil {
            // "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", proc(5)
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
                separator: " ")
            if words.count > 5, words[1] == "FLOCK", words[5].hasSuffix(":\(found.st_ino)") { return true }
        }
        return false
    }

    /// Two versions, of which the first is live and the other in sync.
    func serverWithCandidate(
        _ change: (inout DeploymentOptions) -> Void = { _ in },
        metrics: @escaping @Sendable (String) -> String? = { _ in nil }
    ) throws -> DeploymentServer {
        let server = try server(metrics: metrics)
        try addCandidate(to: server, change)
        return server
    }

    func addCandidate(
        to server: DeploymentServer, _ change: (inout DeploymentOptions) -> Void = { _ in }
    ) throws {
        _ = try server.deploy(request(1))
        try waitUntilRunning(1, of: server)
        try commit(1)
        _ = try server.deploy(request(2, change))
        try waitUntilRunning(2, of: server)
        try commit(2)
        try waitFor(.inSync, 2, of: server)
    }

    /// Of one version: the states that it was in, one after the other.
    func course(_ number: Int, of server: DeploymentServer) throws -> [String] {
        (try server.history(job)["transitions"]?.arrayValue ?? [])
            .filter { $0["version"]?.integerValue == Int64(number) }.compactMap { $0["to"]?.stringValue }
    }
}

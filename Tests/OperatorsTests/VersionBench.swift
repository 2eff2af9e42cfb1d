import Columnar
import CommitLog
import Dataflow
import Glibc
import HostSystem
import Operators
import Synchronization
import TestSupport

/// The deployed job "orders" over the topic "input", in a folder: its versions run as their workers would, on threads of
/// their own; what a server would say is said to the journal.
final class VersionBench {
    /// A version that runs.
    ///
    /// `@unchecked Sendable`: who starts it alone touches the thread.
    final class Worker: @unchecked Sendable {
        let events = EventQueue()
        let notices = NoticeBoard()
        let result = Mutex<Result<RunResult, JobFailure>?>(nil)
        fileprivate var thread: WorkerThread?

        /// Asks for a last checkpoint, and waits for the end.
        func stop() throws -> RunResult {
            events.post(.stopRequested)
            return try end()
        }

        func end() throws -> RunResult {
            thread?.join()
            guard let result = result.withLock({ $0 }) else { throw JobFailure(.world, "the worker has not ended") }
            return try result.get()
        }
    }

    private final class Observer: RunObserver {
        let wantsTicks = false
        private let notices: NoticeBoard

        init(_ notices: NoticeBoard) { self.notices = notices }

        func notice(_ text: String) { notices.post(text) }
        func started(_: JobMetrics) {}
        func tick(_: JobMetrics) {}
        func committed(_: UInt64, _: JobMetrics) {}
    }

    static let fields = [Field("id", .bigint, isNullable: false), Field("v", .bigint)]
    /// Longer than anything here takes: then a test has failed.
    private static let patienceNanoseconds: Int64 = 60_000_000_000

    let workspace: Workspace
    let log: CommitLogAccess
    let partitions: UInt32
    private let files = PosixFileSystem()
    private let time: any TimeSource
    private let nameID: TopicID
    private let key: [String]
    private let input: TopicID

    init(partitions: UInt32 = 1, key: [String] = [], time: any TimeSource = SystemTime()) throws {
        self.time = time
        self.key = key
        self.partitions = partitions
        workspace = try Workspace()
        let directory = try DataDirectory(workspace.path, files: files)
        log = CommitLogAccess(
            journal: try Journal.open(directory: directory.journal, files: files, time: time), directory: directory,
            time: time)
        nameID = TopicID(drawnFrom: SystemRandom())
        input = try TopicAdmin.create(
            "input", schema: TopicSchema(fields: Self.fields, key: []), partitions: partitions,
            random: SystemRandom(), in: log
        ).id
    }

    // MARK: What happens beside the versions

    func publish(_ rows: [(id: Int64, v: Int64)]) throws {
        let producer = try TopicProducer("input", in: log)
        try producer.append(
            TopicRun.batch(rows.map { [.bigint($0.id), .bigint($0.v)] }, producer.fields))
        try producer.publish()
    }

    /// - Parameter clocked: the journal's time is its time.
    func deploy(_ number: UInt32, fields: [Field] = VersionBench.fields, clocked: Bool = false) throws {
        let topic = TopicDescription(
            id: TopicID(drawnFrom: SystemRandom()), name: "revenue@\(number)", partitions: 1,
            schema: try TopicSchema(fields: fields, key: key).encoded(), options: TopicOptions().encoded())
        try log.append(
            .deployed(
                VersionRegistration(
                    version: VersionName("orders", number), inputs: clocked ? [input, .clock] : [input],
                    outputs: [.init(name: "revenue", nameID: nameID, topic: topic)])))
    }

    func attempt(from: UInt32, to: UInt32) throws -> UInt64 {
        try log.append(
            .attempt(job: "orders", from: from, to: to, timeoutMilliseconds: 60_000, withoutFrom: false)
        ).sequence
    }

    func splice(_ attempt: UInt64) throws {
        let splices = try log.settled().splices(of: "orders", differences: [:])
        try log.append(.spliced(job: "orders", attempt: attempt, splices))
    }

    /// Waits until the journal says something.
    func wait(_ what: String, _ condition: (DeploymentState) -> Bool) throws {
        let reader = try log.openReader(from: nil)
        let end = time.monotonicNanoseconds() + Self.patienceNanoseconds
        while time.monotonicNanoseconds() < end {
            while try !reader.next(limit: 100).isEmpty {}
            if let deployment = reader.state.deployments["orders"], condition(deployment) { return }
            _ = reader.wait(timeoutMilliseconds: 100)
        }
        throw JobFailure(.world, "this has not happened: \(what)")
    }

    func waitUntilRead(_ rows: UInt64, by version: UInt32) throws {
        try wait("version \(version) has read \(rows) rows") { deployment in
            deployment.versions[version]?.position?.ofTopics.ends.values.reduce(0, +) ?? 0 >= rows
        }
    }

    /// What is in a topic, in the order of its offsets.
    func rows(of topic: String) throws -> [(cells: [Cell], kind: RowKind)] {
        let consumer = try TopicConsumer(topic, in: log)
        var rows: [(cells: [Cell], kind: RowKind)] = []
        while let part = try consumer.next() {
            for row in 0..<part.batch.rowCount {
                rows.append((part.batch.columns.map { $0.cell(at: row) }, part.batch.rowKinds?[row] ?? .insert))
            }
        }
        return rows
    }

    // MARK: Versions

    /// All rows of the input to the output.
    func graph() -> JobGraph {
        let source = TopicSourceDescription(
            operatorID: 1, table: "input", topic: "input",
            columns: Self.fields.map { ScanColumn(path: [$0.name], type: $0.type, isNullable: $0.isNullable) },
            fields: Self.fields)
        let sink = TopicSinkDescription(
            operatorID: 2, table: "revenue", topic: "revenue", fields: Self.fields, key: key)
        return JobGraph(
            vertices: [Vertex(name: "all", source: source, links: [sink], inputs: [])],
            fingerprint: fingerprint)
    }

    /// As the planner writes it.
    var fingerprint: [String] {
        [
            #"#0 scan log "input" earliest ["id":BIGINT! "v":BIGINT] where []"#,
            #"#1 sink log "revenue" earliest ["id":BIGINT! "v":BIGINT] not-null [] <- #0"#,
        ]
    }

    /// Of a version that runs.
    func savepoint(_ worker: Worker) throws -> String {
        let answer = Mutex<Result<String, JobFailure>?>(nil)
        let doorbell = Doorbell()
        worker.events.post(
            .savepointRequested(
                SavepointRequest(path: "") { result in
                    answer.withLock { $0 = result }
                    doorbell.ring()
                }))
        doorbell.wait()
        guard let made = answer.withLock({ $0 }) else { throw JobFailure(.world, "no answer") }
        return try made.get()
    }

    /// Of all partitions the first rows.
    func drop(below offset: UInt64) throws {
        try log.append(
            .retentionMoved(
                (0..<partitions).map {
                    OffsetRange(partition: TopicPartition(topic: input, partition: $0), start: 0, end: offset)
                }))
    }

    func request(_ number: UInt32, parallelism: Int = 1) -> RunRequest {
        var settings = JobSettings()
        settings.version = VersionName("orders", number)
        settings.parallelism = parallelism
        return RunRequest(
            job: "orders@\(number)", dataDirectory: workspace.path, graph: graph(), settings: settings, isFresh: false,
            setAsideOutput: { _, _ in [] })
    }

    func start(_ request: RunRequest) -> Worker {
        let worker = Worker()
        let (files, time) = (files, time)
        let thread = WorkerThread(name: "worker") {
            do throws(JobFailure) {
                var run = try JobRun(
                    request, files: files, time: time, random: SystemRandom(), events: worker.events,
                    observer: Observer(worker.notices))
                let result = try run.perform()
                worker.result.withLock { $0 = .success(result) }
            } catch {
                worker.result.withLock { $0 = .failure(error) }
            }
        }
        worker.thread = thread
        return worker
    }

    func start(_ number: UInt32, parallelism: Int = 1) -> Worker { start(request(number, parallelism: parallelism)) }
}

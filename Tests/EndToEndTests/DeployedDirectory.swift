import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport

/// A data directory with the deployed job "orders", which publishes the table "revenue": made of the journal's entries alone,
/// without its workers.
struct DeployedDirectory {
    private static let fields = [Field("id", .bigint, isNullable: false), Field("n", .int)]

    private let log: CommitLogAccess
    private let input: TopicID
    private let nameID: TopicID

    /// - Parameter name: of the folder in the workspace.
    init(_ name: String, in workspace: Workspace) throws {
        let directory = try DataDirectory(workspace.path + "/" + name, files: PosixFileSystem())
        let journal = try Journal.open(directory: directory.journal, files: directory.files, time: SystemTime())
        log = CommitLogAccess(journal: journal, directory: directory, time: SystemTime())
        let made = try TopicAdmin.create(
            "input", schema: TopicSchema(fields: [Field("id", .bigint)]), random: SystemRandom(), in: log)
        input = made.id
        nameID = TopicID(drawnFrom: SystemRandom())
    }

    /// The journal's position.
    func position() throws -> UInt64 { try log.settled().end }

    /// Registers a version, which has a checkpoint with these rows, and another one with those behind them.
    func deploy(_ number: UInt32, _ rows: [(RowKind, Int64, Int32)], _ later: [(RowKind, Int64, Int32)] = []) throws {
        let name = VersionName("orders", number)
        let topic = TopicDescription(
            id: TopicID(drawnFrom: SystemRandom()), name: "revenue@\(number)", partitions: 1,
            schema: try TopicSchema(fields: Self.fields, key: ["id"]).encoded(), options: TopicOptions().encoded())
        try log.append(
            .deployed(
                VersionRegistration(
                    version: name, inputs: [input],
                    outputs: [.init(name: "revenue", nameID: nameID, topic: topic)])))
        try commit(number, 0, try write(rows, to: topic.name))
        if !later.isEmpty { try commit(number, 1, try write(later, to: topic.name)) }
    }

    func commit(_ number: UInt32, _ checkpoint: UInt64, _ rows: OffsetRange) throws {
        let epoch = DeployedEpoch(
            generation: try log.settled().deployments["orders"]?.generation ?? 0,
            reads: InputPosition([TopicPartition(topic: input, partition: 0): 0]))
        try log.append(
            .checkpoint(
                job: "orders@\(number)", run: RunID(high: 1, low: UInt64(number)),
                CommittedCheckpoint(number: checkpoint, recordChecksum: 1), published: [rows], deployed: epoch))
    }

    /// Rows behind those that are published.
    func write(_ rows: [(RowKind, Int64, Int32)], to name: String) throws -> OffsetRange {
        let topic = try TopicAdmin.describe(name, in: log)
        let start = topic.partitions[0].publishedEnd
        let writer = try PartitionWriter.open(
            directory: log.directory(of: name, partition: 0), partition: topic.partition(0), publishedEnd: start,
            files: log.files)
        let batch = Batch(
            columns: [.bigint(FixedColumn(rows.map(\.1))), .int(FixedColumn(rows.map(\.2)))], rowCount: rows.count,
            rowKinds: rows.map(\.0))
        _ = try writer.append(TopicFrame.encode(batch, topic.schema.columns, schemaID: 0))
        try writer.sync()
        return OffsetRange(partition: topic.partition(0), start: start, end: start + UInt64(rows.count))
    }

    func makeLive(_ new: UInt32, from old: UInt32, difference rows: [(RowKind, Int64, Int32)]) throws {
        let attempt = try log.append(
            .attempt(job: "orders", from: old, to: new, timeoutMilliseconds: 10_000, withoutFrom: false)
        ).sequence
        let topic = try TopicAdmin.create(
            "revenue-difference", schema: TopicSchema(fields: Self.fields, key: ["id"]), random: SystemRandom(), in: log
        )
        try log.append(.published([try write(rows, to: topic.name)], producer: nil))
        let splices = try log.settled().splices(of: "orders", differences: [nameID: topic.id])
        try log.append(.spliced(job: "orders", attempt: attempt, splices))
    }
}

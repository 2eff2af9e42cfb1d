import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport

/// The deployed job "orders", which publishes "revenue": its versions write as their workers would, and the journal's entries
/// are those of deploying, of checkpoints and of switches. Beside it a plain model of what the name holds.
final class DeployedJobRun {
    struct Row: Equatable {
        var cells: [Cell]
        var kind: RowKind
        /// When it was published, through the name.
        var milliseconds: Int64
    }

    final class Version {
        var topic: Topic
        var writers: [PartitionWriter]
        var run: RunID
        var checkpoint: UInt64?
        /// By partition, what is in the files and not published.
        var pending: [[Row]]
        var table: [Cell: [Cell]] = [:]

        init(_ topic: Topic, _ writers: [PartitionWriter], _ run: RunID) {
            (self.topic, self.writers, self.run) = (topic, writers, run)
            pending = topic.partitions.map { _ in [] }
        }
    }

    static let fields = [
        Field("id", .bigint, isNullable: false), Field("v", .bigint), Field("name", .string),
    ]

    let topics: TopicRun
    let key: [String]
    let partitions: Int
    private(set) var versions: [UInt32: Version] = [:]
    private(set) var live: UInt32 = 1
    /// By partition, the rows of the name.
    private(set) var published: [[Row]]
    /// By partition, where spans begin.
    private(set) var borders: [[UInt64]]
    private let input: TopicID
    private let nameID: TopicID
    private var drawn: UInt64 = 100

    init(seed: UInt64 = 1, key: [String] = [], partitions: Int = 1) throws {
        topics = try TopicRun(seed: seed)
        self.key = key
        self.partitions = partitions
        published = Array(repeating: [], count: partitions)
        borders = Array(repeating: [0], count: partitions)
        nameID = TopicID(high: 7, low: 7)
        try topics.create("input", [Field("id", .bigint)])
        input = try TopicAdmin.describe("input", in: topics.log).id
    }

    var log: CommitLogAccess { topics.log }

    private func drawID() -> TopicID {
        drawn += 1
        return TopicID(high: drawn, low: 1)
    }

    // MARK: Versions

    /// - Parameter added: columns that the version has besides.
    @discardableResult
    func deploy(adding added: [Field] = []) throws -> UInt32 {
        let number = UInt32(versions.count) + 1
        var schema = try TopicSchema(fields: Self.fields, key: key)
        if number > 1 { schema = try TopicAdmin.describe("revenue", in: log).schema }
        if !added.isEmpty { schema = try schema.adding(added) }
        let description = TopicDescription(
            id: drawID(), name: "revenue@\(number)", partitions: UInt32(partitions), schema: schema.encoded(),
            options: TopicOptions().encoded())
        try log.append(
            .deployed(
                VersionRegistration(
                    version: VersionName("orders", number), inputs: [input],
                    outputs: [.init(name: "revenue", nameID: nameID, topic: description)])))
        let topic = try TopicAdmin.describe("revenue@\(number)", in: log)
        versions[number] = Version(topic, try writers(of: topic), RunID(high: 9, low: UInt64(number)))
        return number
    }

    private func writers(of topic: Topic) throws -> [PartitionWriter] {
        try (0..<partitions).map { number in
            try PartitionWriter.open(
                directory: log.directory(of: topic.name, partition: number), partition: topic.partition(number),
                publishedEnd: 0, files: topics.files)
        }
    }

    private func version(_ number: UInt32) throws -> Version {
        guard let found = versions[number] else { throw JobFailure(.conflict, "no version \(number)") }
        return found
    }

    /// The version's process ends.
    func stop(_ number: UInt32) { versions[number]?.writers = [] }

    /// Puts rows into the files, a frame in each partition that gets some; they are not published yet.
    func append(_ rows: [(cells: [Cell], kind: RowKind)], to number: UInt32) throws {
        let version = try version(number)
        var parts = [[Row]](repeating: [], count: partitions)
        for row in rows {
            guard case .bigint(let id) = row.cells[0] else { continue }
            parts[Int(id) % partitions].append(Row(cells: row.cells, kind: row.kind, milliseconds: 0))
        }
        for (partition, rows) in parts.enumerated() where !rows.isEmpty {
            try append(rows, version.writers[partition], version.topic.schema)
            version.pending[partition] += rows
        }
    }

    private func append(_ rows: [Row], _ writer: PartitionWriter, _ schema: TopicSchema) throws {
        let batch = TopicRun.batch(rows.map(\.cells), schema.fields, kinds: rows.map(\.kind))
        _ = try writer.append(TopicFrame.encode(batch, schema.columns, schemaID: 0))
        try writer.sync()
    }

    /// A checkpoint of a version, with as many of its rows as it is told by partition, which may be a part of a frame.
    func commit(_ number: UInt32, _ counts: [Int]? = nil) throws {
        let version = try version(number)
        let state = try log.settled()
        var ranges: [OffsetRange] = []
        var rows = [[Row]](repeating: [], count: partitions)
        for partition in 0..<partitions {
            let count = min(counts?[partition] ?? .max, version.pending[partition].count)
            guard count > 0 else { continue }
            let name = version.topic.partition(partition)
            let end = state.partition(name)?.publishedEnd ?? 0
            ranges.append(OffsetRange(partition: name, start: end, end: end + UInt64(count)))
            rows[partition] = Array(version.pending[partition].prefix(count))
            version.pending[partition].removeFirst(count)
        }
        let epoch = DeployedEpoch(
            generation: state.deployments["orders"]?.generation ?? 0,
            reads: InputPosition([TopicPartition(topic: input, partition: 0): 0]))
        version.checkpoint = version.checkpoint.map { $0 + 1 } ?? 0
        try log.append(
            .checkpoint(
                job: "orders@\(number)", run: version.run,
                CommittedCheckpoint(number: version.checkpoint ?? 0, recordChecksum: 1), published: ranges,
                deployed: epoch))
        for row in rows.joined() { Self.apply(row, to: &version.table) }
        if number == live { publish(rows) }
    }

    private func publish(_ rows: [[Row]]) {
        let now = topics.time.wallMilliseconds()
        for (partition, rows) in rows.enumerated() {
            published[partition] += rows.map { Row(cells: $0.cells, kind: $0.kind, milliseconds: now) }
        }
    }

    static func apply(_ row: Row, to table: inout [Cell: [Cell]]) {
        switch row.kind {
        case .insert, .updateAfter: table[row.cells[0]] = row.cells
        case .updateBefore, .delete: table[row.cells[0]] = nil
        }
    }

    // MARK: Switches

    /// What turns one version's table into another's.
    func difference(from old: UInt32, to new: UInt32) throws -> [(cells: [Cell], kind: RowKind)] {
        let (before, after) = (try version(old).table, try version(new).table)
        var rows: [(cells: [Cell], kind: RowKind)] = []
        for (key, row) in before.sorted(by: { "\($0.key)" < "\($1.key)" }) where after[key] != row {
            rows.append((row, after[key] == nil ? .delete : .updateBefore))
            if let changed = after[key] { rows.append((changed, .updateAfter)) }
        }
        for (key, row) in after.sorted(by: { "\($0.key)" < "\($1.key)" }) where before[key] == nil {
            rows.append((row, .insert))
        }
        return rows
    }

    /// Makes a version live.
    /// - Parameter difference: rows that are published before its own; nil: the switch has none.
    func makeLive(_ number: UInt32, difference rows: [(cells: [Cell], kind: RowKind)]?) throws {
        let attempt = try log.append(
            .attempt(job: "orders", from: live, to: number, timeoutMilliseconds: 10_000, withoutFrom: false)
        ).sequence
        var differences: [TopicID: TopicID] = [:]
        var parts = [[Row]](repeating: [], count: partitions)
        if let rows {
            let schema = try version(number).topic.schema
            let topic = try TopicAdmin.create(
                "revenue-switch-\(attempt)", schema: schema, partitions: UInt32(partitions), random: topics.random,
                in: log)
            differences[nameID] = topic.id
            for row in rows {
                guard case .bigint(let id) = row.cells[0] else { continue }
                parts[Int(id) % partitions].append(Row(cells: row.cells, kind: row.kind, milliseconds: 0))
            }
            let writers = try writers(of: topic)
            var ranges: [OffsetRange] = []
            for (partition, rows) in parts.enumerated() where !rows.isEmpty {
                try append(rows, writers[partition], schema)
                ranges.append(
                    OffsetRange(partition: topic.partition(partition), start: 0, end: UInt64(rows.count)))
            }
            if !ranges.isEmpty { try log.append(.published(ranges, producer: nil)) }
            topics.time.advance(milliseconds: 3)
        }
        let splices = try log.settled().splices(of: "orders", differences: differences)
        try log.append(.spliced(job: "orders", attempt: attempt, splices))
        for partition in 0..<partitions where rows != nil {
            borders[partition].append(UInt64(published[partition].count))
        }
        publish(parts)
        for partition in 0..<partitions { borders[partition].append(UInt64(published[partition].count)) }
        live = number
    }

    // MARK: Reading

    func source(
        predicates: [ScanPredicate] = [], isBounded: Bool = true, asOf: UInt64? = nil, topic: String = "revenue"
    ) -> TopicSourceDescription {
        let columns = Self.fields.map { ScanColumn(path: [$0.name], type: $0.type, isNullable: $0.isNullable) }
        return TopicSourceDescription(
            operatorID: 1, table: "t", topic: topic, columns: columns, metadata: [.partition, .offset, .timestamp],
            fields: Self.fields, key: key, predicates: predicates, isBounded: isBounded, asOf: asOf)
    }

    /// What a source has given, by partition in the order of the offsets; nil: rows that were given twice, or left out.
    func rows(of given: [TopicRun.Given]) -> [[Row]]? {
        var found = [[Int64: Row]](repeating: [:], count: partitions)
        for row in given {
            let count = Self.fields.count
            guard case .int(let partition) = row.cells[count], case .bigint(let offset) = row.cells[count + 1],
                case .timestamp(let time) = row.cells[count + 2]
            else { return nil }
            let row = Row(cells: Array(row.cells[..<count]), kind: row.kind, milliseconds: time)
            guard found[Int(partition)].updateValue(row, forKey: offset) == nil else { return nil }
        }
        let rows = found.map { rows in rows.sorted { $0.key < $1.key } }
        guard rows.allSatisfy({ rows in rows.enumerated().allSatisfy { $0.offset == Int($0.element.key) } }) else {
            return nil
        }
        return rows.map { $0.map(\.value) }
    }

    /// What a consumer gives from where it stands, added to `rows`.
    func drain(_ consumer: TopicConsumer, into rows: inout [[Row]]) throws {
        while true {
            guard let part = try consumer.next() else {
                if try consumer.wait(timeoutMilliseconds: 0) { continue }
                return
            }
            guard Int(part.offsets.lowerBound) == rows[part.partition].count else {
                throw JobFailure(.conflict, "offset \(part.offsets) behind row \(rows[part.partition].count)")
            }
            for row in 0..<part.batch.rowCount {
                let cells = part.batch.columns.prefix(Self.fields.count).map { $0.cell(at: row) }
                rows[part.partition].append(
                    Row(cells: cells, kind: part.batch.rowKinds?[row] ?? .insert, milliseconds: 0))
            }
        }
    }

    /// Without times, and without columns that were added.
    static func plain(_ rows: [[Row]]) -> [[Row]] {
        rows.map { part in
            part.map { Row(cells: Array($0.cells.prefix(fields.count)), kind: $0.kind, milliseconds: 0) }
        }
    }

    var empty: [[Row]] { Array(repeating: [], count: partitions) }
}

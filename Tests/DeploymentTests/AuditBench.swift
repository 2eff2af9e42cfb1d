import Columnar
import CommitLog
import Dataflow
import Deployment
import HostSystem
import Operators
import Simulation
import StreamSQL
import TestSupport

/// Topics of two versions, made by hand, and audits of them.
final class AuditBench {
    let log: CommitLogAccess
    var options = AuditOptions(memoryBytes: 64 << 20)
    private let random: any RandomSource
    private var outputs: [AuditCut.Output] = []

    init(seed: UInt64 = 1) throws {
        let files = SimulatedFileSystem(seed: seed)
        random = SimulatedRandom(seed: seed)
        let time = SimulatedTime()
        let directory = try DataDirectory("data", files: files)
        let journal = try Journal.open(directory: directory.journal, files: files, time: time)
        log = CommitLogAccess(journal: journal, directory: directory, time: time)
    }

    static let fields = [
        Field("id", .bigint, isNullable: false), Field("country", .string), Field("tax", .double),
    ]

    static func row(_ id: Int64, _ country: String?, _ tax: Double?) -> [Cell] {
        [.bigint(id), country.map { .string($0) } ?? .null, tax.map { .double($0) } ?? .null]
    }

    /// A topic with these rows.
    @discardableResult
    func topic(
        _ name: String, _ fields: [Field], key: [String], _ rows: [[Cell]], kinds: [RowKind]? = nil,
        partitions: UInt32 = 1
    ) throws -> AuditCut.OutputTopic {
        try TopicAdmin.create(
            name, schema: TopicSchema(fields: fields, key: key), partitions: partitions, random: random, in: log)
        try append(rows, kinds: kinds, to: name)
        return try end(of: name)
    }

    func append(_ rows: [[Cell]], kinds: [RowKind]? = nil, to name: String) throws {
        guard !rows.isEmpty else { return }
        let producer = try TopicProducer(name, in: log)
        let leaves = ScanColumn.leaves(of: producer.fields)
        let columns = leaves.indices.map { index in Column(rows.map { $0[index] }, leaves[index].type) }
        try producer.append(Batch(columns: columns, rowCount: rows.count, rowKinds: kinds))
        try producer.publish()
    }

    func end(of name: String) throws -> AuditCut.OutputTopic {
        .init(name, ends: try TopicAdmin.describe(name, in: log).partitions.map(\.publishedEnd))
    }

    func add(_ name: String, _ old: AuditCut.OutputTopic?, _ new: AuditCut.OutputTopic?, key: [String] = []) {
        outputs.append(AuditCut.Output(name, old: old, new: new, key: key))
    }

    /// An output with these rows in the two versions.
    func add(
        _ name: String, key: [String] = ["id"], _ old: [[Cell]], _ new: [[Cell]],
        fields: [Field] = AuditBench.fields, newFields: [Field]? = nil
    ) throws {
        let before = try topic("\(name)-1", fields, key: key, old)
        let now = try topic("\(name)-2", newFields ?? fields, key: key, new, partitions: 2)
        add(name, before, now, key: key)
    }

    /// As `add`, of the only output that there is.
    func sales(
        key: [String] = ["id"], _ old: [[Cell]], _ new: [[Cell]], fields: [Field] = AuditBench.fields,
        newFields: [Field]? = nil
    ) throws {
        try add("sales", key: key, old, new, fields: fields, newFields: newFields)
    }

    var cut: AuditCut {
        AuditCut(
            job: "orders", old: .init(1, position: 10), new: .init(2, position: 12), inputs: [], outputs: outputs)
    }

    func report(_ expectations: String = "") throws -> AuditReport {
        let expected = try ExpectedDifference.statements(of: Array(expectations.utf8))
        return try Audit(cut, options, expecting: expected, in: log).report()
    }

    func comparison(_ expectations: String = "") throws -> OutputComparison {
        guard case .compared(let found) = try report(expectations).outputs.first?.outcome else {
            throw JobFailure(.conflict, "nothing is compared")
        }
        return found
    }
}

extension RowCounts {
    /// In one line, without the zeros.
    var line: String {
        [
            ("old", old), ("new", new), ("equal", equal), ("near", near), ("changed", changed), ("onlyOld", onlyOld),
            ("onlyNew", onlyNew),
        ].filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}

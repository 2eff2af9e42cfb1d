// A topic as everybody has been shown it: what one reader finds at a place, all find there. A keyed topic is a table at
// every moment: a change takes back the row that the key has, and adds one where it has none.

import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

struct ShownRow: Equatable {
    var values: [ModelValue]
    var kind: RowKind

    var adds: Bool { kind == .insert || kind == .updateAfter }
}

/// `@unchecked Sendable`: touched by who has the turn (`SimulatedProcesses`).
final class TopicRecording: @unchecked Sendable {
    let topic: String
    /// Columns that come first.
    private let keyCount: Int
    /// By partition and offset.
    private var rows: [[ShownRow]] = []
    /// The first promise that was broken.
    private(set) var lie: String?

    init(_ topic: ShapeTopic) {
        self.topic = topic.name
        keyCount = topic.keyCount
    }

    func lie(_ text: String) { lie = lie ?? "topic \(topic): \(text)" }

    fileprivate func see(_ row: ShownRow, _ partition: Int, _ offset: Int) {
        while rows.count <= partition { rows.append([]) }
        if offset < rows[partition].count {
            let known = rows[partition][offset]
            if known != row { lie("partition \(partition) has at \(offset) \(row), and has had \(known)") }
        } else if offset == rows[partition].count {
            rows[partition].append(row)
        } else {
            lie(
                "partition \(partition) is shown from \(offset) on, and nobody has seen more than \(rows[partition].count)"
            )
        }
    }

    func hasKey(_ values: [ModelValue]) -> [ModelValue]? { keyCount == 0 ? nil : Array(values.prefix(keyCount)) }
    var rowCount: Int { rows.reduce(0) { $0 + $1.count } }
}

/// One reader of a topic, from its first row on.
struct RecordedReader {
    private let recording: TopicRecording
    private let consumer: TopicConsumer
    private var next: [UInt64]
    /// All that was read comes to.
    private(set) var table = ChangelogTable()
    private var byKey: [[ModelValue]: [ModelValue]] = [:]

    init(_ recording: TopicRecording, in log: CommitLogAccess) throws(JobFailure) {
        self.recording = recording
        consumer = try TopicConsumer(recording.topic, in: log)
        next = consumer.positions
    }

    /// Reads to the end of what is published, and looks for more for the next time.
    mutating func read() throws(JobFailure) {
        while let shown = try consumer.next() {
            guard shown.offsets.lowerBound == next[shown.partition], shown.batch.rowCount == shown.offsets.count else {
                return recording.lie("a reader at \(next[shown.partition]) is shown \(shown.offsets)")
            }
            next[shown.partition] = shown.offsets.upperBound
            for row in 0..<shown.batch.rowCount {
                let found = ShownRow(
                    values: shown.batch.columns.map { $0.modelValue(at: row) },
                    kind: shown.batch.rowKinds?[row] ?? .insert)
                recording.see(found, shown.partition, Int(shown.offsets.lowerBound) + row)
                apply(found)
            }
            if recording.lie != nil { return }
        }
        _ = try consumer.wait(timeoutMilliseconds: 0)
    }

    private mutating func apply(_ row: ShownRow) {
        do throws(ChangelogTable.Mistake) {
            try table.apply(row.values, adds: row.adds)
        } catch {
            return recording.lie(error.description)
        }
        guard let key = recording.hasKey(row.values) else { return }
        if row.adds, let known = byKey[key] { recording.lie("\(row) is added where \(known) is") }
        byKey[key] = row.adds ? row.values : nil
    }
}

extension Column {
    /// In the words of the reference model.
    func modelValue(at row: Int) -> ModelValue {
        if let validity, !validity[row] { return .null }
        switch self {
        case .int(let column): return .integer(Int64(column.values[row]))
        case .bigint(let column): return .integer(column.values[row])
        case .double(let column): return .double(column.values[row])
        case .timestamp(let column): return .timestamp(column.values[row])
        case .string(let column):
            return .text(Array(column.bytes[Int(column.offsets[row])..<Int(column.offsets[row + 1])]))
        case .boolean, .timestampMicros, .date: preconditionFailure("the model has no such columns")
        }
    }
}

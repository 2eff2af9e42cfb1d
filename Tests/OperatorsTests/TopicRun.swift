import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import Simulation
import TestSupport

/// A data directory on a simulated disk, its topics, and their sources and sinks driven by hand.
final class TopicRun {
    let files: SimulatedFileSystem
    let time = SimulatedTime()
    let log: CommitLogAccess
    let random: any RandomSource
    var settings = JobSettings()
    var parallelism = 1
    var sideOutput: SideOutput?
    private var checkpoint: UInt64 = 0

    init(seed: UInt64 = 1) throws {
        files = SimulatedFileSystem(seed: seed)
        random = SimulatedRandom(seed: seed)
        let directory = try DataDirectory("data", files: files)
        let journal = try Journal.open(directory: directory.journal, files: files, time: time)
        log = CommitLogAccess(journal: journal, directory: directory, time: time)
    }

    func create(_ name: String, _ fields: [Field], key: [String] = [], partitions: UInt32 = 1) throws {
        try TopicAdmin.create(
            name, schema: TopicSchema(fields: fields, key: key), partitions: partitions, random: random, in: log)
    }

    func context(_ subtask: Int = 0) throws -> LinkContext {
        var context = try LinkContext.alone(files: files, settings: settings)
        context.time = time
        context.log = log
        context.sideOutput = sideOutput
        context.subtask = UInt32(subtask)
        context.parallelism = parallelism
        return context
    }

    // MARK: Sources

    struct Given: Equatable {
        var cells: [Cell]
        var kind: RowKind
        var place: String
        var ownWatermark: Int64?
    }

    /// All that a source gives until every reader waits, or is done.
    /// - Parameter between: called where all wait; false: enough.
    func read(
        _ source: TopicSourceDescription, from position: [UInt8]? = nil, seed: UInt64 = 1, batches most: Int = .max,
        between: () throws -> Bool = { false }
    ) throws -> (rows: [Given], position: [UInt8], isOver: Bool) {
        var random = SplitMix64(seed: seed)
        let input = try source.makeInput(try context())
        try input.restore(from: position)
        let readers = try (0..<parallelism).map { try input.makeReader(try context($0)) }
        var given: [Given] = []
        var active = Array(readers.indices)
        var waiting: Set<Int> = []
        var batches = 0
        while !active.isEmpty, batches < most {
            if waiting.count == active.count {
                guard try between() else { break }
                time.advance(milliseconds: 10)
                try input.look()
                waiting = []
            }
            let reader = active[random.below(active.count)]
            switch try readers[reader].read() {
            case .batch(let batch):
                batches += 1
                given += Self.rows(of: batch)
                waiting = []
            case .nothing: waiting = []
            case .waiting: waiting.insert(reader)
            case .exhausted:
                active.removeAll { $0 == reader }
                waiting = []
            }
        }
        return (given, try input.position(), active.isEmpty)
    }

    private static func rows(of batch: Batch) -> [Given] {
        (0..<batch.rowCount).map { row in
            Given(
                cells: batch.columns.map { $0.cell(at: row) }, kind: batch.rowKinds?[row] ?? .insert,
                place: batch.origin.map { "\($0.path) \($0.lines[row])" } ?? "",
                ownWatermark: batch.rowWatermarks?[row])
        }
    }

    // MARK: Sinks

    /// The sinks of all subtasks, opened.
    func open(_ sink: TopicSinkDescription, from states: [CheckpointRecord.OperatorPart] = []) throws -> [any Sink] {
        let contexts = try (0..<parallelism).map { try context($0) }
        var sinks: [any Sink] = []
        for link in try sink.makeLinks(contexts) {
            guard case .sink(let sink) = link else { continue }
            try sink.open(from: states, parallelismChanged: false)
            sinks.append(sink)
        }
        return sinks
    }

    /// Ends the epoch and publishes it, unless the process dies before.
    func commit(_ sinks: [any Sink], dies: Bool = false) throws -> [CheckpointRecord.OperatorPart] {
        checkpoint += 1
        let barrier = Barrier(checkpoint: checkpoint, kind: .periodic, milliseconds: time.wallMilliseconds())
        var parts: [CheckpointRecord.OperatorPart] = []
        var ranges: [TopicPartition: OffsetRange] = [:]
        for (subtask, sink) in sinks.enumerated() {
            parts.append(
                .init(operatorID: sink.operatorID, subtask: UInt32(subtask), bytes: try sink.prepare(barrier)))
            for range in sink.published where range.start < range.end {
                let end = max(range.end, ranges[range.partition]?.end ?? 0)
                ranges[range.partition] = OffsetRange(partition: range.partition, start: range.start, end: end)
            }
        }
        if !dies, !ranges.isEmpty {
            try log.append(.published(ranges.values.sorted { $0.partition < $1.partition }, producer: nil))
        }
        for sink in sinks { try sink.committed(barrier) }
        return parts
    }

    func publish(_ topic: String, _ rows: [[Cell]], kinds: [RowKind]? = nil) throws {
        let producer = try TopicProducer(topic, in: log)
        try producer.append(Self.batch(rows, producer.fields, kinds: kinds))
        try producer.publish()
    }

    static func batch(_ rows: [[Cell]], _ fields: [Field], kinds: [RowKind]? = nil) -> Batch {
        let columns = fields.indices.map { index in Column(rows.map { $0[index] }, fields[index].type) }
        return Batch(columns: columns, rowCount: rows.count, rowKinds: kinds)
    }
}

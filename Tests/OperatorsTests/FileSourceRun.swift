import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import Synchronization
import Testing

/// A row as a source gave it.
struct GivenRow: Hashable {
    var path: String
    var line: Int64
    var text: String
    var ownWatermark: Int64?
}

/// A file source and its readers over simulated files, driven by hand.
final class FileSourceRun {
    let input: any SourceInput
    let time: SimulatedTime
    let metrics: JobMetrics
    private(set) var readers: [any Source] = []
    /// Readers whose doorbell has rung.
    let rung = Rung()

    /// `Sendable` counter of rings.
    final class Rung: Sendable {
        private let rings = Mutex<Set<Int>>([])
        func ring(_ reader: Int) { rings.withLock { _ = $0.insert(reader) } }
        func take() -> Set<Int> {
            rings.withLock { rings in
                defer { rings = [] }
                return rings
            }
        }
    }

    init(
        _ description: FileSourceDescription, _ files: SimulatedFileSystem, readers count: Int = 1,
        from position: [UInt8]? = nil, settings: JobSettings = JobSettings(), time: SimulatedTime = SimulatedTime(),
        metrics: JobMetrics = JobMetrics(), sideOutput: SideOutput? = nil
    ) throws {
        self.time = time
        self.metrics = metrics
        var context = try LinkContext.alone(files: files, metrics: metrics, settings: settings)
        context.time = time
        context.sideOutput = sideOutput
        input = try description.makeInput(context)
        try input.restore(from: position)
        for reader in 0..<count {
            context.subtask = UInt32(reader)
            let rung = rung
            context.wake = { rung.ring(reader) }
            readers.append(try input.makeReader(context))
        }
    }

    /// What the first reader gives until it has to wait, or has given so many rows.
    func read(upTo rows: Int = .max) throws -> [GivenRow] {
        var given: [GivenRow] = []
        while given.count < rows {
            switch try readers[0].read() {
            case .batch(let batch): given += Self.rows(of: batch)
            case .nothing: continue
            case .waiting, .exhausted: return given
            }
        }
        return given
    }

    /// The first column of what the first reader gives.
    func values(upTo rows: Int = .max) throws -> [Int64] {
        try read(upTo: rows).map { row in Int64(row.text.prefix { $0 != "," }) ?? .min }
    }

    static func rows(of batch: Batch) -> [GivenRow] {
        (0..<batch.rowCount).map { row in
            GivenRow(
                path: batch.origin?.path ?? "", line: batch.origin?.lines[row] ?? 0,
                text: batch.columns.map { RowReader.text($0, row) }.joined(separator: ","),
                ownWatermark: batch.rowWatermarks?[row])
        }
    }
}

extension SimulatedFileSystem {
    /// The file's whole content from now on.
    func put(_ path: String, _ bytes: [UInt8]) throws {
        if let slash = path.lastIndex(of: "/") { try makeDirectories(String(path[..<slash])) }
        let file = try open(path, .createIfMissing)
        defer { file.close() }
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
    }

    func put(_ path: String, _ text: String) throws { try put(path, Array(text.utf8)) }
}

extension FileSourceDescription {
    /// JSON with the column `a`, and with a watermark `t`.
    static func json(_ path: String, rowtime: Bool = false, delay: Int64 = 0) -> FileSourceDescription {
        let time = ScanColumn(path: ["t"], type: .timestamp(precision: 3))
        return FileSourceDescription(
            operatorID: 1, table: "t", path: path, format: .json(JSONReadOptions()),
            columns: [ScanColumn(path: ["a"], type: .bigint)] + (rowtime ? [time] : []), predicates: [],
            watermark: rowtime ? strategy(column: 1, delay: delay) : nil)
    }

    /// CSV with the columns `a` and `t`, of which `t` is the rowtime, and a `note` that nobody asks for.
    static func csv(_ path: String, header: Bool) -> FileSourceDescription {
        FileSourceDescription(
            operatorID: 1, table: "t", path: path,
            format: .csv(
                CSVReadOptions(skipHeader: header),
                tableFields: [Field("a", .bigint), Field("note", .string), Field("t", .timestamp(precision: 3))]),
            columns: [
                ScanColumn(path: ["a"], type: .bigint), ScanColumn(path: ["t"], type: .timestamp(precision: 3)),
            ],
            predicates: [], watermark: strategy(column: 1, delay: 0))
    }

    static func strategy(column: Int, delay: Int64) -> WatermarkStrategy {
        WatermarkStrategy(
            rowtime: .column(column, .timestamp(precision: 3)), delay: .constant(milliseconds: delay))
    }
}

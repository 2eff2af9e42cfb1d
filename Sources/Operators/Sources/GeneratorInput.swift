import Columnar
import Dataflow
import HostSystem
import Synchronization

// A source whose rows are made from their numbers: 0, 1, 2, … Splits are ranges of numbers, read by any number of readers;
// a row depends on nothing but its number, so it is the same whoever makes it, now and after a restart.
//
// With a rate, the ledger is told of rows as they fall due: the input's length grows by the clock, readers wait for it, and
// nobody spins.

/// A source of made rows.
protocol GeneratorDescription: SourceDescription {
    var table: String { get }
    var columns: [ScanColumn] { get }
    /// None where there is a watermark: every row counts for it, before any filter.
    var predicates: [ScanPredicate] { get }
    /// Over `columns`.
    var watermark: WatermarkStrategy? { get }
    /// nil: without end.
    var rowCount: Int64? { get }
    /// nil: as fast as it goes.
    var rowsPerSecond: Int64? { get }
    /// At most; of long rows less.
    var rowsPerSplit: Int64 { get }
    /// How a bound is set, for who has to set one.
    var boundHint: String { get }
    /// - Parameter begunMilliseconds: when the source was first started, since 1970-01-01 00:00:00.
    func makeGenerator(job: String, begunMilliseconds: Int64) -> any RowGenerator
}

extension GeneratorDescription {
    package var isBounded: Bool { rowCount != nil }

    package func makeInput(_ context: LinkContext) throws(JobFailure) -> any SourceInput {
        if context.settings.readsWhatIsThere, !isBounded {
            throw JobFailure(
                .conflict, "table \"\(table)\" has no end, so there is nothing that --available-now could take",
                hint: boundHint)
        }
        return GeneratorInput(self, context)
    }

    /// Nothing is added to what is made.
    package func unread(
        since _: [UInt8], files _: any FileSystem, log _: CommitLogAccess?
    ) throws(JobFailure) -> [UnreadInput] { [] }

    package func checkInputs(files _: any FileSystem) throws(JobFailure) {}
}

final class GeneratorInput: SourceInput {
    /// How often rows fall due.
    static let tickNanoseconds: Int64 = 50_000_000
    static let rowsPerSplit: Int64 = 4096
    /// Text of the rows of a split, about.
    static let splitTextBytes: Int64 = 16 << 20
    /// A number of rows that is never reached.
    private static let noEnd: Int64 = 1 << 62
    private static let version: UInt8 = 1

    private struct Pace {
        var begunMilliseconds: Int64
        /// Of the monotonic clock, and the rows that were due then.
        var startNanoseconds: Int64
        var startRows: Int64
    }

    private let description: any GeneratorDescription
    /// What keeps its name while its runs and versions change.
    private let job: String
    private let time: any TimeSource
    private let splits: SharedSplits
    private let pace: Mutex<Pace>

    init(_ description: any GeneratorDescription, _ context: LinkContext) {
        self.description = description
        job = context.run.directory.split(separator: "/").dropLast().last.map { String($0) } ?? ""
        time = context.time
        var policy = SplitLedger.Policy(
            pieceLength: Self.pieceLength(description), hasWatermark: description.watermark != nil)
        policy.countsReadInputs = context.settings.readsWhatIsThere
        // Of rows that fall due, readers wait for the next; `PacedReader` knows the last.
        splits = SharedSplits(policy, isEndless: description.rowsPerSecond != nil || !description.isBounded)
        pace = Mutex(
            Pace(begunMilliseconds: context.time.wallMilliseconds(), startNanoseconds: 0, startRows: 0))
    }

    /// With a rate, about what falls due at once, for one reader of several.
    private static func pieceLength(_ description: any GeneratorDescription) -> Int64 {
        guard let rate = description.rowsPerSecond else { return description.rowsPerSplit }
        return min(max(rate / (1_000_000_000 / tickNanoseconds) / 4, 1), description.rowsPerSplit)
    }

    /// Of all rows.
    private var total: Int64 { min(description.rowCount ?? Self.noEnd, Self.noEnd) }

    func restore(from position: [UInt8]?) throws(JobFailure) {
        var progress = SplitProgress(length: description.rowsPerSecond == nil ? total : 0)
        if let position { progress = try decode(position) }
        let now = time.monotonicNanoseconds()
        let known = progress.length
        pace.withLock { pace in
            pace.startNanoseconds = now
            pace.startRows = known
        }
        splits.update { $0.add(progress) }
        splits.begin(atNanoseconds: now)
        extend()
    }

    func makeReader(_ context: LinkContext) throws(JobFailure) -> any Source {
        let generator = description.makeGenerator(
            job: job, begunMilliseconds: pace.withLock { $0.begunMilliseconds })
        let reader = SplitReader(splits, try GeneratorContent(description, generator, context), context)
        guard description.rowsPerSecond != nil, description.isBounded else { return reader }
        return PacedReader(reader, splits, total: total)
    }

    // MARK: Rates

    var lookIntervalNanoseconds: Int64? { description.rowsPerSecond == nil ? nil : Self.tickNanoseconds }

    func look() throws(JobFailure) { extend() }

    /// What is due until the next look is due now.
    private func extend() {
        guard let rate = description.rowsPerSecond else { return }
        let (start, rows) = pace.withLock { ($0.startNanoseconds, $0.startRows) }
        let elapsed = max(time.monotonicNanoseconds() &- start, 0) &+ Self.tickNanoseconds
        let due = Self.rows(rate, in: elapsed)
        let length = min(total, rows > total - min(due, total) ? total : rows + due)
        splits.update { ledger in
            if length > ledger.inputs[0].length { ledger.extend(0, to: length) }
        }
    }

    /// Rounded up, so that also slow ones begin.
    static func rows(_ rate: Int64, in nanoseconds: Int64) -> Int64 {
        let (high, low) = UInt64(rate).multipliedFullWidth(by: UInt64(nanoseconds))
        guard high < 1_000_000_000 else { return .max }
        let (quotient, remainder) = UInt64(1_000_000_000).dividingFullWidth((high, low))
        return Int64(clamping: quotient) + (remainder > 0 && quotient < UInt64(Int64.max) ? 1 : 0)
    }

    var eventTime: SourceEventTime? { splits.eventTime { _ in "table \"\(description.table)\"" } }

    // MARK: Positions

    func position() throws(JobFailure) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(pace.withLock { $0.begunMilliseconds })
        splits.read { $0.inputs[0].encode(into: &writer) }
        return writer.bytes
    }

    private func decode(_ position: [UInt8]) throws(JobFailure) -> SplitProgress {
        do throws(CorruptBytes) {
            var reader = ByteReader(position)
            guard try reader.read(UInt8.self, "version") == Self.version else {
                throw CorruptBytes(offset: 0, expected: "a generator position of version \(Self.version)")
            }
            let begun = try reader.read(Int64.self, "time of the first start")
            let progress = try SplitProgress(decoding: &reader)
            guard progress.length <= total else {
                throw CorruptBytes(offset: reader.position, expected: "at most \(total) rows")
            }
            pace.withLock { $0.begunMilliseconds = begun }
            return progress
        } catch {
            throw JobFailure(.damage, "the position of table \"\(description.table)\" cannot be read: \(error)")
        }
    }
}

/// Reads rows as they fall due, and knows when the last one is given.
private final class PacedReader: Source {
    private let reader: SplitReader
    private let splits: SharedSplits
    private let total: Int64

    init(_ reader: SplitReader, _ splits: SharedSplits, total: Int64) {
        self.reader = reader
        self.splits = splits
        self.total = total
    }

    func read() throws(JobFailure) -> SourceProgress {
        let progress = try reader.read()
        // Whoever gives the last row wakes those that wait.
        guard case .waiting = progress, splits.read({ $0.isRead && $0.inputs[0].length == total }) else {
            return progress
        }
        return .exhausted
    }

    func prepareBarrier() throws(JobFailure) { reader.prepareBarrier() }

    var watermark: WatermarkStatus? { reader.watermark }
}

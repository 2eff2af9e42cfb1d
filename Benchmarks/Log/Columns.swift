import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

/// What one column of a topic's six costs against all of them, decoded, with the files in the page cache.
struct Columns {
    let directory: String
    private let files = PosixFileSystem()
    private let time = SystemTime()
    private static let fields = [
        Field("number", .bigint), Field("at", .timestamp(precision: 3)), Field("user", .bigint),
        Field("channel", .string), Field("url", .string), Field("price", .double),
    ]
    private static let rowsAtOnce = 100_000
    private static let rounds = 40

    init(_ directory: String) {
        self.directory = FilePath.join(directory, "columns-benchmark-" + String(SystemRandom().next(), radix: 16))
    }

    func run() throws {
        defer {
            do throws(FileError) { try files.removeTree(directory) } catch { print("left behind: \(error)") }
        }
        for compression in TopicOptions.Compression.allCases {
            let data = try DataDirectory(directory, files: files)
            let journal = try Journal.open(directory: data.journal, files: files, time: time)
            let log = CommitLogAccess(journal: journal, directory: data, time: time)
            let name = "rows-\(compression.rawValue)"
            try fill(name, compression, log)
            _ = try read(name, nil, log)
            let all = try (0..<3).map { _ in try read(name, nil, log) }.min() ?? 1
            let one = try (0..<3).map { _ in try read(name, ["number"], log) }.min() ?? 1
            let rows = Double(Self.rowsAtOnce * Self.rounds) / 1e6
            print(
                "\(compression.rawValue): all columns \(Int(rows * 1e9 / Double(all))) M rows/s, one "
                    + "\(Int(rows * 1e9 / Double(one))) M rows/s: \(Double(all * 10 / one) / 10) times as fast")
        }
    }

    private func fill(_ name: String, _ compression: TopicOptions.Compression, _ log: CommitLogAccess) throws {
        try TopicAdmin.create(
            name, schema: TopicSchema(fields: Self.fields, key: []), options: TopicOptions(compression: compression),
            random: SystemRandom(), in: log)
        let producer = try TopicProducer(name, in: log)
        var random = SplitMix64(seed: 7)
        for round in 0..<Self.rounds {
            let numbers = (0..<Int64(Self.rowsAtOnce)).map { Int64(round * Self.rowsAtOnce) + $0 }
            let columns: [Column] = [
                .bigint(FixedColumn(numbers)), .timestamp(FixedColumn(numbers.map { 1_700_000_000_000 + $0 * 7 })),
                .bigint(FixedColumn(numbers.map { _ in Int64(random.below(1_000_000)) })),
                Self.texts(numbers.map { _ in ["Apple", "Baidu", "Google"][random.below(3)] }),
                Self.texts(numbers.map { _ in "https://example.com/\(random.below(100_000))/item.htm" }),
                .double(FixedColumn(numbers.map { _ in Double(random.below(100_000)) / 100 })),
            ]
            try producer.append(Batch(columns: columns, rowCount: Self.rowsAtOnce))
            try producer.publish()
        }
        producer.finish()
    }

    private static func texts(_ values: [String]) -> Column {
        var column = StringColumn()
        for value in values {
            column.bytes += Array(value.utf8)
            column.offsets.append(Int32(column.bytes.count))
        }
        return .string(column)
    }

    /// Nanoseconds.
    private func read(_ name: String, _ columns: [String]?, _ log: CommitLogAccess) throws -> Int64 {
        let began = time.monotonicNanoseconds()
        let consumer = try TopicConsumer(name, columns: columns, in: log)
        var rows = 0
        while let read = try consumer.next() { rows += read.batch.rowCount }
        precondition(rows == Self.rowsAtOnce * Self.rounds, "all rows are read")
        return time.monotonicNanoseconds() - began
    }
}

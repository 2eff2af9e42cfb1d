import Columnar
import Glibc
import HostSystem
import Operators

// FormatBenchmark [PASSES [NAME]]: how fast CSV becomes columns, and columns become CSV, JSON, Debezium JSON and print lines, on one
// thread and in memory. The rows are like Nexmark's bids: numbers, words, a URL, a time; seeded.

let rowsPerBatch = 4096
let batchCount = 100

func makeBatch(_ random: inout SplitMix64) -> Batch {
    func numbers(_ bound: Int) -> Column {
        .bigint(FixedColumn((0..<rowsPerBatch).map { _ in Int64(random.below(bound)) }))
    }
    func texts(_ make: () -> String) -> Column {
        var column = StringColumn()
        for _ in 0..<rowsPerBatch {
            column.bytes += Array(make().utf8)
            column.offsets.append(Int32(column.bytes.count))
        }
        return .string(column)
    }
    let channels = ["Google", "Facebook", "Baidu", "Apple"]
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    return Batch(
        columns: [
            numbers(10_000), numbers(100_000), numbers(100_000_000), texts { channels[random.below(4)] },
            texts {
                "https://www.nexmark.com/" + String((0..<18).map { _ in letters[random.below(26)] })
                    + "/item.htm?query=1"
            },
            .timestamp(FixedColumn((0..<rowsPerBatch).map { Int64(1_767_225_600_000 + $0 * 7) })),
            texts { String((0..<50 + random.below(20)).map { _ in letters[random.below(26)] }) },
            .double(FixedColumn((0..<rowsPerBatch).map { _ in Double(random.below(1_000_000)) / 100 })),
        ], rowCount: rowsPerBatch)
}

let fields = [
    Field("auction", .bigint), Field("bidder", .bigint), Field("price", .bigint), Field("channel", .string),
    Field("url", .string), Field("dateTime", .timestamp(precision: 3)), Field("extra", .string), Field("rate", .double),
]

func csvLines(_ batch: Batch) -> [UInt8] {
    var out: [UInt8] = []
    for row in 0..<batch.rowCount {
        for (index, column) in batch.columns.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            switch column {
            case .bigint(let c): TextFormatting.append(c.values[row], to: &out)
            case .double(let c): TextFormatting.append(c.values[row], to: &out)
            case .timestamp(let c):
                TextFormatting.appendTimestamp(milliseconds: c.values[row], style: .fixed(digits: 3), to: &out)
            case .string(let c): out += c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])]
            default: break
            }
        }
        out.append(UInt8(ascii: "\n"))
    }
    return out
}

/// The best of some passes, by processor time.
func measure(_ name: String, passes: Int, bytes: Int, rows: Int, _ body: () -> Void) {
    if CommandLine.arguments.count > 2, !name.hasPrefix(CommandLine.arguments[2]) { return }
    var best = Double.infinity
    for _ in 0..<passes {
        let start = clock()
        body()
        best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC))
    }
    let speed = Double(bytes) / best / 1e9
    print("\(name): \((speed * 100).rounded() / 100) GB/s, \((best / Double(rows) * 1e9).rounded()) ns a row")
}

/// `2014-02-14 14:30:00,0.132`, a row every five minutes, as the files of the Numenta Anomaly Benchmark are.
let seriesFields = [Field("timestamp", .timestamp(precision: 3)), Field("value", .double)]

func seriesLines(_ random: inout SplitMix64) -> [UInt8] {
    var out: [UInt8] = []
    for row in 0..<rowsPerBatch * batchCount {
        TextFormatting.appendTimestamp(
            milliseconds: 1_392_388_200_000 + Int64(row) * 300_000, style: .fixed(digits: 0), to: &out)
        out.append(UInt8(ascii: ","))
        TextFormatting.append(Double(random.below(100_000)) / 1000, to: &out)
        out.append(UInt8(ascii: "\n"))
    }
    return out
}

func measureReading(_ name: String, _ fields: [Field], _ asked: [Int], _ bytes: [UInt8], passes: Int) {
    let columns = asked.map { ScanColumn(path: [fields[$0].name], type: fields[$0].type) }
    let scanner = CSVScanner(tableFields: fields, columns: columns, predicates: [], options: CSVReadOptions())
    let padded = bytes + [UInt8](repeating: 0, count: 64)
    var rows = 0
    measure(name, passes: passes, bytes: bytes.count, rows: rowsPerBatch * batchCount) {
        padded.withUnsafeBytes { raw in
            var at = 0
            rows = 0
            while at < bytes.count {
                let window = UnsafeRawBufferPointer(rebasing: raw[at..<min(bytes.count, at + 1 << 20)])
                do {
                    let isFinal = at + window.count == bytes.count
                    let outcome = try scanner.scan(window, isFinal: isFinal, maxRows: rowsPerBatch)
                    at += outcome.consumedBytes
                    rows += outcome.rowCount
                } catch {
                    print(error)
                    exit(1)
                }
            }
        }
    }
    precondition(rows == 0 || rows == rowsPerBatch * batchCount, "every row is read")
}

func measureWriting(_ name: String, _ writer: some RowWriter, _ batches: [Batch], passes: Int) {
    var out: [UInt8] = []
    var bytes = 0
    for batch in batches {
        out.removeAll(keepingCapacity: true)
        writer.write(batch, to: &out)
        bytes += out.count
    }
    measure(name, passes: passes, bytes: bytes, rows: rowsPerBatch * batches.count) {
        for batch in batches {
            out.removeAll(keepingCapacity: true)
            writer.write(batch, to: &out)
        }
    }
}

let passes = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 5 : 5
var random = SplitMix64(seed: 1)
let batches = (0..<batchCount).map { _ in makeBatch(&random) }
let csv = batches.flatMap { csvLines($0) }
let quoted = csv.split(separator: UInt8(ascii: "\n")).flatMap { line in
    line.split(separator: UInt8(ascii: ",")).map { [0x22] + $0 + [0x22] }.joined(separator: [0x2C]) + [0x0A]
}

let series = seriesLines(&random)
measureReading("CSV in, a time and a number", seriesFields, [0, 1], series, passes: passes)
measureReading("CSV in, 8 columns", fields, Array(0..<8), csv, passes: passes)
measureReading("CSV in, 3 of 8 columns", fields, [0, 2, 5], csv, passes: passes)
measureReading("CSV in, every field quoted", fields, Array(0..<8), quoted, passes: passes)
measureWriting("CSV out", CSVRowWriter(fields: fields), batches, passes: passes)
measureWriting("JSON out", JSONRowWriter(fields: fields), batches, passes: passes)
let narrow = batches.map { Batch(columns: [$0.columns[0], $0.columns[2]], rowCount: $0.rowCount) }
measureWriting("JSON out, 2 numbers", JSONRowWriter(fields: [fields[0], fields[2]]), narrow, passes: passes)
let changes = batches.map { batch in
    var changes = batch
    changes.rowKinds = (0..<rowsPerBatch).map { $0 % 2 == 0 ? .updateBefore : .updateAfter }
    return changes
}
measureWriting("Debezium JSON out", DebeziumJSONWriter(fields: fields), changes, passes: passes)
measureWriting("print out", PrintWriter(fields: fields), batches, passes: passes)

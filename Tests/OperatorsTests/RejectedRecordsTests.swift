import Columnar
import HostSystem
import Operators
import Testing

/// What a scanner rejects for quarantine is what it skips otherwise, told as the error tells it, with its bytes.
@Suite struct RejectedRecordsTests {
    struct Rejected: Hashable {
        var line: Int
        var column: Int?
        var reason: String
        var bytes: [UInt8]
    }

    @Test(arguments: [1, 2, 3, 4]) func ofJSONLines(seed: UInt64) throws {
        var generator = JSONLineGenerator(random: SplitMix64(seed: seed), irregularity: 6)
        for round in 0..<100 {
            var lines: [[UInt8]] = []
            for _ in 0..<generator.random.below(40) {
                let line = Array(generator.line().utf8)
                lines.append(generator.random.oneIn(3) ? generator.mutated(line) : line)
            }
            let bytes = Array(lines.joined(separator: [0x0A]))
            var options = JSONReadOptions(failOnMissingField: round % 3 == 0, badRecords: .skip)
            func scanner(_ policy: BadRecordPolicy) -> JSONLinesScanner {
                options.badRecords = policy
                return JSONLinesScanner(
                    columns: JSONLineGenerator.columns, predicates: JSONLineGenerator.predicates[round % 6],
                    options: options)
            }
            let place = "seed \(seed), round \(round)"
            let rejected = try Self.check(scanner, bytes, &generator.random, place)
            let all = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            for record in rejected {
                var line = Array(all[record.line])
                if line.last == 0x0D { line.removeLast() }
                #expect(record.bytes == line, "\(place)")
            }
        }
    }

    @Test(arguments: 0..<8) func ofCSV(block: Int) throws {
        for seed in UInt64(block * 100)..<UInt64(block * 100 + 100) {
            var random = SplitMix64(seed: seed)
            let reference = random.reference()
            let bytes = random.document(reference.options.syntax)
            let columns = reference.fields.map { ScanColumn(path: [$0.name], type: $0.type, isNullable: seed % 2 == 0) }
            var options = reference.options
            options.ignoreParseErrors = false
            func scanner(_ policy: BadRecordPolicy) -> CSVScanner {
                options.badRecords = policy
                return CSVScanner(
                    tableFields: reference.fields, columns: columns, predicates: [], options: options)
            }
            try Self.check(scanner, bytes, &random, "seed \(seed)")
        }
    }

    /// - Returns: what is rejected, the same in windows of any size.
    @discardableResult
    private static func check(
        _ scanner: (BadRecordPolicy) -> any RecordScanner, _ bytes: [UInt8], _ random: inout SplitMix64,
        _ place: String
    ) throws -> [Rejected] {
        let skipping: (rows: [[String?]], lines: [Int], skipped: Int, nulled: Int)
        do throws(BadRecord) {
            skipping = try scanner(.skip).readAll(bytes)
        } catch {
            // A header that is none, or what has no end.
            return []
        }
        var first: [Rejected]?
        for widest in [1 << 20, 3, 50, 1000] {
            var rejected: [Rejected] = []
            let read = try scanner(.quarantine).readAll(
                bytes, windowBytes: { widest == 1 << 20 ? widest : random.below(widest) + 1 },
                maxRows: { widest == 1 << 20 ? widest : random.below(9) + 1 }, rejected: &rejected)
            #expect(read.rows == skipping.rows && read.lines == skipping.lines, "\(place)")
            #expect(read.skipped == 0 && rejected.count == skipping.skipped, "\(place)")
            #expect(rejected == (first ?? rejected), "\(place)")
            first = rejected
        }
        for record in first ?? [] where !record.bytes.isEmpty {
            let alone = scanner(.fail)
            let failure = #expect(throws: BadRecord.self, "\(place): \(record)") {
                var unused: [Rejected] = []
                _ = try alone.readAll(record.bytes, isStart: false, rejected: &unused)
            }
            #expect(failure.map { record.reason.hasSuffix($0.reason) } == true, "\(place): \(record)")
        }
        return first ?? []
    }
}

extension RecordScanner {
    /// As `readAll`, with what is rejected.
    fileprivate func readAll(
        _ bytes: [UInt8], windowBytes: () -> Int = { 1 << 20 }, maxRows: () -> Int = { 1 << 20 },
        isStart: Bool = true, rejected: inout [RejectedRecordsTests.Rejected]
    ) throws(BadRecord) -> (rows: [[String?]], lines: [Int], skipped: Int) {
        var (rows, lines): ([[String?]], [Int]) = ([], [])
        var (at, line, skipped, window) = (0, 0, 0, windowBytes())
        if isStart { beginFile() } else { continueFile() }
        while at < bytes.count {
            let end = min(bytes.count, at + window)
            let padded = Array(bytes[at..<end]) + [UInt8](repeating: 0x22, count: 64)
            let (from, count) = (line, end - at)
            let made = padded.withUnsafeBytes { raw in
                Result { () throws(BadRecord) -> (ScanOutcome, [RejectedRecordsTests.Rejected]) in
                    let outcome = try scan(
                        .init(rebasing: raw[..<count]), isFinal: end == bytes.count, maxRows: maxRows())
                    let found = outcome.rejected.sorted { $0.lineIndex < $1.lineIndex }
                    let taken = UnsafeRawBufferPointer(rebasing: raw[..<outcome.consumedBytes])
                    let ranges = recordRanges(found.map(\.lineIndex), in: taken)
                    return (
                        outcome,
                        zip(found, ranges).map { record, range in
                            .init(
                                line: from + record.lineIndex, column: record.column, reason: record.reason,
                                bytes: Array(taken[range]))
                        }
                    )
                }
            }
            let (outcome, found) = try made.get()
            rejected += found
            for row in 0..<outcome.rowCount { rows.append(outcome.columns.map { $0.text(row) }) }
            lines += outcome.lineIndexes.map { line + Int($0) }
            skipped += outcome.skippedRecords
            at += outcome.consumedBytes
            line += outcome.consumedLines
            if end == bytes.count, outcome.consumedBytes == 0 { break }
            window = outcome.consumedBytes == 0 ? window * 2 : windowBytes()
        }
        return (rows, lines, skipped)
    }
}

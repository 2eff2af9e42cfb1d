import Columnar

import Operators

// Runs the scanner over bytes and gives rows that can be compared with what the reference reader makes of the same bytes.

enum JSONCell: Hashable, CustomStringConvertible {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// By its bits, so that NaN equals itself and -0.0 is not 0.0.
    case double(UInt64)
    case string([UInt8])

    var description: String {
        switch self {
        case .null: "NULL"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .double(let bits): "\(Double(bitPattern: bits))"
        case .string(let bytes): "\"" + String(decoding: bytes, as: UTF8.self) + "\""
        }
    }

    static func text(_ text: String) -> JSONCell { .string(Array(text.utf8)) }
    static func number(_ value: Double) -> JSONCell { .double(value.bitPattern) }
}

struct JSONScanResult: Equatable {
    var rows: [[JSONCell]] = []
    var lines: [Int] = []
    var skippedRecords = 0
    var nulledFields = 0
    /// The line of the bad record that ended the scan.
    var failedLine: Int?
}

struct JSONScanSetup {
    var columns: [ScanColumn]
    var predicates: [ScanPredicate] = []
    var options = JSONReadOptions()

    init(_ columns: [ScanColumn], predicates: [ScanPredicate] = [], options: JSONReadOptions = JSONReadOptions()) {
        self.columns = columns
        self.predicates = predicates
        self.options = options
    }

    func makeScanner() -> JSONLinesScanner {
        JSONLinesScanner(columns: columns, predicates: predicates, options: options)
    }

    /// Feeds `bytes` in pieces of `piece` bytes; what a call leaves stands in front of the next piece, as in a file source.
    /// After a bad record the rows before it in the same call are lost, so only its line is compared.
    func scan(
        _ bytes: [UInt8], piece: Int = .max, maxRows: Int = 4096, with scanner: JSONLinesScanner? = nil
    ) -> JSONScanResult {
        let scanner = scanner ?? makeScanner()
        var result = JSONScanResult()
        var lineCount = 0
        var pending: [UInt8] = []
        var taken = 0
        repeat {
            let next = min(bytes.count, taken.addingReportingOverflow(piece).overflow ? bytes.count : taken + piece)
            pending += bytes[taken..<next]
            taken = next
            while !pending.isEmpty {
                do {
                    let outcome = try call(scanner, pending, isFinal: taken == bytes.count, maxRows: maxRows)
                    if outcome.consumedBytes == 0 { break }
                    result.append(outcome, linesBefore: lineCount)
                    lineCount += outcome.consumedLines
                    pending.removeFirst(outcome.consumedBytes)
                } catch {
                    return JSONScanResult(failedLine: lineCount + error.lineIndex)
                }
            }
        } while taken < bytes.count
        return result
    }

    /// One call, with bytes behind the input that would change the answer if they were looked at.
    func call(
        _ scanner: JSONLinesScanner, _ bytes: [UInt8], isFinal: Bool = true, maxRows: Int = 4096
    ) throws(BadRecord) -> ScanOutcome {
        let padded = bytes + [UInt8](repeating: UInt8(ascii: "}"), count: 64)
        let answer = padded.withUnsafeBytes { buffer in
            Result { () throws(BadRecord) in
                let input = UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])
                return try scanner.scan(input, isFinal: isFinal, maxRows: maxRows)
            }
        }
        return try answer.get()
    }

    /// The bad record that a line is, if it is one.
    func badRecord(_ line: String) -> BadRecord? {
        do {
            _ = try call(makeScanner(), Array(line.utf8))
            return nil
        } catch {
            return error
        }
    }
}

extension JSONScanResult {
    /// The first thing in which the scan differs from what was expected, in few words; nil if nothing does.
    func difference(from expected: JSONScanResult) -> String? {
        if self == expected { return nil }
        if failedLine != expected.failedLine {
            return "fails at line \(failedLine ?? -1), expected \(expected.failedLine ?? -1)"
        }
        for (index, (found, wanted)) in zip(rows, expected.rows).enumerated() where found != wanted {
            return "line \(lines[index]): \(found), expected line \(expected.lines[index]): \(wanted)"
        }
        return "lines \(lines), \(skippedRecords) skipped, \(nulledFields) nulled, expected \(expected.lines), "
            + "\(expected.skippedRecords), \(expected.nulledFields)"
    }

    mutating func append(_ outcome: ScanOutcome, linesBefore: Int) {
        for row in 0..<outcome.rowCount {
            rows.append(outcome.columns.map { $0.cell(row) })
            lines.append(linesBefore + Int(outcome.lineIndexes[row]))
        }
        skippedRecords += outcome.skippedRecords
        nulledFields += outcome.nulledFields
    }
}

extension Column {
    func cell(_ row: Int) -> JSONCell {
        if isNull(row) { return .null }
        switch self {
        case .boolean(let column): return .boolean(column.values[row])
        case .int(let column): return .integer(Int64(column.values[row]))
        case .date(let column): return .integer(Int64(column.values[row]))
        case .bigint(let column), .timestamp(let column), .timestampMicros(let column):
            return .integer(column.values[row])
        case .double(let column): return .double(column.values[row].bitPattern)
        case .string(let column):
            return .string(Array(column.bytes[Int(column.offsets[row])..<Int(column.offsets[row + 1])]))
        }
    }
}

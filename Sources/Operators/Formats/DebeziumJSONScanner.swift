import Columnar
import Glibc

// The `debezium-json` format: a line is one change, {"before":{…},"after":{…},"op":"u"}, or that as the `payload` beside a
// schema.
//
//   c, r (a row of the first snapshot)    +I after
//   u                                     -U before, +U after
//   d                                     -D before
//
// A line is read as JSON with every asked-for column twice, under `before` and `after`; the rows are picked from both. Lines
// that are empty or `null` (what a deletion leaves in a log that is compacted) are passed over.

/// The options of the `debezium-json` format that concern reading.
package struct DebeziumJSONReadOptions: Hashable, Sendable {
    package var json: JSONReadOptions
    /// `debezium-json.schema-include`
    package var includesSchema: Bool

    package init(json: JSONReadOptions = JSONReadOptions(), includesSchema: Bool = false) {
        self.json = json
        self.includesSchema = includesSchema
    }
}

package final class DebeziumJSONScanner: RecordScanner {
    private let columns: [ScanColumn]
    private let options: DebeziumJSONReadOptions
    private let lines: JSONLinesScanner

    package init(columns: [ScanColumn], options: DebeziumJSONReadOptions) {
        self.columns = columns
        self.options = options
        let envelope = options.includesSchema ? ["payload"] : []
        var asked = [ScanColumn(path: envelope + ["op"], type: .string)]
        for side in ["before", "after"] {
            asked.append(ScanColumn(path: envelope + [side], type: .boolean, kind: .presence))
        }
        for side in ["before", "after"] {
            for column in columns {
                // What must not be NULL is so on the sides that count.
                let path = envelope + [side] + column.path
                asked.append(ScanColumn(path: path, type: column.type, kind: column.kind))
            }
        }
        var json = options.json
        json.passesNullLines = true
        lines = JSONLinesScanner(columns: asked, predicates: [], options: json)
    }

    package func beginFile() {}
    package func continueFile() {}

    package func scan(
        _ input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int
    ) throws(BadRecord) -> ScanOutcome {
        let outcome: ScanOutcome
        do throws(BadRecord) {
            outcome = try lines.scan(input, isFinal: isFinal, maxRows: max(1, maxRows / 2))
        } catch {
            // A line in front of it may be no change.
            if let place = place(ofLine: error.lineIndex, in: input), place > 0 {
                _ = try changes(
                    lines.scan(UnsafeRawBufferPointer(rebasing: input[..<place]), isFinal: false, maxRows: maxRows))
            }
            throw error
        }
        return try changes(outcome)
    }

    package func recordRanges(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>] {
        LineRanges.find(lines, in: input)
    }

    private func place(ofLine index: Int, in input: UnsafeRawBufferPointer) -> Int? {
        guard let start = input.baseAddress else { return nil }
        var at = 0
        for _ in 0..<index {
            guard let newline = memchr(start + at, 0x0A, input.count - at) else { return nil }
            at = UnsafeRawPointer(newline) - start + 1
        }
        return at
    }

    // MARK: Changes

    /// - Input: the lines as columns: operation, presence of both sides, then the columns of each side.
    private func changes(_ read: ScanOutcome) throws(BadRecord) -> ScanOutcome {
        var outcome = read
        let changes = LineChanges(read, columns)
        var picks: [Int32] = []
        var kinds: [RowKind] = []
        var lineIndexes: [Int32] = []
        let count = Int32(read.rowCount)
        for row in 0..<count {
            do throws(BadRecord) {
                let (old, new) = try changes.sides(of: Int(row))
                if old != nil { picks.append(row) }
                if new != nil { picks.append(row + count) }
                kinds += [old, new].compactMap(\.self)
                while lineIndexes.count < picks.count { lineIndexes.append(read.lineIndexes[Int(row)]) }
            } catch {
                if options.json.badRecords == .skip || options.json.ignoreParseErrors {
                    outcome.skippedRecords += 1
                } else if options.json.badRecords == .quarantine {
                    outcome.rejected.append(RejectedRecord(error, firstLine: error.lineIndex))
                } else {
                    throw error
                }
            }
        }
        outcome.columns = columns.indices.map { index in
            let sides = [read.columns[3 + index], read.columns[3 + columns.count + index]]
            guard let both = Column.concatenation(sides) else { preconditionFailure("both sides are of one type") }
            return both.take(picks)
        }
        outcome.rowCount = picks.count
        outcome.rowKinds = kinds
        outcome.lineIndexes = lineIndexes
        return outcome
    }
}

/// What each line of an outcome does.
private struct LineChanges {
    private let operations: StringColumn
    private let isBefore: [Bool]
    private let isAfter: [Bool]
    /// Of each side the columns that must not be NULL.
    private let before: [(name: String, validity: Bitmap)]
    private let after: [(name: String, validity: Bitmap)]
    private let lineIndexes: [Int32]

    init(_ outcome: ScanOutcome, _ columns: [ScanColumn]) {
        guard case .string(let operations) = outcome.columns[0], case .boolean(let before) = outcome.columns[1],
            case .boolean(let after) = outcome.columns[2]
        else { preconditionFailure("the first columns are the envelope's") }
        self.operations = operations
        isBefore = before.values
        isAfter = after.values
        lineIndexes = outcome.lineIndexes
        func required(_ first: Int) -> [(name: String, validity: Bitmap)] {
            columns.enumerated().compactMap { index, column in
                guard !column.isNullable, let validity = outcome.columns[first + index].validity else { return nil }
                return (column.path.joined(separator: "."), validity)
            }
        }
        self.before = required(3)
        self.after = required(3 + columns.count)
    }

    /// Which of the row's sides are sent, and as what.
    func sides(of row: Int) throws(BadRecord) -> (before: RowKind?, after: RowKind?) {
        guard operations.validity.map({ $0[row] }) ?? true else { throw bad(row, "\"op\" is missing") }
        let operation = operations.bytes[Int(operations.offsets[row])..<Int(operations.offsets[row + 1])]
        let sides: (before: RowKind?, after: RowKind?)
        let name: String
        switch operation {
        case [UInt8(ascii: "c")], [UInt8(ascii: "r")]: (sides, name) = ((nil, .insert), "an INSERT")
        case [UInt8(ascii: "u")]: (sides, name) = ((.updateBefore, .updateAfter), "an UPDATE")
        case [UInt8(ascii: "d")]: (sides, name) = ((.delete, nil), "a DELETE")
        default:
            let text = String(decoding: operation.prefix(40), as: UTF8.self)
            throw bad(row, "unknown \"op\" value \"\(text)\": it is c, r, u or d")
        }
        if sides.before != nil {
            // As Flink says it.
            let help = "; if this is Debezium's PostgreSQL connector, set the table's REPLICA IDENTITY to FULL"
            if !isBefore[row] { throw bad(row, "the \"before\" field of \(name) message is null" + help) }
            try check(before, row, "before")
        }
        if sides.after != nil {
            if !isAfter[row] { throw bad(row, "the \"after\" field of \(name) message is null") }
            try check(after, row, "after")
        }
        return sides
    }

    private func check(_ required: [(name: String, validity: Bitmap)], _ row: Int, _ side: String) throws(BadRecord) {
        for (name, validity) in required where !validity[row] {
            throw bad(row, "field \"\(side).\(name)\" must not be NULL")
        }
    }

    private func bad(_ row: Int, _ reason: String) -> BadRecord {
        BadRecord(lineIndex: Int(lineIndexes[row]), column: 1, reason: reason)
    }
}

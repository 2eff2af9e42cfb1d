import Columnar

// Changes as `ChangeJSONWriter` writes them: a line is one row of a changelog, {"op":"+U","row":{…}}.
//
// A line is read as JSON with every asked-for column under `row`.

/// The options of reading changes.
package struct ChangeJSONReadOptions: Hashable, Sendable {
    package var json: JSONReadOptions
    /// What -D and -U must have; the other columns may be missing there.
    package var key: [String]

    package init(json: JSONReadOptions = JSONReadOptions(), key: [String]) {
        self.json = json
        self.key = key
    }
}

package final class ChangeJSONScanner: RecordScanner {
    private let columns: [ScanColumn]
    private let options: ChangeJSONReadOptions
    private let lines: JSONLinesScanner

    package init(columns: [ScanColumn], options: ChangeJSONReadOptions) {
        self.columns = columns
        self.options = options
        var asked = [
            ScanColumn(path: ["op"], type: .string), ScanColumn(path: ["row"], type: .boolean, kind: .presence),
        ]
        // What must not be NULL depends on what happens to the row.
        asked += columns.map { ScanColumn(path: ["row"] + $0.path, type: $0.type, kind: $0.kind) }
        lines = JSONLinesScanner(columns: asked, predicates: [], options: options.json)
    }

    package func beginFile() {}
    package func continueFile() {}

    package func scan(
        _ input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int
    ) throws(BadRecord) -> ScanOutcome {
        let read = try lines.scan(input, isFinal: isFinal, maxRows: maxRows)
        guard case .string(let operations) = read.columns[0], case .boolean(let isThere) = read.columns[1] else {
            preconditionFailure("the first columns are the envelope's")
        }
        var outcome = read
        outcome.columns = Array(read.columns.dropFirst(2))
        let required = required(outcome.columns)
        var kept: [Int32] = []
        var kinds: [RowKind] = []
        for row in 0..<read.rowCount {
            do throws(BadRecord) {
                let kind = try kind(operations, row, read)
                guard isThere.values[row] else { throw bad("\"row\" is missing", row, read) }
                for field in required
                where (field.isKey || kind == .insert || kind == .updateAfter) && !field.validity[row] {
                    throw bad("field \"row.\(field.name)\" must not be NULL", row, read)
                }
                kinds.append(kind)
                kept.append(Int32(row))
            } catch {
                switch options.json.badRecords {
                case .fail: throw error
                case .skip: outcome.skippedRecords += 1
                case .quarantine: outcome.rejected.append(RejectedRecord(error, firstLine: error.lineIndex))
                }
            }
        }
        outcome.rowKinds = kinds
        let mayGoOn = (!isFinal || read.consumedBytes < input.count) && maxRows > 1
        if mayGoOn, kept.count == read.rowCount, kinds.last == .updateBefore { leave(&outcome, input) }
        guard kept.count < read.rowCount else { return outcome }
        outcome.columns = outcome.columns.map { $0.take(kept) }
        outcome.lineIndexes = kept.map { read.lineIndexes[Int($0)] }
        outcome.rowCount = kept.count
        return outcome
    }

    package func recordRanges(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>] {
        LineRanges.find(lines, in: input)
    }

    /// Leaves the last line for the next call: its row and the one behind it belong together.
    private func leave(_ outcome: inout ScanOutcome, _ input: UnsafeRawBufferPointer) {
        let last = outcome.rowCount - 1
        // Else other lines follow, which are no records.
        guard Int(outcome.lineIndexes[last]) == outcome.consumedLines - 1 else { return }
        var start = outcome.consumedBytes - 1
        while start > 0, input[start - 1] != 0x0A { start -= 1 }
        outcome.consumedBytes = start
        outcome.consumedLines -= 1
        outcome.rowCount = last
        outcome.columns = outcome.columns.map { $0.take([Int32](0..<Int32(last))) }
        outcome.rowKinds?.removeLast()
        outcome.lineIndexes.removeLast()
    }

    private func required(_ read: [Column]) -> [(name: String, isKey: Bool, validity: Bitmap)] {
        columns.enumerated().compactMap { index, column in
            guard !column.isNullable, let validity = read[index].validity else { return nil }
            let name = column.path.joined(separator: ".")
            return (name, options.key.contains(name), validity)
        }
    }

    private func kind(_ operations: StringColumn, _ row: Int, _ read: ScanOutcome) throws(BadRecord) -> RowKind {
        guard operations.validity.map({ $0[row] }) ?? true else { throw bad("\"op\" is missing", row, read) }
        let bytes = operations.bytes[Int(operations.offsets[row])..<Int(operations.offsets[row + 1])]
        for kind in [RowKind.insert, .updateBefore, .updateAfter, .delete] where bytes.elementsEqual(kind.symbol.utf8) {
            return kind
        }
        let text = String(decoding: bytes.prefix(40), as: UTF8.self)
        throw bad("unknown \"op\" value \"\(text)\": it is +I, -U, +U or -D", row, read)
    }

    private func bad(_ reason: String, _ row: Int, _ read: ScanOutcome) -> BadRecord {
        BadRecord(lineIndex: Int(read.lineIndexes[row]), column: 1, reason: reason)
    }
}

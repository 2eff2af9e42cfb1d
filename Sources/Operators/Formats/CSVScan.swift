import CKernels
import Columnar

/// What one `scan` call has done so far.
struct CSVScan {
    let input: UnsafeRawBufferPointer
    let isFinal: Bool
    let maxRows: Int
    /// Behind the last record taken.
    var place = CSVPlace()
    var keptRows = 0
    var lineIndexes: [Int32] = []
    var skippedRecords = 0
    var nulledFields = 0
    var rejected: [RejectedRecord] = []

    init(input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int) {
        self.input = input
        self.isFinal = isFinal
        self.maxRows = maxRows
    }

    /// Notes the lines of records that are kept.
    mutating func addLines(of rows: [Int32], _ records: UnsafePointer<sluice_csv_record>) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: rows.count) { lines in
            for (index, row) in rows.enumerated() {
                lines.initializeElement(at: index, to: Int32(truncatingIfNeeded: records[Int(row)].line))
            }
            lineIndexes.append(contentsOf: lines)
        }
        keptRows += rows.count
    }

    /// A mistake at a byte of the input, as line and column.
    func badRecord(_ reason: String, at offset: Int, in record: CSVPlace) -> BadRecord {
        var line = record.line
        var lineStart = record.offset
        for i in record.offset..<max(record.offset, offset) where input[i] == 0x0A {
            line += 1
            lineStart = i + 1
        }
        return BadRecord(lineIndex: line, column: offset - lineStart + 1, reason: reason)
    }

    func badRecord(_ fault: CSVFault, fieldCount: Int) -> BadRecord {
        let reason =
            switch fault.reason {
            case .textAfterQuote: "expected a field delimiter or the end of the line after a quoted field"
            case .openQuote: "expected a closing quote for this field"
            case .openEscape: "expected a character after the escape character"
            case .tooFewFields(let count): "expected \(fieldCount) fields, found \(count)"
            case .tooManyFields: "expected \(fieldCount) fields, found more"
            case .invalidUTF8: "invalid UTF-8"
            case .tooLong: "a record of more than \(CSVRecordCutter.maximumRecordBytes) bytes"
            }
        return badRecord(reason, at: fault.offset, in: fault.record)
    }
}

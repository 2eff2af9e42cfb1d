import Columnar

// What a scan is asked for: leaves of the records, converted straight into columns, and simple tests that decide early
// whether a record is kept.

/// One column a scan gives.
package struct ScanColumn: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The value at `path`, NULL where it or anything above it is absent or NULL.
        case value
        /// BOOLEAN, never NULL: whether an object (for a ROW) or a value stands at `path`.
        case presence
    }

    /// Field names from the top of the record: `["bid", "auction"]`.
    package var path: [String]
    package var type: DataType
    package var kind: Kind
    /// False: a NULL here is a bad record.
    package var isNullable: Bool

    package init(path: [String], type: DataType, kind: Kind = .value, isNullable: Bool = true) {
        self.path = path
        self.type = type
        self.kind = kind
        self.isNullable = isNullable
    }
}

extension ScanColumn {
    /// Columns taken apart: every value as a leaf, every ROW as the leaf that says whether it is there, then its fields. A
    /// leaf may be NULL where anything above it may.
    package static func leaves(of fields: [Field]) -> [ScanColumn] {
        var leaves: [ScanColumn] = []
        for field in fields { appendLeaves(of: field, under: [], isNullable: false, to: &leaves) }
        return leaves
    }

    /// - Parameter isNullable: whether something above the field may be absent.
    private static func appendLeaves(
        of field: Field, under parents: [String], isNullable: Bool, to leaves: inout [ScanColumn]
    ) {
        let path = parents + [field.name]
        let isNullable = isNullable || field.isNullable
        guard case .row(let fields) = field.type else {
            leaves.append(ScanColumn(path: path, type: field.type, isNullable: isNullable))
            return
        }
        leaves.append(ScanColumn(path: path, type: .boolean, kind: .presence, isNullable: isNullable))
        for inner in fields { appendLeaves(of: inner, under: path, isNullable: isNullable, to: &leaves) }
    }
}

/// A test of one scanned column against a literal of its type. A record is kept where all tests are TRUE (not NULL).
package struct ScanPredicate: Hashable, Sendable {
    package enum Comparison: String, Hashable, Sendable {
        case equal = "="
        case notEqual = "<>"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isNull = "IS NULL"
        case isNotNull = "IS NOT NULL"
    }

    /// Index into the scan's columns.
    package var column: Int
    package var comparison: Comparison
    /// `.null` for `isNull` and `isNotNull`.
    package var literal: Literal

    package init(column: Int, comparison: Comparison, literal: Literal) {
        self.column = column
        self.comparison = comparison
        self.literal = literal
    }
}

/// What happens to a record that does not fit (`sluice.bad-records`).
package enum BadRecordPolicy: String, Hashable, Sendable {
    case fail
    case skip
    /// As `skip`, and `ScanOutcome.rejected` says which they were.
    case quarantine
}

/// A record that does not fit, with its place relative to the bytes of one `scan` call.
package struct BadRecord: Error, Equatable, Sendable {
    /// Lines of this call before the bad one.
    package var lineIndex: Int
    /// 1-based, in bytes of the line.
    package var column: Int
    /// `expected a BIGINT for field "price", found "abc"`
    package var reason: String

    package init(lineIndex: Int, column: Int, reason: String) {
        self.lineIndex = lineIndex
        self.column = column
        self.reason = reason
    }
}

/// A record that is left out, and kept elsewhere as it is (`BadRecordPolicy.quarantine`).
package struct RejectedRecord: Equatable, Sendable {
    /// Lines of the call before its first one.
    package var lineIndex: Int
    /// 1-based, in bytes of its first line: where what is wrong stands. nil: nowhere, or in a line behind it.
    package var column: Int?
    package var reason: String
    /// Of the expression that fails on it.
    package var place: SourcePlace?
    /// Without its line end. A scan leaves this to `recordRanges`.
    package var bytes: [UInt8] = []

    package init(lineIndex: Int, column: Int?, reason: String, place: SourcePlace? = nil, bytes: [UInt8] = []) {
        self.lineIndex = lineIndex
        self.column = column
        self.reason = reason
        self.place = place
        self.bytes = bytes
    }

    /// - Parameter firstLine: of the record.
    init(_ bad: BadRecord, firstLine: Int) {
        let isBehind = bad.lineIndex > firstLine
        self.init(
            lineIndex: firstLine, column: isBehind ? nil : bad.column,
            reason: isBehind ? "line \(bad.lineIndex - firstLine + 1) of the record: \(bad.reason)" : bad.reason)
    }
}

/// What one `scan` call made of its bytes.
package struct ScanOutcome: Sendable {
    /// One column per `ScanColumn`, `rowCount` rows each.
    package var columns: [Column]
    package var rowCount: Int
    /// What each row does to the table; nil: all are inserts. The rows of one record stand together.
    package var rowKinds: [RowKind]?
    /// For each kept row, the lines of this call before it.
    package var lineIndexes: [Int32]
    /// Whole lines taken, their line ends included.
    package var consumedBytes: Int
    package var consumedLines: Int
    /// Records left out under `BadRecordPolicy.skip` or `…ignore-parse-errors`.
    package var skippedRecords: Int
    /// Fields made NULL under `…ignore-parse-errors`.
    package var nulledFields: Int
    /// Records left out under `BadRecordPolicy.quarantine`, which are not among `skippedRecords`.
    package var rejected: [RejectedRecord] = []

    package init(
        columns: [Column], rowCount: Int, lineIndexes: [Int32], consumedBytes: Int, consumedLines: Int,
        skippedRecords: Int = 0, nulledFields: Int = 0
    ) {
        self.columns = columns
        self.rowCount = rowCount
        self.lineIndexes = lineIndexes
        self.consumedBytes = consumedBytes
        self.consumedLines = consumedLines
        self.skippedRecords = skippedRecords
        self.nulledFields = nulledFields
    }
}

/// Turns bytes of a file into columns.
package protocol RecordScanner: AnyObject {
    /// What comes next is the beginning of a file (a header line, where the format has one).
    func beginFile()
    /// What comes next is not the beginning of its file.
    func continueFile()

    /// Takes whole records from the beginning of `input`, at most `maxRows` kept ones (of a changelog, whose
    /// records are up to two rows, one more where that is needed to take any).
    ///
    /// - Input: at least 64 readable bytes follow `input`, and are not looked at as data. `isFinal`: nothing follows in the
    ///   file, so a last line without an end is a record; otherwise it is left (0 bytes consumed if `input` holds no whole line).
    /// - Errors: the first bad record under `BadRecordPolicy.fail`.
    func scan(_ input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int) throws(BadRecord) -> ScanOutcome

    /// Where records stand, without their line ends.
    ///
    /// - Input: what the last `scan` has taken, from its beginning. `lines`: those before each record, ascending.
    func recordRanges(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>]
}

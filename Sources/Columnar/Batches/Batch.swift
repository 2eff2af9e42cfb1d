/// What a changelog row does to the table: insert, take back the old row of an update, give its new row, delete.
package enum RowKind: UInt8, Hashable, Sendable {
    case insert = 0
    case updateBefore = 1
    case updateAfter = 2
    case delete = 3

    /// `+I`, `-U`, `+U`, `-D`
    package var symbol: String {
        switch self {
        case .insert: "+I"
        case .updateBefore: "-U"
        case .updateAfter: "+U"
        case .delete: "-D"
        }
    }
}

/// Where the rows of a batch came from, for the place in an error.
package struct BatchOrigin: Hashable, Sendable {
    package var path: String
    /// 1-based line of each row, in step with the batch's rows (before any selection).
    package var lines: [Int64]
    /// Of rows of a topic its name, and their partition; the lines are offsets then.
    package var source: String?
    package var partition: Int32?
    /// nil: there are no bytes that the rows were made of.
    package var records: (any OriginalRecords)?

    package init(path: String, lines: [Int64]) {
        self.path = path
        self.lines = lines
    }
}

extension BatchOrigin {
    /// Where the same rows come from, whoever can read them again.
    package static func == (left: BatchOrigin, right: BatchOrigin) -> Bool {
        left.path == right.path && left.lines == right.lines && left.source == right.source
            && left.partition == right.partition
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(lines)
    }
}

/// Rows that move together: columns of equal length.
///
/// - Shape: every column has `rowCount` rows, and so has `rowKinds`. `selection`, where present, is the ascending list of
///   the rows that count; operators that cannot use it call `compacted()`.
/// - Invariant: in a changelog an `updateBefore` is followed at once by the `updateAfter` of the same key.
package struct Batch: Sendable {
    package var columns: [Column]
    package var rowCount: Int
    /// nil: all rows are inserts.
    package var rowKinds: [RowKind]?
    package var selection: [Int32]?
    package var origin: BatchOrigin?
    /// Each row's own watermark: what its source had reached just before it, in milliseconds since 1970-01-01 00:00:00. In
    /// step with the batch's rows (before any selection). nil: no row is ever late.
    package var rowWatermarks: [Int64]?
    /// Each row's processing time, in milliseconds since 1970-01-01 00:00:00: when the journal published it, or the last one of
    /// the window that it comes of. In step with the batch's rows (before any selection). nil: that of whoever asks.
    package var rowTimes: [Int64]?

    package init(
        columns: [Column], rowCount: Int, rowKinds: [RowKind]? = nil, selection: [Int32]? = nil,
        origin: BatchOrigin? = nil, rowWatermarks: [Int64]? = nil, rowTimes: [Int64]? = nil
    ) {
        self.columns = columns
        self.rowCount = rowCount
        self.rowKinds = rowKinds
        self.selection = selection
        self.origin = origin
        self.rowWatermarks = rowWatermarks
        self.rowTimes = rowTimes
    }

    /// Rows that count.
    package var selectedCount: Int { selection?.count ?? rowCount }

    package var sizeBytes: Int {
        columns.reduce(0) { $0 + $1.sizeBytes } + (rowKinds?.count ?? 0) + (selection?.count ?? 0) * 4
            + (origin?.lines.count ?? 0) * 8 + ((rowWatermarks?.count ?? 0) + (rowTimes?.count ?? 0)) * 8
    }
}

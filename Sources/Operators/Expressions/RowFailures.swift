import Columnar

/// A row for which an expression has no value.
package struct RowFailure: Hashable, Sendable {
    /// Of the batch, before any selection.
    package var row: Int32
    /// `division by zero`
    package var message: String
    /// Of the part of the expression that failed.
    package var place: SourcePlace?

    package init(row: Int32, message: String, place: SourcePlace?) {
        self.row = row
        self.message = message
        self.place = place
    }
}

/// The failed rows of a batch: all their numbers, and the first failures in full.
package struct RowFailures: Sendable {
    /// Failures beyond this many are only counted.
    package let limit: Int
    /// One for a row, in order of discovery.
    package private(set) var failures: [RowFailure] = []
    private var rows: Set<Int32> = []

    package init(limit: Int = 64) { self.limit = limit }

    package var isEmpty: Bool { rows.isEmpty }
    /// Rows that failed.
    package var count: Int { rows.count }

    package func contains(row: Int32) -> Bool { rows.contains(row) }

    /// The failure of the first row, of those kept in full.
    package var first: RowFailure? { failures.min { $0.row < $1.row } }

    /// The rows of a selection (nil: all of `rowCount`) that did not fail.
    package func remaining(of selection: [Int32]?, rowCount: Int) -> [Int32] {
        RowScope(rowCount: rowCount, selection: selection).rows.filter { !rows.contains($0) }
    }

    /// A row that something else than an expression cannot do with.
    mutating func add(row: Int32, message: String) {
        guard rows.insert(row).inserted, failures.count < limit else { return }
        failures.append(RowFailure(row: row, message: message, place: nil))
    }

    mutating func add(_ faults: [RowFault], place: SourcePlace?) {
        for fault in faults where rows.insert(fault.row).inserted {
            if failures.count < limit {
                failures.append(RowFailure(row: fault.row, message: fault.reason.description, place: place))
            }
        }
    }
}

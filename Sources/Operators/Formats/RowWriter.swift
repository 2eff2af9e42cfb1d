import Columnar

/// Turns batches into bytes of a file or a terminal.
package protocol RowWriter: AnyObject {
    /// Appends the rows of `batch` that count, each with its line end.
    func write(_ batch: Batch, to out: inout [UInt8])
}

extension Batch {
    /// The rows that count, as indexes.
    @inline(__always)
    func forEachSelectedRow(_ body: (Int) -> Void) {
        if let selection {
            for row in selection { body(Int(row)) }
        } else {
            for row in 0..<rowCount { body(row) }
        }
    }
}

/// The rows of a batch that a kernel's answer is wanted for. Kernels that are cheap compute all rows and look here only
/// for errors; kernels that are not, skip the others.
package struct RowScope: Sendable {
    package var rowCount: Int
    /// Ascending; nil: all rows.
    package var selection: [Int32]?

    package init(rowCount: Int, selection: [Int32]? = nil) {
        self.rowCount = rowCount
        self.selection = selection
    }

    package var count: Int { selection?.count ?? rowCount }

    @inline(__always)
    func forEach(_ body: (Int) -> Void) {
        if let selection {
            for row in selection.span.indices { body(Int(selection[row])) }
        } else {
            for row in 0..<rowCount { body(row) }
        }
    }

    /// As `forEach`, without the rows that are NULL by `validity`.
    @inline(__always)
    func forEach(validBy validity: Bitmap?, _ body: (Int) -> Void) {
        guard let validity else { return forEach(body) }
        forEach { row in if validity[row] { body(row) } }
    }
}

/// `CONCAT(a, b, …)`, NULL where an argument is.
package enum StringConcatenation {
    /// - Errors: results of one batch that exceed 2 GiB are faults of their rows.
    package static func apply(_ parts: [Operand], scope: RowScope, faults: inout [RowFault]) -> Column {
        let rowCount = scope.rowCount
        let validity = parts.reduce(nil) { Bitmap.intersection($0, $1.validity(rowCount)) }
        let sources = parts.map { part in
            guard case .string(let c) = part.column else { preconditionFailure("CONCAT takes strings") }
            return c
        }
        var builder = StringColumnBuilder(
            rowCount: rowCount, bytes: min(sources.reduce(0) { $0 + $1.bytes.count }, 1 << 24))
        for row in scope.rows.lazy.map({ Int($0) }) {
            builder.skip(to: row)
            if validity?[row] ?? true {
                for index in sources.indices {
                    let at = parts[index].isConstant ? 0 : row
                    sources[index].withRow(at) { builder.bytes.append(contentsOf: $0) }
                }
            }
            builder.endRow(row, &faults)
        }
        builder.skip(to: rowCount)
        return .string(builder.column(validity: validity))
    }
}

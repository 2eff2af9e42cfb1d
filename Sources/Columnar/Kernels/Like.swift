/// `text LIKE pattern [ESCAPE character]`.
package enum Like {
    package static func apply(_ text: Operand, _ pattern: LikePattern, scope: RowScope) -> Column {
        guard case .string(let column) = text.expanded(to: scope.rowCount) else {
            preconditionFailure("LIKE takes strings")
        }
        var matches = [Bool](repeating: false, count: scope.rowCount)
        column.bytes.withUnsafeBufferPointer { bytes in
            let offsets = column.offsets.span
            var result = matches.mutableSpan
            scope.forEach { row in
                let range = Int(offsets[row])..<Int(offsets[row + 1])
                result[row] = pattern.matches(UnsafeBufferPointer(rebasing: bytes[range]))
            }
        }
        return .boolean(FixedColumn(matches, validity: column.validity))
    }

    /// Patterns that differ by row; equal neighbours are compiled once.
    ///
    /// - Errors: a bad escape sequence is a fault of its row.
    package static func apply(
        _ text: Operand, patterns: Operand, escape: Unicode.Scalar?, scope: RowScope, faults: inout [RowFault]
    ) -> Column {
        guard case .string(let texts) = text.expanded(to: scope.rowCount),
            case .string(let patterns) = patterns.expanded(to: scope.rowCount)
        else { preconditionFailure("LIKE takes strings") }
        let validity = Bitmap.intersection(texts.validity, patterns.validity)
        var matches = [Bool](repeating: false, count: scope.rowCount)
        var last: (bytes: [UInt8], pattern: LikePattern)?
        for row in scope.rows.lazy.map({ Int($0) }) where validity?[row] ?? true {
            let bytes = Array(patterns.bytes[Int(patterns.offsets[row])..<Int(patterns.offsets[row + 1])])
            if last?.bytes != bytes {
                do throws(InvalidEscape) {
                    let source = String(decoding: bytes, as: UTF8.self)
                    last = (bytes, try LikePattern(source.unicodeScalars, escape: escape))
                } catch {
                    let text = bytes.withUnsafeBytes { RowFault.Reason.shortened($0) }
                    faults.append(RowFault(row: row, reason: .invalidEscape(pattern: text)))
                    continue
                }
            }
            guard let compiled = last?.pattern else { continue }
            matches[row] = texts.bytes[Int(texts.offsets[row])..<Int(texts.offsets[row + 1])]
                .withUnsafeBufferPointer { compiled.matches($0) }
        }
        return .boolean(FixedColumn(matches, validity: validity))
    }
}

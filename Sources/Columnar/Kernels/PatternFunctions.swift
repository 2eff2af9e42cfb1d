/// `REGEXP_EXTRACT(text, pattern [, group])`: what a group matched in the first place where the pattern matches. NULL where
/// it matches nowhere, where the group took no part, and where the pattern has no such group.
package enum PatternExtraction {
    /// - Input: `group` is INT or BIGINT.
    /// - Errors: a search that exceeds its limit is a fault of its row.
    package static func apply(
        _ text: Operand, _ pattern: RegularExpression, group: Operand, scope: RowScope, faults: inout [RowFault]
    ) -> Column {
        let rowCount = scope.rowCount
        let column = text.strings(rowCount)
        let given = Bitmap.intersection(column.validity, group.validity(rowCount))
        let groups = group.integers
        var search = RegularExpressionSearch(pattern)
        var (starts, ends) = ([Int32](repeating: 0, count: rowCount), [Int32](repeating: 0, count: rowCount))
        var validity = given ?? Bitmap(repeating: true, count: rowCount)
        column.bytes.withUnsafeBytes { raw in
            scope.forEach(validBy: given) { row in
                let base = column.offsets[row]
                let slice = UnsafeRawBufferPointer(rebasing: raw[Int(base)..<Int(column.offsets[row + 1])])
                let number = groups.value(row)
                var range: Range<Int>?
                if number >= 0, number <= Int64(pattern.groupCount), search.finds(slice, row, &faults) {
                    range = search.group(Int(number))
                }
                guard let range else { return validity[row] = false }
                starts[row] = base &+ Int32(truncatingIfNeeded: range.lowerBound)
                ends[row] = base &+ Int32(truncatingIfNeeded: range.upperBound)
            }
        }
        return .string(column.slices(starts: starts, ends: ends, validity: validity.isAllSet ? nil : validity))
    }
}

/// `REGEXP(text, pattern)`: whether the pattern matches anywhere. The empty pattern does not, as Flink has it.
package enum PatternTest {
    /// - Errors: as of `PatternExtraction`.
    package static func apply(
        _ text: Operand, _ pattern: RegularExpression, scope: RowScope, faults: inout [RowFault]
    ) -> Column {
        let column = text.strings(scope.rowCount)
        var matches = [Bool](repeating: false, count: scope.rowCount)
        if !pattern.pattern.isEmpty {
            var search = RegularExpressionSearch(pattern)
            column.bytes.withUnsafeBytes { raw in
                scope.forEach(validBy: column.validity) { row in
                    let range = Int(column.offsets[row])..<Int(column.offsets[row + 1])
                    matches[row] = search.finds(UnsafeRawBufferPointer(rebasing: raw[range]), row, &faults)
                }
            }
        }
        return .boolean(FixedColumn(matches, validity: column.validity))
    }
}

/// `REGEXP_REPLACE(text, pattern, replacement)`: every match replaced by a text that is taken as it is, `$` included.
package enum PatternReplacement {
    /// - Errors: as of `PatternExtraction`.
    package static func apply(
        _ text: Operand, _ pattern: RegularExpression, replacement: Operand, scope: RowScope, faults: inout [RowFault]
    ) -> Column {
        let rowCount = scope.rowCount
        let column = text.strings(rowCount)
        let validity = Bitmap.intersection(column.validity, replacement.validity(rowCount))
        let replacements = replacement.strings(replacement.isConstant ? 1 : rowCount)
        var search = RegularExpressionSearch(pattern)
        var builder = StringColumnBuilder(rowCount: rowCount, bytes: column.bytes.count)
        column.bytes.withUnsafeBytes { raw in
            scope.forEach(validBy: validity) { row in
                builder.skip(to: row)
                let range = Int(column.offsets[row])..<Int(column.offsets[row + 1])
                let slice = UnsafeRawBufferPointer(rebasing: raw[range])
                replacements.withRow(replacement.isConstant ? 0 : row) { new in
                    replace(in: slice, &search, new, row, &builder.bytes, &faults)
                }
                builder.endRow(row, &faults)
            }
        }
        builder.skip(to: rowCount)
        return .string(builder.column(validity: validity))
    }

    private static func replace(
        in text: UnsafeRawBufferPointer, _ search: inout RegularExpressionSearch, _ new: UnsafeRawBufferPointer,
        _ row: Int, _ out: inout [UInt8], _ faults: inout [RowFault]
    ) {
        var (copied, from) = (0, 0)
        while from <= text.count, search.finds(text, from: from, row, &faults), let match = search.group(0) {
            out.append(contentsOf: text[copied..<match.lowerBound])
            out.append(contentsOf: new)
            copied = match.upperBound
            // Behind an empty match the search goes on one character further.
            from = match.isEmpty ? CharacterPosition.offset(of: 1, in: text, from: copied) : copied
            if match.isEmpty, copied == text.count { break }
        }
        out.append(contentsOf: text[copied...])
    }
}

extension RegularExpressionSearch {
    @inline(__always)
    fileprivate mutating func finds(
        _ text: UnsafeRawBufferPointer, from start: Int = 0, _ row: Int, _ faults: inout [RowFault]
    ) -> Bool {
        do throws(MatchLimitExceeded) { return try find(in: text, from: start) } catch {
            faults.append(RowFault(row: row, reason: .patternTooCostly))
            return false
        }
    }
}

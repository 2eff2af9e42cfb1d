/// `TRIM(… characters FROM text)`: takes off characters of a set, from one side or both.
package enum Trim: Hashable, Sendable {
    case both
    case leading
    case trailing

    package func apply(_ text: Operand, _ characters: Operand, scope: RowScope) -> Column {
        let rowCount = scope.rowCount
        let column = text.strings(rowCount)
        let validity = Bitmap.intersection(column.validity, characters.validity(rowCount))
        guard case .string(let sets) = characters.column else { preconditionFailure("TRIM takes strings") }
        var (starts, ends) = ([Int32](repeating: 0, count: rowCount), [Int32](repeating: 0, count: rowCount))
        var set = TrimSet(characters.isConstant ? sets : StringColumn(offsets: [0, 0]), row: 0)
        scope.forEach(validBy: validity) { row in
            if !characters.isConstant { set = TrimSet(sets, row: row) }
            let range = column.withRow(row) { trimmed($0, set) }
            starts[row] = column.offsets[row] &+ Int32(truncatingIfNeeded: range.lowerBound)
            ends[row] = column.offsets[row] &+ Int32(truncatingIfNeeded: range.upperBound)
        }
        return .string(column.slices(starts: starts, ends: ends, validity: validity))
    }

    private func trimmed(_ text: UnsafeRawBufferPointer, _ set: TrimSet) -> Range<Int> {
        var (start, end) = (0, text.count)
        if self != .trailing {
            while start < end {
                let next = CharacterPosition.offset(of: 1, in: text, from: start)
                guard set.contains(text, start..<next) else { break }
                start = next
            }
        }
        if self != .leading {
            while end > start {
                var last = end - 1
                while last > start, text[last] & 0xC0 == 0x80 { last -= 1 }
                guard set.contains(text, last..<end) else { break }
                end = last
            }
        }
        return start..<end
    }
}

/// The characters to take off: one bit for each of ASCII, the others in a list.
private struct TrimSet {
    private var ascii: (low: UInt64, high: UInt64) = (0, 0)
    private var others: [[UInt8]] = []

    init(_ column: StringColumn, row: Int) {
        column.withRow(row) { text in
            var at = 0
            while at < text.count {
                let next = CharacterPosition.offset(of: 1, in: text, from: at)
                let byte = text[at]
                if byte < 64 {
                    ascii.low |= 1 << UInt64(byte)
                } else if byte < 128 {
                    ascii.high |= 1 << UInt64(byte - 64)
                } else {
                    others.append(Array(text[at..<next]))
                }
                at = next
            }
        }
    }

    @inline(__always)
    func contains(_ text: UnsafeRawBufferPointer, _ character: Range<Int>) -> Bool {
        let byte = text[character.lowerBound]
        if byte < 64 { return ascii.low >> UInt64(byte) & 1 != 0 }
        if byte < 128 { return ascii.high >> UInt64(byte - 64) & 1 != 0 }
        return others.contains { $0.elementsEqual(text[character]) }
    }
}

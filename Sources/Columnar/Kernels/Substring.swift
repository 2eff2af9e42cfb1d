/// `SUBSTRING(text FROM start [FOR length])` in characters, from 1. A negative start counts from the end, and before
/// the text's beginning gives an empty string; 0 is as 1; a negative length gives NULL (all as Flink has it).
package enum Substring {
    /// - Input: `start` and `length` are INT or BIGINT.
    package static func apply(_ text: Operand, start: Operand, length: Operand?, scope: RowScope) -> Column {
        let rowCount = scope.rowCount
        let column = text.strings(rowCount)
        var validity = Bitmap.intersection(column.validity, start.validity(rowCount))
        let (from, count) = (start.integers, length?.integers)
        if let length, let count {
            validity = Bitmap.intersection(validity, length.validity(rowCount))
            validity = Bitmap.intersection(validity, notNegative(count, rowCount))
        }
        var (starts, ends) = ([Int32](repeating: 0, count: rowCount), [Int32](repeating: 0, count: rowCount))
        column.bytes.withUnsafeBytes { raw in
            let offsets = column.offsets.span
            var s = starts.mutableSpan
            var e = ends.mutableSpan
            let isASCII = CharacterPosition.isASCII(raw)
            scope.forEach(validBy: validity) { row in
                let base = Int(offsets[row])
                let slice = UnsafeRawBufferPointer(rebasing: raw[base..<Int(offsets[row + 1])])
                let range = range(
                    in: slice, isASCII: isASCII, start: from.value(row), length: count?.value(row) ?? .max)
                s[row] = Int32(truncatingIfNeeded: base + range.lowerBound)
                e[row] = Int32(truncatingIfNeeded: base + range.upperBound)
            }
        }
        return .string(column.slices(starts: starts, ends: ends, validity: validity))
    }

    private static func notNegative(_ lengths: Lane<Int64>, _ rowCount: Int) -> Bitmap? {
        let fits = mapPairs(lengths, Lane(values: [0], isConstant: true), rowCount: rowCount) { $0 >= $1 }
        let bitmap = Bitmap(packing: fits)
        return bitmap.isAllSet ? nil : bitmap
    }

    @inline(__always)
    private static func range(
        in text: UnsafeRawBufferPointer, isASCII: Bool, start: Int64, length: Int64
    ) -> Range<Int> {
        if length <= 0 { return 0..<0 }
        // No text has more characters than bytes: larger numbers mean the same as these.
        let most = Int64(text.count)
        let length = Int(min(length, most))
        if isASCII || CharacterPosition.isASCII(text) {
            guard let first = firstCharacter(start, of: Int(most)) else { return 0..<0 }
            return first..<min(text.count, first + length)
        }
        guard let first = firstCharacter(start, of: CharacterPosition.count(text)) else { return 0..<0 }
        let begin = CharacterPosition.offset(of: first, in: text)
        return begin..<CharacterPosition.offset(of: length, in: text, from: begin)
    }

    /// From 0; nil where there is none.
    @inline(__always)
    private static func firstCharacter(_ start: Int64, of count: Int) -> Int? {
        if start > 0 { return start <= Int64(count) ? Int(start) - 1 : nil }
        if start == 0 { return 0 }
        return start >= -Int64(count) ? count + Int(start) : nil
    }
}

extension Operand {
    /// The values of an INT or BIGINT as 64-bit.
    var integers: Lane<Int64> {
        switch column {
        case .int(let c): Lane(values: mapValues(c.values) { Int64($0) }, isConstant: isConstant)
        case .bigint(let c): Lane(values: c.values, isConstant: isConstant)
        default: preconditionFailure("the operand is an integer")
        }
    }
}

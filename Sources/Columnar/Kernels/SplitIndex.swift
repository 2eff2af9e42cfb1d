import Glibc

// `SPLIT_INDEX(text, separator, index)`: the part of this number, from 0, between separators, all of which count. NULL where
// there is no such part; an empty text has none. An empty separator stands for any one white space, and a number from 1 to
// 255 for the character of this code (all as Flink has it).

package enum SplitIndex {
    /// - Input: `separator` is a STRING, INT or BIGINT, `index` INT or BIGINT.
    package static func apply(_ text: Operand, separator: Operand, index: Operand, scope: RowScope) -> Column {
        let rowCount = scope.rowCount
        let column = text.strings(rowCount)
        let separators = Separators(separator)
        let indexes = index.integers
        var given = Bitmap.intersection(column.validity, index.validity(rowCount))
        given = Bitmap.intersection(given, separator.validity(rowCount))
        var (starts, ends) = ([Int32](repeating: 0, count: rowCount), [Int32](repeating: 0, count: rowCount))
        var validity = given ?? Bitmap(repeating: true, count: rowCount)
        column.bytes.withUnsafeBytes { raw in
            scope.forEach(validBy: given) { row in
                let base = Int(column.offsets[row])
                let slice = UnsafeRawBufferPointer(rebasing: raw[base..<Int(column.offsets[row + 1])])
                let range = separators.withSeparator(row) { separator -> Range<Int>? in
                    separator.flatMap { part(indexes.value(row), of: slice, $0) }
                }
                guard let range else { return validity[row] = false }
                starts[row] = Int32(truncatingIfNeeded: base + range.lowerBound)
                ends[row] = Int32(truncatingIfNeeded: base + range.upperBound)
            }
        }
        return .string(column.slices(starts: starts, ends: ends, validity: validity.isAllSet ? nil : validity))
    }

    private static func part(
        _ index: Int64, of text: UnsafeRawBufferPointer, _ separator: UnsafeRawBufferPointer
    ) -> Range<Int>? {
        guard index >= 0, index <= Int64(text.count), !text.isEmpty else { return nil }
        var start = 0
        for _ in 0..<index {
            guard let next = next(separator, in: text, from: start) else { return nil }
            start = next.upperBound
        }
        return start..<(next(separator, in: text, from: start)?.lowerBound ?? text.count)
    }

    private static func next(
        _ separator: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer, from start: Int
    ) -> Range<Int>? {
        guard let first = separator.first, let sought = separator.baseAddress, let base = text.baseAddress else {
            return whiteSpace(in: text, from: start)
        }
        var at = start
        while at + separator.count <= text.count,
            let hit = memchr(base + at, Int32(first), text.count - separator.count - at + 1)
        {
            at = UnsafeRawPointer(hit) - base
            if memcmp(hit, sought, separator.count) == 0 { return at..<(at + separator.count) }
            at += 1
        }
        return nil
    }

    /// One character of `Character.isWhitespace` in Java.
    private static func whiteSpace(in text: UnsafeRawBufferPointer, from start: Int) -> Range<Int>? {
        var at = start
        while at < text.count {
            let byte = text[at]
            if byte == 0x20 || 0x09...0x0D ~= byte || 0x1C...0x1F ~= byte { return at..<at + 1 }
            if byte >= 0xE1, byte <= 0xE3, at + 2 < text.count {
                switch UInt32(byte & 0xF) << 12 | UInt32(text[at + 1] & 0x3F) << 6 | UInt32(text[at + 2] & 0x3F) {
                case 0x1680, 0x2000...0x2006, 0x2008...0x200A, 0x2028, 0x2029, 0x205F, 0x3000: return at..<at + 3
                default: break
                }
            }
            at += 1
        }
        return nil
    }
}

private struct Separators {
    private enum Kind {
        case texts(StringColumn)
        case codes(Lane<Int64>)
    }

    private let kind: Kind
    private let isConstant: Bool

    init(_ operand: Operand) {
        isConstant = operand.isConstant
        if case .string(let texts) = operand.column { kind = .texts(texts) } else { kind = .codes(operand.integers) }
    }

    /// The separator of a row as UTF-8, for the time of `body`; nil where a code is out of its range.
    @inline(__always)
    func withSeparator<R>(_ row: Int, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        switch kind {
        case .texts(let texts): return texts.withRow(isConstant ? 0 : row) { body($0) }
        case .codes(let codes):
            let code = codes.value(row)
            guard 1...255 ~= code else { return body(nil) }
            let (low, high) = (UInt8(code & 0x3F | 0x80), UInt8(0xC0 | code >> 6))
            if code < 0x80 { return withUnsafeBytes(of: UInt8(code)) { body($0) } }
            return withUnsafeBytes(of: (high, low)) { body($0) }
        }
    }
}

import Columnar
import CKernels

// Values that the row loop does not convert itself: whatever is not in a type's plainest form. Checked first, then made
// into the field's type.
extension JSONLinesScanner {
    /// What a value means for its row.
    enum ValueEffect {
        case none
        /// A predicate is not TRUE of it.
        case drops
        /// It replaces a value for which the row was dropped: read the line again.
        case replaces
    }

    /// A value of any form, from its first byte; nil with `fault` set.
    @inline(never)
    func readValue(
        of stretch: JSONStretches.Stretch, at p: JSONBytes, row: Int, isDropped: Bool, _ effect: inout ValueEffect
    ) -> JSONBytes? {
        guard let end = JSONGrammar.value(p, depth: stretches.depth(of: stretch), &fault.pointee) else { return nil }
        let field = Int(stretch.pointee.field)
        if field == masks.unaskedField { return end }
        let isTested = stretch.pointee.isTested != 0
        if isDropped {
            // Anything of the same name that came before may be what dropped the row.
            if isTested, masks.isSeen(field) { effect = .replaces }
            return end
        }
        if p.pointee == UInt8(ascii: "n") {
            masks.setNull(field)
        } else if case .string = tree.fields[field].content {
            guard storeText(from: p, to: end, in: storage + field, row: row) else { return nil }
            didStore(field, row: row, isTested: isTested, &effect)
        } else if convert(field, from: p, to: end, row: row) {
            didStore(field, row: row, isTested: isTested, &effect)
        } else {
            masks.setMisfit(field, at: p)
        }
        return end
    }

    private func didStore(_ field: Int, row: Int, isTested: Bool, _ effect: inout ValueEffect) {
        masks.setSeen(field)
        if isTested, !isCareful, !passesTests(of: field, row: row) { effect = .drops }
    }

    /// False where the value does not fit.
    private func convert(_ index: Int, from p: JSONBytes, to end: JSONBytes, row: Int) -> Bool {
        let column = storage + index
        let first = p.pointee
        switch tree.fields[index].content {
        case .object, .string: return false
        case .presence(let isObject): return !isObject || first == JSONGrammar.openBrace
        case .bigint:
            guard let value = integer(from: p, to: end)?.value else { return false }
            column.pointee.values.storeBytes(of: value, toByteOffset: row * 8, as: Int64.self)
            return true
        case .int:
            guard let (value, isExact) = integer(from: p, to: end), let narrow = Int32(exactly: value),
                isExact || (narrow != .max && narrow != .min)
            else { return false }
            column.pointee.values.storeBytes(of: narrow, toByteOffset: row * 4, as: Int32.self)
            return true
        case .double:
            guard let value = double(from: p, to: end) else { return false }
            column.pointee.values.storeBytes(of: value, toByteOffset: row * 8, as: Double.self)
            return true
        case .boolean:
            guard let value = boolean(from: p, to: end) else { return false }
            column.pointee.values.storeBytes(of: value, toByteOffset: row, as: Bool.self)
            return true
        case .date:
            guard first == JSONGrammar.quote,
                let days = withText(p, end, { TextParsing.date(UnsafeRawBufferPointer($0)) })
            else { return false }
            // Eleven bytes and the quote in front: there is no escape in it.
            if end - p == 12 { rememberDate(p + 1, days: days, in: column) }
            column.pointee.values.storeBytes(of: days, toByteOffset: row * 4, as: Int32.self)
            return true
        case .timestamp:
            let unit = column.pointee.timestampUnit
            guard first == JSONGrammar.quote,
                let value = withText(p, end, { JSONTimestamps.time($0, separator: timestampSeparator, unit: unit) })
            else { return false }
            rememberMinute(p + 1, in: column)
            let cut = JSONTimestamps.cut(value, step: column.pointee.timestampStep)
            column.pointee.values.storeBytes(of: cut, toByteOffset: row * 8, as: Int64.self)
            return true
        }
    }

    /// Of a text that has been read as a timestamp, if it stands there without escapes.
    private func rememberMinute(_ p: JSONBytes, in column: UnsafeMutablePointer<JSONColumnStorage>) {
        let unit = column.pointee.timestampUnit
        guard let start = JSONTimestamps.minuteStart(p, separator: timestampSeparator, unit: unit) else { return }
        column.pointee.minuteLow = UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
        column.pointee.minuteHigh = UnsafeRawPointer(p).loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        column.pointee.minuteStart = start
    }

    /// `YYYY-MM-DD"` at `p` has been read as a date.
    private func rememberDate(_ p: JSONBytes, days: Int32, in column: UnsafeMutablePointer<JSONColumnStorage>) {
        let bytes = UnsafeRawPointer(p)
        column.pointee.minuteLow = bytes.loadUnaligned(as: UInt64.self)
        column.pointee.minuteHigh = UInt64(bytes.loadUnaligned(fromByteOffset: 7, as: UInt32.self))
        column.pointee.minuteStart = Int64(days)
    }

    /// False, with `fault` set, where the column has no room for it.
    private func storeText(
        from p: JSONBytes, to end: JSONBytes, in column: UnsafeMutablePointer<JSONColumnStorage>, row: Int
    ) -> Bool {
        let begin = column.pointee.arena + Int(column.pointee.offsets[row])
        guard end - p <= column.pointee.arenaLimit - begin else {
            fault.pointee = JSONFault(reason: .fullStorage, at: p)
            return false
        }
        let textEnd: UnsafeMutablePointer<UInt8>
        switch p.pointee {
        case JSONGrammar.quote:
            let limit = column.pointee.arenaLimit
            guard let copied = JSONText.copy(p + 1, to: begin, limit: limit, &fault.pointee) else { return false }
            textEnd = copied.textEnd
        case JSONGrammar.openBrace, JSONGrammar.openBracket:
            textEnd = JSONText.copyCompact(from: p, to: end, out: begin)
        default:
            begin.update(from: p, count: end - p)
            textEnd = begin + (end - p)
        }
        column.pointee.offsets[row + 1] = Int32(truncatingIfNeeded: textEnd - column.pointee.arena)
        return true
    }

    private func integer(from p: JSONBytes, to end: JSONBytes) -> (value: Int64, isExact: Bool)? {
        switch p.pointee {
        case UInt8(ascii: "-"), 0x30...0x39: JSONNumbers.integer(p, end: end)
        case JSONGrammar.quote: withText(p, end, JSONNumbers.integer(text:)).map { ($0, true) }
        default: nil
        }
    }

    private func double(from p: JSONBytes, to end: JSONBytes) -> Double? {
        switch p.pointee {
        case UInt8(ascii: "-"), 0x30...0x39: JSONNumbers.double(p, end: end)
        case JSONGrammar.quote: withText(p, end, JSONNumbers.double(text:))
        default: nil
        }
    }

    private func boolean(from p: JSONBytes, to end: JSONBytes) -> Bool? {
        switch p.pointee {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        case JSONGrammar.quote:
            withText(p, end) { text in
                let word = JSONNumbers.trimmed(text).map { $0 | 0x20 }
                return word.elementsEqual("true".utf8) ? true : word.elementsEqual("false".utf8) ? false : nil
            }
        default: nil
        }
    }

    /// The text of the checked string that stands from `p` to `end`, quotes included.
    private func withText<Value>(
        _ p: JSONBytes, _ end: JSONBytes, _ body: (UnsafeBufferPointer<UInt8>) -> Value?
    ) -> Value? {
        let raw = UnsafeBufferPointer(start: p + 1, count: end - p - 2)
        if !raw.contains(JSONGrammar.backslash) { return body(raw) }
        return JSONText.unescaped(raw).withUnsafeBufferPointer(body)
    }
}

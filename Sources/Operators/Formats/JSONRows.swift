import CKernels

// The loop over rows. Per value: compare the stretch in front of it with the predicted one, then do what the stretch says.
// Only raw pointers and locals are touched here; whatever is not plain goes to a function that is not inlined. A line ends
// in a newline, and no step passes one (see `JSONGrammar`), so there are no checks against the end of the input.
extension JSONLinesScanner {
    /// Takes lines from `start` to `end` (behind a newline) until `maxRows` rows are kept. Gives the place where it stopped;
    /// where a bad record is to stop the scan, that record's line, with `isFailed` set.
    func scanRows(from start: JSONBytes, to end: JSONBytes, maxRows: Int) -> JSONBytes {
        let stretches = self.stretches
        let masks = self.masks
        let entries = stretches.entries
        let opening = entries + stretches.opening(0)
        let storage = self.storage
        let stack = self.stack
        let lineIndexes = self.lineIndexes
        let seen = masks.seen
        let complete = masks.complete
        let wordCount = masks.wordCount
        let fault = self.fault
        var row = rowCount
        var line = lineCount
        var p = start
        isCareful = false

        lines: while p < end, row < maxRows {
            let lineStart = p
            var current = opening
            var depth = 0
            var isDropped = false
            var isExact = false
            var isBad = false
            var isReplaced = false
            if p.pointee == JSONGrammar.openBrace {
                p += 1
            } else {
                p = JSONGrammar.skipSpaces(p)
                if p.pointee == JSONGrammar.newline {
                    p += 1
                    line &+= 1
                    continue lines
                }
                isBad = p.pointee != JSONGrammar.openBrace
                if isBad, let next = behindNullLine(p) {
                    p = next
                    line &+= 1
                    continue lines
                }
                if isBad { fault.pointee = JSONFault(reason: .noObject, at: p) } else { p += 1 }
            }

            values: while !isBad {
                var stretch = entries + Int(current.pointee.next)
                if isExact || !sluice_stretch_matches(stretch, p) {
                    guard let found = stretches.find(after: current, at: p, isExact: isExact, &fault.pointee) else {
                        isBad = true
                        break values
                    }
                    stretch = found
                }
                p += Int(stretch.pointee.length)
                let field = Int(stretch.pointee.field)
                let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: field & 63)
                let op = isDropped ? stretch.pointee.checkOp : stretch.pointee.op
                var isTaken = true
                switch op {
                case JSONStretches.Op.close:
                    if depth == 0 { break values }
                    depth &-= 1
                    current = entries + Int(stack[depth])
                    continue values

                case JSONStretches.Op.enter, JSONStretches.Op.pass:
                    if op == JSONStretches.Op.enter {
                        if seen[field >> 6] & bit != 0 {
                            isReplaced = isDropped
                            if isReplaced { break values }
                            masks.forget(field)
                        }
                        seen[field >> 6] |= bit
                    }
                    stack[depth] = Int32(truncatingIfNeeded: stretch - entries)
                    depth &+= 1
                    current = entries + Int(stretch.pointee.target)
                    isExact = false
                    continue values

                case JSONStretches.Op.skipString:
                    p = sluice_string_stop(p)
                    if p.pointee == JSONGrammar.quote {
                        p += 1
                    } else {
                        guard let behind = JSONGrammar.string(p, &fault.pointee) else {
                            isBad = true
                            break values
                        }
                        p = behind
                    }

                case JSONStretches.Op.string:
                    let column = storage + Int(stretch.pointee.target)
                    let begin = column.pointee.offsets[row]
                    let text = column.pointee.arena + Int(begin)
                    guard let stop = sluice_string_copy(p, text, column.pointee.arenaLimit) else {
                        fault.pointee = JSONFault(reason: .fullStorage, at: p)
                        isBad = true
                        break values
                    }
                    let copied = stop - p
                    if stop.pointee == JSONGrammar.quote {
                        column.pointee.offsets[row &+ 1] = begin &+ Int32(truncatingIfNeeded: copied)
                        p = stop + 1
                    } else {
                        let limit = column.pointee.arenaLimit
                        guard let rest = JSONText.copy(stop, to: text + copied, limit: limit, &fault.pointee) else {
                            isBad = true
                            break values
                        }
                        column.pointee.offsets[row &+ 1] = begin &+ Int32(truncatingIfNeeded: rest.textEnd - text)
                        p = rest.end
                    }

                case JSONStretches.Op.timestamp:
                    let column = storage + Int(stretch.pointee.target)
                    let minute = UnsafeRawPointer(p)
                    let rest = sluice_second_milliseconds(p + 16)
                    isTaken =
                        rest >= 0 && minute.loadUnaligned(as: UInt64.self) == column.pointee.minuteLow
                        && minute.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == column.pointee.minuteHigh
                    if isTaken {
                        var value = column.pointee.minuteStart &+ rest
                        if column.pointee.timestampStep != 1 { value &-= rest % column.pointee.timestampStep }
                        column.pointee.values.storeBytes(of: value, toByteOffset: row &* 8, as: Int64.self)
                        p += 24
                    }

                case JSONStretches.Op.timestampMicros:
                    let column = storage + Int(stretch.pointee.target)
                    let minute = UnsafeRawPointer(p)
                    let rest = sluice_second_microseconds(p + 16)
                    isTaken =
                        rest >= 0 && minute.loadUnaligned(as: UInt64.self) == column.pointee.minuteLow
                        && minute.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == column.pointee.minuteHigh
                    if isTaken {
                        var value = column.pointee.minuteStart &+ rest
                        if column.pointee.timestampStep != 1 { value &-= rest % column.pointee.timestampStep }
                        column.pointee.values.storeBytes(of: value, toByteOffset: row &* 8, as: Int64.self)
                        p += 27
                    }

                case JSONStretches.Op.date:
                    let column = storage + Int(stretch.pointee.target)
                    let day = UnsafeRawPointer(p)
                    let ending = UInt64(day.loadUnaligned(fromByteOffset: 7, as: UInt32.self))
                    isTaken =
                        ending == column.pointee.minuteHigh
                        && day.loadUnaligned(as: UInt64.self) == column.pointee.minuteLow
                    if isTaken {
                        let days = Int32(truncatingIfNeeded: column.pointee.minuteStart)
                        column.pointee.values.storeBytes(of: days, toByteOffset: row &* 4, as: Int32.self)
                        p += 11
                    }

                case JSONStretches.Op.bigint, JSONStretches.Op.int, JSONStretches.Op.skipNumber:
                    let isNegative = p.pointee == UInt8(ascii: "-")
                    let digits = isNegative ? p + 1 : p
                    var magnitude: UInt64 = 0
                    let count = Int(sluice_digits(digits, &magnitude))
                    let next = digits[count]
                    let value = isNegative ? 0 &- Int64(bitPattern: magnitude) : Int64(bitPattern: magnitude)
                    let column = storage + Int(stretch.pointee.target)
                    isTaken =
                        count > 0 && count < 16 && (next == JSONGrammar.comma || next == JSONGrammar.closeBrace)
                        && (digits.pointee != 0x30 || count == 1)
                    if op == JSONStretches.Op.bigint {
                        if isTaken {
                            column.pointee.values.storeBytes(of: value, toByteOffset: row &* 8, as: Int64.self)
                        }
                    } else if op == JSONStretches.Op.int {
                        let narrow = Int32(truncatingIfNeeded: value)
                        isTaken = isTaken && Int64(narrow) == value
                        if isTaken {
                            column.pointee.values.storeBytes(of: narrow, toByteOffset: row &* 4, as: Int32.self)
                        }
                    }
                    if isTaken { p = digits + count }

                default: isTaken = false
                }

                if !isTaken {
                    let isString = p[-1] == JSONGrammar.quote
                    let first = p.pointee
                    if !isExact, !isString,
                        first == JSONGrammar.quote || first == JSONGrammar.openBrace || JSONGrammar.isSpace(first)
                    {
                        // A longer variant of this stretch than the one learned: with white space, of a string or an object.
                        p -= Int(stretch.pointee.length)
                        isExact = true
                        continue values
                    }
                    var effect = ValueEffect.none
                    let begin = isString ? p - 1 : p
                    guard let behind = readValue(of: stretch, at: begin, row: row, isDropped: isDropped, &effect) else {
                        isBad = true
                        break values
                    }
                    p = behind
                    isReplaced = effect == .replaces
                    if isReplaced { break values }
                    if effect == .drops { isDropped = true }
                } else {
                    if stretch.pointee.isTested != 0 {
                        if isDropped {
                            isReplaced = seen[field >> 6] & bit != 0
                            if isReplaced { break values }
                        } else if !isCareful {
                            isDropped = !passesTests(of: field, row: row)
                        }
                    }
                    seen[field >> 6] |= bit
                }
                isExact = false
                current = stretch
            }

            if isReplaced {
                // A later value of the same name has replaced one for which the row was dropped: judge it at its end.
                masks.clear()
                isCareful = true
                p = lineStart
                continue lines
            }
            if !isBad {
                if p.pointee != JSONGrammar.newline {
                    p = JSONGrammar.skipSpaces(p)
                    isBad = p.pointee != JSONGrammar.newline
                    if isBad { fault.pointee = JSONFault(reason: .trailingBytes, at: p) }
                }
                if !isBad {
                    p += 1
                    var isPlain = !isDropped && !isCareful
                    for word in 0...wordCount { isPlain = isPlain && seen[word] == complete[word] }
                    if isPlain {
                        lineIndexes[row] = Int32(truncatingIfNeeded: line)
                        row &+= 1
                    } else if !isDropped {
                        switch finishRow(row, lineStart: lineStart) {
                        case .keep:
                            lineIndexes[row] = Int32(truncatingIfNeeded: line)
                            row &+= 1
                        case .drop: break
                        case .bad: isBad = true
                        }
                    }
                }
            }
            if isBad {
                guard let next = skipBadLine(lineStart, line: line, end: end) else {
                    p = lineStart
                    break lines
                }
                p = next
            }
            if isBad || isCareful || seen[wordCount] != 0 {
                masks.clear()
                isCareful = false
            } else {
                for word in 0..<wordCount { seen[word] = 0 }
            }
            line &+= 1
        }
        rowCount = row
        lineCount = line
        return p
    }
}

import Glibc

// The end of a row that is not plain: fields without a value, values that do not fit, predicates still open.
extension JSONLinesScanner {
    enum RowVerdict {
        case keep
        case drop
        /// Not a record as asked for; `fault` says why.
        case bad
    }

    /// Whether all predicates on this field hold of the value just stored.
    @inline(never)
    func passesTests(of field: Int, row: Int) -> Bool {
        for test in tests where test.field == field && !test.isOfPresence {
            if !test.holds(tree.fields[field].content, in: storage + field, row: row) { return false }
        }
        return true
    }

    /// Decides about a row whose line has been read and found right, and writes its NULLs if it stays.
    @inline(never)
    func finishRow(_ row: Int, lineStart: JSONBytes) -> RowVerdict {
        if !tests.isEmpty {
            for test in tests where !passes(test, row: row) { return .drop }
        }
        if options.failOnMissingField || !masks.lacksOnlyOptional {
            if let reason = objection(lineStart: lineStart) {
                fault.pointee = reason
                return .bad
            }
            for field in tree.fields.indices where masks.isMisfit(field) { nulledFields += 1 }
        }
        for word in 0..<masks.wordCount {
            var nulls = masks.columns[word] & ~masks.seen[word]
            while nulls != 0 {
                storeNull(word << 6 + nulls.trailingZeroBitCount, row: row)
                nulls &= nulls - 1
            }
            var absent = masks.presences[word] & ~masks.seen[word]
            while absent != 0 {
                storeAbsence(word << 6 + absent.trailingZeroBitCount, row: row)
                absent &= absent - 1
            }
        }
        return .keep
    }

    /// A predicate about whose value nothing can be said (it does not fit, or must not be NULL) does not drop the row: the
    /// row is bad unless another one drops it.
    private func passes(_ test: JSONTest, row: Int) -> Bool {
        let field = test.field
        if !options.ignoreParseErrors, misfitAround(field) != nil { return true }
        if test.isOfPresence { return test.holds(presence: masks.isSeen(field)) }
        if masks.isSeen(field) {
            return test.holds(tree.fields[field].content, in: storage + field, row: row)
        }
        return test.holdsForNull || !tree.fields[field].isNullable
    }

    /// The first reason why the row is no record as asked for.
    private func objection(lineStart: JSONBytes) -> JSONFault? {
        var first: JSONFault?
        for field in tree.fields.indices where !masks.isSeen(field) {
            if masks.isMisfit(field), !options.ignoreParseErrors {
                let place = masks.misfitPlaces[field]
                if let earlier = first?.at, earlier <= place { continue }
                first = JSONFault(reason: .misfit(field: field), at: place)
            }
        }
        if let first { return first }
        for field in tree.fields.indices where !masks.isSeen(field) && tree.fields[field].hasColumn {
            if options.failOnMissingField, isMissing(field) {
                return JSONFault(reason: .missing(field: field), at: lineStart)
            }
            if !tree.fields[field].isNullable { return JSONFault(reason: .null(field: field), at: lineStart) }
        }
        return nil
    }

    /// Neither it nor an object that should hold it is written as `null`, or does not fit.
    private func isMissing(_ field: Int) -> Bool {
        var field = field
        while field >= 0 {
            if masks.isNull(field) || masks.isMisfit(field) { return false }
            field = tree.fields[field].parent
        }
        return true
    }

    private func misfitAround(_ field: Int) -> Int? {
        var field = field
        while field >= 0 {
            if masks.isMisfit(field) { return field }
            field = tree.fields[field].parent
        }
        return nil
    }

    @inline(__always)
    private func storeNull(_ field: Int, row: Int) {
        let column = storage + field
        column.pointee.nullCount &+= 1
        column.pointee.validity[row >> 6] &= ~JSONRowMasks.bit(row)
        switch column.pointee.width {
        case 8: column.pointee.values.storeBytes(of: 0, toByteOffset: row &* 8, as: Int64.self)
        case 4: column.pointee.values.storeBytes(of: 0, toByteOffset: row &* 4, as: Int32.self)
        case 1: column.pointee.values.storeBytes(of: false, toByteOffset: row, as: Bool.self)
        default: column.pointee.offsets[row &+ 1] = column.pointee.offsets[row]
        }
    }

    private func storeAbsence(_ field: Int, row: Int) {
        presences[field]?[row] = false
        absentRows[field] += 1
    }

    /// The place behind the line if it is `null` and that is to be passed over.
    @inline(never)
    func behindNullLine(_ place: JSONBytes) -> JSONBytes? {
        guard options.passesNullLines, memcmp(place, "null", 4) == 0 else { return nil }
        let end = JSONGrammar.skipSpaces(place + 4)
        return end.pointee == JSONGrammar.newline ? end + 1 : nil
    }
}

import CKernels

/// One record while it is cut byte by byte: a cursor that goes from field to field.
struct CSVRecord {
    enum Outcome {
        case whole
        /// A line that is no record: empty, or a comment.
        case empty
        /// Its end is not in the input.
        case incomplete
        case fault(CSVFault.Reason)
    }

    private let base: UnsafePointer<UInt8>
    private let start: Int
    private let end: Int
    private let isFinal: Bool
    /// How far the record may reach, so that a quote never closed does not take the memory of the whole file.
    private let limit: Int
    /// The first byte not cut yet.
    private(set) var at: Int
    /// Line ends inside fields, up to `at`.
    private(set) var lineFeeds: Int64 = 0
    private(set) var faultOffset = 0
    private var beyondASCII: UInt32 = 0

    init(base: UnsafePointer<UInt8>, at: Int, end: Int, isFinal: Bool) {
        self.base = base
        start = at
        self.at = at
        self.end = end
        self.isFinal = isFinal
        limit = min(end, at + CSVRecordCutter.maximumRecordBytes)
    }

    mutating func cut(_ cutter: CSVRecordCutter, to fields: UnsafeMutablePointer<CSVField>) -> Outcome {
        if cutter.allowComments, let outcome = skipComment(cutter.syntax) { return outcome }
        let (first, syntax, slots) = (at, cutter.syntax, cutter.slots)
        let expected = cutter.fieldCount ?? 0
        var count = 0
        while true {
            let begin = at
            var field = CSVField.missing
            let isQuoted = begin < limit && base[begin] == syntax.quote
            let outcome = isQuoted ? cutQuoted(syntax, to: &field) : cutPlain(syntax, to: &field)
            if let outcome { return outcome }
            fields[Int(slots[min(count, expected)])] = field
            if count == expected { faultOffset = begin }
            count += 1
            if at < limit, base[at] == syntax.fieldDelimiter {
                at += 1
                continue
            }
            let isEmptyLine = at == first
            // An extra field is none where nothing stands between the last delimiter and the end of the line.
            if count == expected + 1, at == begin { count = expected }
            if let outcome = endRecord() { return outcome }
            return judge(count, cutter, isEmptyLine: isEmptyLine, fields)
        }
    }

    /// Skips blanks at the beginning of the line, and the line where then nothing or a comment stands.
    private mutating func skipComment(_ syntax: CSVSyntax) -> Outcome? {
        while at < limit, base[at] == 0x20, syntax.fieldDelimiter != 0x20 { at += 1 }
        guard at < limit else { return limit < end ? fault(.tooLong, at: start) : isFinal ? .empty : .incomplete }
        if base[at] == UInt8(ascii: "#") {
            var unused: UInt32 = 0
            at = sluice_csv_stop(base + at, base + limit, 0x0A, 0x0A, &unused) - base
        } else if base[at] != 0x0A, base[at] != 0x0D {
            return nil
        }
        return endRecord() ?? .empty
    }

    /// Takes the end of the line, or of the file.
    private mutating func endRecord() -> Outcome? {
        guard at < limit else {
            if limit < end { return fault(.tooLong, at: start) }
            return isFinal ? nil : .incomplete
        }
        if base[at] == 0x0A {
            at += 1
        } else if at + 1 < end {
            at += base[at + 1] == 0x0A ? 2 : 1
        } else {
            guard isFinal else { return .incomplete }
            at += 1
        }
        return nil
    }

    private mutating func judge(
        _ count: Int, _ cutter: CSVRecordCutter, isEmptyLine: Bool, _ fields: UnsafeMutablePointer<CSVField>
    ) -> Outcome {
        if beyondASCII != 0 {
            let valid = Int(sluice_utf8_prefix(base + start, base + at))
            if start + valid < at { return fault(.invalidUTF8, at: start + valid) }
        }
        guard let expected = cutter.fieldCount, count != expected else { return .whole }
        if isEmptyLine { return .empty }
        if count > expected { return .fault(.tooManyFields) }
        guard cutter.fillsMissingFields else { return fault(.tooFewFields(count), at: start) }
        for field in count..<expected { fields[Int(cutter.slots[field])] = .missing }
        return .whole
    }

    /// A field up to its delimiter or line end. nil: it was cut.
    private mutating func cutPlain(_ syntax: CSVSyntax, to field: inout CSVField) -> Outcome? {
        let (begin, delimiter) = (at, syntax.fieldDelimiter)
        let escape = syntax.escape ?? delimiter
        var marks: UInt32 = 0
        while true {
            at = sluice_csv_stop(base + at, base + limit, delimiter, escape, &beyondASCII) - base
            guard syntax.escape != nil, at < limit, base[at] == escape else { break }
            marks = CSVField.escapedMark
            if let outcome = skipEscape() { return outcome }
        }
        field = CSVField(offset: begin, length: at - begin, marks: marks)
        return nil
    }

    /// A field from its opening quote up to its delimiter or line end. nil: it was cut.
    private mutating func cutQuoted(_ syntax: CSVSyntax, to field: inout CSVField) -> Outcome? {
        guard let quote = syntax.quote else { return nil }
        let opening = at
        let escape = syntax.escape ?? quote
        var marks: UInt32 = 0
        at = opening + 1
        while true {
            at = sluice_csv_quote(base + at, base + limit, quote, escape, &beyondASCII, &lineFeeds) - base
            guard at < limit else {
                return isFinal || limit < end ? fault(.openQuote, at: opening) : .incomplete
            }
            if base[at] != quote {
                marks = CSVField.escapedMark
                if let outcome = skipEscape() { return outcome }
                continue
            }
            if at + 1 == end, !isFinal { return .incomplete }
            guard at + 1 < end, base[at + 1] == quote else { break }
            marks = CSVField.escapedMark
            at += 2
        }
        field = CSVField(offset: opening + 1, length: at - opening - 1, marks: marks)
        at += 1
        let delimiter = syntax.fieldDelimiter
        while at < limit, base[at] <= 0x20, base[at] != delimiter, base[at] != 0x0A, base[at] != 0x0D { at += 1 }
        guard at == limit || base[at] == delimiter || base[at] == 0x0A || base[at] == 0x0D else {
            return fault(.textAfterQuote, at: at)
        }
        return nil
    }

    /// Goes behind the escape character at `at` and the byte behind it.
    private mutating func skipEscape() -> Outcome? {
        guard at + 1 < limit else {
            return isFinal || limit < end ? fault(.openEscape, at: at) : .incomplete
        }
        let byte = base[at + 1]
        if byte == 0x0A { lineFeeds += 1 }
        beyondASCII |= UInt32(byte & 0x80)
        at += 2
        return nil
    }

    private mutating func fault(_ reason: CSVFault.Reason, at offset: Int) -> Outcome {
        faultOffset = offset
        return .fault(reason)
    }

    /// Where to go on after a fault, and the lines of the record before that place; nil where the input does not tell.
    ///
    /// A record whose end is known is left out whole. Of one with a broken quote the rest of the line is: what follows may be
    /// records again.
    func lineAfter(_ reason: CSVFault.Reason) -> (offset: Int, lines: Int)? {
        switch reason {
        case .tooFewFields, .tooManyFields, .invalidUTF8, .tooLong: return (at, Int(lineFeeds) + 1)
        case .openQuote, .textAfterQuote, .openEscape: break
        }
        // The record's line feeds before the fault are lines of their own; those behind it were only looked at.
        let lines = (start..<faultOffset).count { base[$0] == 0x0A } + 1
        var unused: UInt32 = 0
        let stop = sluice_csv_stop(base + faultOffset, base + end, 0x0A, 0x0A, &unused) - base
        guard stop < end else { return isFinal ? (end, lines) : nil }
        guard base[stop] == 0x0D else { return (stop + 1, lines) }
        guard stop + 1 < end else { return isFinal ? (end, lines) : nil }
        return (base[stop + 1] == 0x0A ? stop + 2 : stop + 1, lines)
    }
}

import CKernels

/// One record while it is cut: a cursor that goes from field to field.
struct CSVRecord {
    enum Outcome {
        case whole
        /// A line without anything on it.
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
    /// Line ends inside quotes, up to `at`.
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

    @inline(__always)
    mutating func cut(_ cutter: CSVRecordCutter, to fields: UnsafeMutablePointer<CSVField>) -> Outcome {
        let delimiter = cutter.delimiter
        let slots = cutter.slots
        let expected = cutter.fieldCount ?? 0
        var count = 0
        while true {
            let begin = at
            if begin < limit, base[begin] == CSVRecordCutter.quote {
                var field = CSVField.missing
                if let outcome = cutQuoted(delimiter, to: &field) { return outcome }
                fields[Int(slots[min(count, expected)])] = field
            } else {
                at = sluice_csv_stop(base + begin, base + limit, delimiter, &beyondASCII) - base
                fields[Int(slots[min(count, expected)])] = CSVField(offset: begin, length: at - begin)
            }
            if count == expected { faultOffset = begin }
            count += 1
            if at < limit, base[at] == delimiter {
                at += 1
                continue
            }
            let isEmptyLine = at == start
            // An extra field is none where nothing stands between the last delimiter and the end of the line.
            if count == expected + 1, at == begin { count = expected }
            if let outcome = endRecord() { return outcome }
            return judge(count, cutter, isEmptyLine: isEmptyLine, fields)
        }
    }

    /// Takes the end of the line, or of the file.
    @inline(__always)
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

    @inline(__always)
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

    /// A field from its opening quote up to its delimiter or line end. nil: it was cut.
    private mutating func cutQuoted(_ delimiter: UInt8, to field: inout CSVField) -> Outcome? {
        let opening = at
        var marks: UInt32 = 0
        var stop = opening + 1
        var feeds = lineFeeds
        while true {
            stop = sluice_csv_quote(base + stop, base + limit, &beyondASCII, &feeds) - base
            guard stop < limit else {
                return isFinal || limit < end ? fault(.openQuote, at: opening) : .incomplete
            }
            if stop + 1 == end, !isFinal { return .incomplete }
            guard stop + 1 < end, base[stop + 1] == CSVRecordCutter.quote else { break }
            marks = CSVField.escapedMark
            stop += 2
        }
        lineFeeds = feeds
        field = CSVField(offset: opening + 1, length: stop - opening - 1, marks: marks)
        at = stop + 1
        while at < limit, base[at] == 0x20 || base[at] == 0x09, base[at] != delimiter { at += 1 }
        guard at == limit || base[at] == delimiter || base[at] == 0x0A || base[at] == 0x0D else {
            return fault(.textAfterQuote, at: at)
        }
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
        case .openQuote, .textAfterQuote: break
        }
        var unused: UInt32 = 0
        let stop = sluice_csv_stop(base + faultOffset, base + end, 0x0A, &unused) - base
        guard stop < end else { return isFinal ? (end, Int(lineFeeds) + 1) : nil }
        guard base[stop] == 0x0D else { return (stop + 1, Int(lineFeeds) + 1) }
        guard stop + 1 < end else { return isFinal ? (end, Int(lineFeeds) + 1) : nil }
        return (base[stop + 1] == 0x0A ? stop + 2 : stop + 1, Int(lineFeeds) + 1)
    }
}

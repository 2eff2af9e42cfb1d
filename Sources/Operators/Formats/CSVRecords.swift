import CKernels

// Bytes to records and fields: RFC 4180, with what Flink's reader (Jackson's) adds to it.
//
//  - A record ends with LF, CRLF or CR; the last one of a file may end with the file.
//  - A field that begins with a quote ends with the next one that is not doubled; line ends inside are its own. Blanks and
//    controls may follow. Quotes elsewhere are ordinary characters.
//  - With an escape character, the character behind one is only itself, in quotes and outside.
//  - A delimiter after the last field is allowed. An empty line is no record, except where the table has one column: there it
//    is an empty field.
//
// Regular records are cut by `sluice_csv_regular`, 64 bytes at a time; at the first one that is not, `CSVRecord` goes on byte
// by byte, for that record. Fields are not converted here: a chunk of records is cut first, then each column is converted
// over the whole chunk.

/// A field's text within the input, without its quotes.
typealias CSVField = sluice_csv_field

extension CSVField {
    /// Doubled quotes or escapes are inside.
    static let escapedMark: UInt32 = 1 << 31
    private static let missingMark: UInt32 = 1 << 30
    static let missing = CSVField(offset: 0, length_and_marks: missingMark)

    init(offset: Int, length: Int, marks: UInt32 = 0) {
        self.init(
            offset: UInt32(truncatingIfNeeded: offset), length_and_marks: UInt32(truncatingIfNeeded: length) | marks)
    }

    var length: Int { Int(length_and_marks & 0x3FFF_FFFF) }
    var isEscaped: Bool { length_and_marks & CSVField.escapedMark != 0 }
    /// The record ended before it.
    var isMissing: Bool { length_and_marks & CSVField.missingMark != 0 }
    /// The bytes of the field are its value, or it is missing.
    var isPlain: Bool { length_and_marks < CSVField.missingMark }
}

/// A record that is none, and where the next one begins.
struct CSVFault {
    enum Reason {
        case textAfterQuote
        case openQuote
        case openEscape
        case tooFewFields(Int)
        case tooManyFields
        case invalidUTF8
        case tooLong
    }

    var reason: Reason
    /// What is wrong stands here.
    var offset: Int
    var record: CSVPlace
    var next: CSVPlace

    /// Nobody knows where the next record begins.
    var hasNoEnd: Bool { if case .tooLong = reason { true } else { false } }
}

/// A place between records.
struct CSVPlace {
    var offset = 0
    /// Lines before it.
    var line = 0
}

/// The fields of some records, as many slots a record as columns are asked for, and one for all the others.
struct CSVChunk {
    let capacity: Int
    let slotCount: Int
    let fields: UnsafeMutablePointer<CSVField>
    let records: UnsafeMutablePointer<sluice_csv_record>
    var count = 0

    init(wantedCount: Int) {
        slotCount = wantedCount + 1
        // Some 64 KB of fields stay in the first cache levels until they are converted.
        capacity = min(max(8192 / slotCount, 16), 1024)
        fields = .allocate(capacity: capacity * slotCount)
        records = .allocate(capacity: capacity)
    }

    func deallocate() {
        fields.deallocate()
        records.deallocate()
    }

    func place(_ record: Int) -> CSVPlace {
        CSVPlace(offset: Int(records[record].offset), line: Int(records[record].line))
    }
}

/// Cuts the bytes of one file into records.
struct CSVRecordCutter {
    static let maximumRecordBytes = Int(SLUICE_CSV_LONGEST)

    let syntax: CSVSyntax
    let allowComments: Bool
    /// nil: records may have any number.
    let fieldCount: Int?
    /// Records with too few fields are filled up.
    let fillsMissingFields: Bool
    /// For each field of the record its slot in the chunk; one more entry for fields that should not be there.
    let slots: UnsafePointer<Int32>

    /// Cuts records from `place` on until the chunk holds `most`, the input holds no more whole ones, or a bad one comes.
    ///
    /// - Output: `place` is behind the last record cut; a fault has its own.
    func cut(
        _ input: UnsafeRawBufferPointer, isFinal: Bool, most: Int, from place: inout CSVPlace,
        into chunk: inout CSVChunk
    ) -> CSVFault? {
        guard let base = input.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        while chunk.count < most, place.offset < input.count {
            cutRegular(base, input.count, most, &place, &chunk)
            guard chunk.count < most, place.offset < input.count else { break }
            var record = CSVRecord(base: base, at: place.offset, end: input.count, isFinal: isFinal)
            switch record.cut(self, to: chunk.fields + chunk.count * chunk.slotCount) {
            case .incomplete: return nil
            case .fault(let reason):
                guard let (next, lines) = record.lineAfter(reason) else { return nil }
                let following = CSVPlace(offset: next, line: place.line + lines)
                return CSVFault(reason: reason, offset: record.faultOffset, record: place, next: following)
            case .empty: break
            case .whole:
                chunk.records[chunk.count] = sluice_csv_record(
                    offset: UInt32(truncatingIfNeeded: place.offset), line: UInt32(truncatingIfNeeded: place.line))
                chunk.count += 1
            }
            place = CSVPlace(offset: record.at, line: place.line + Int(record.lineFeeds) + 1)
        }
        return nil
    }

    private func cutRegular(
        _ base: UnsafePointer<UInt8>, _ end: Int, _ most: Int, _ place: inout CSVPlace, _ chunk: inout CSVChunk
    ) {
        guard let fieldCount else { return }
        var shape = sluice_csv_shape(
            delimiter: syntax.fieldDelimiter, quote: syntax.quote ?? 0, escape: syntax.escape ?? 0,
            has_quote: syntax.quote != nil, has_escape: syntax.escape != nil, has_comments: allowComments,
            field_count: Int32(truncatingIfNeeded: fieldCount), slot_count: Int32(truncatingIfNeeded: chunk.slotCount),
            slots: slots)
        var line = UInt32(truncatingIfNeeded: place.line)
        place.offset = sluice_csv_regular(
            base, place.offset, end, &shape, most, chunk.fields, chunk.records, &chunk.count, &line)
        place.line = Int(line)
    }
}

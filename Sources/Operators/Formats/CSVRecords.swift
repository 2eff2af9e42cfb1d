import CKernels

// Bytes to records and fields: RFC 4180, with what Flink's reader adds to it.
//
//  - A record ends with LF, CRLF or CR; the last one of a file may end with the file.
//  - A field that begins with `"` ends with the next `"` that is not doubled; line ends inside are its own. Blanks may follow.
//    Quotes elsewhere are ordinary characters.
//  - A delimiter after the last field is allowed. An empty line is no record, except where the table has one column: there it
//    is an empty field.
//
// Fields are not converted here: a chunk of records is cut first, then each column is converted over the whole chunk.

/// A field's text within the input, without its quotes.
struct CSVField {
    var offset: UInt32
    private var lengthAndMarks: UInt32

    /// Doubled quotes are inside.
    static let escapedMark: UInt32 = 1 << 31
    static let missing = CSVField(offset: 0, length: 0, marks: 1 << 30)

    init(offset: Int, length: Int, marks: UInt32 = 0) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        lengthAndMarks = UInt32(truncatingIfNeeded: length) | marks
    }

    var length: Int { Int(lengthAndMarks & 0x3FFF_FFFF) }
    var isEscaped: Bool { lengthAndMarks & CSVField.escapedMark != 0 }
    /// The record ended before it.
    var isMissing: Bool { lengthAndMarks & CSVField.missing.lengthAndMarks != 0 }
}

/// A record that is none, and where the next one begins.
struct CSVFault {
    enum Reason {
        case textAfterQuote
        case openQuote
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
    let places: UnsafeMutablePointer<CSVPlace>
    var count = 0

    init(wantedCount: Int) {
        slotCount = wantedCount + 1
        // Some 64 KB of fields stay in the first cache levels until they are converted.
        capacity = min(max(8192 / slotCount, 16), 1024)
        fields = .allocate(capacity: capacity * slotCount)
        places = .allocate(capacity: capacity)
    }

    func deallocate() {
        fields.deallocate()
        places.deallocate()
    }
}

/// Cuts the bytes of one file into records.
struct CSVRecordCutter {
    static let quote = UInt8(ascii: "\"")
    static let maximumRecordBytes = 16 << 20

    let delimiter: UInt8
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
            var record = CSVRecord(base: base, at: place.offset, end: input.count, isFinal: isFinal)
            switch record.cut(self, to: chunk.fields + chunk.count * chunk.slotCount) {
            case .incomplete: return nil
            case .fault(let reason):
                guard let (next, lines) = record.lineAfter(reason) else { return nil }
                let following = CSVPlace(offset: next, line: place.line + lines)
                return CSVFault(reason: reason, offset: record.faultOffset, record: place, next: following)
            case .empty: break
            case .whole:
                chunk.places[chunk.count] = place
                chunk.count += 1
            }
            place = CSVPlace(offset: record.at, line: place.line + Int(record.lineFeeds) + 1)
        }
        return nil
    }
}

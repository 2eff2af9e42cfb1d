/// The options of the `csv` format that concern reading.
package struct CSVReadOptions: Hashable, Sendable {
    /// `csv.field-delimiter`: one ASCII character that is no quote and no line end.
    package var fieldDelimiter: UInt8
    /// `csv.skip-header`: the first record of each file is left out, whatever is in it.
    package var skipHeader: Bool
    /// `csv.ignore-parse-errors`: a field that does not fit or is missing is NULL, other bad records are left out; both are
    /// counted.
    package var ignoreParseErrors: Bool
    /// `csv.null-literal`: a field of exactly this text, quoted or not, is NULL.
    package var nullLiteral: String?
    package var badRecords: BadRecordPolicy

    package init(
        fieldDelimiter: UInt8 = 0x2C, skipHeader: Bool = false, ignoreParseErrors: Bool = false,
        nullLiteral: String? = nil, badRecords: BadRecordPolicy = .fail
    ) {
        self.fieldDelimiter = fieldDelimiter
        self.skipHeader = skipHeader
        self.ignoreParseErrors = ignoreParseErrors
        self.nullLiteral = nullLiteral
        self.badRecords = badRecords
    }

    /// Whether a byte can stand between fields.
    package static func isFieldDelimiter(_ byte: UInt8) -> Bool {
        byte < 0x80 && byte != 0 && byte != 0x22 && byte != 0x0A && byte != 0x0D
    }
}

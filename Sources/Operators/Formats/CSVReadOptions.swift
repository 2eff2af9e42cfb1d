/// The options of the `csv` format that concern reading.
package struct CSVReadOptions: Hashable, Sendable {
    /// The characters that the options give a meaning.
    package var syntax: CSVSyntax
    /// `csv.allow-comments`: lines that begin with `#` are left out. As in Flink, blanks at the beginning of any line are then
    /// skipped, and so are empty lines, also of tables with one column.
    package var allowComments: Bool
    /// `csv.skip-header`: the first record of each file is left out, whatever is in it.
    package var skipHeader: Bool
    /// `csv.ignore-parse-errors`: a field that does not fit or is missing is NULL, other bad records are left out; both are
    /// counted.
    package var ignoreParseErrors: Bool
    /// `csv.null-literal`: a field of exactly this text, quoted or not, is NULL.
    package var nullLiteral: String?
    package var badRecords: BadRecordPolicy

    package init(
        syntax: CSVSyntax = CSVSyntax(), allowComments: Bool = false, skipHeader: Bool = false,
        ignoreParseErrors: Bool = false, nullLiteral: String? = nil, badRecords: BadRecordPolicy = .fail
    ) {
        self.syntax = syntax
        self.allowComments = allowComments
        self.skipHeader = skipHeader
        self.ignoreParseErrors = ignoreParseErrors
        self.nullLiteral = nullLiteral
        self.badRecords = badRecords
    }

    package init(
        fieldDelimiter: UInt8, skipHeader: Bool = false, ignoreParseErrors: Bool = false, nullLiteral: String? = nil,
        badRecords: BadRecordPolicy = .fail
    ) {
        self.init(
            syntax: CSVSyntax(fieldDelimiter: fieldDelimiter), skipHeader: skipHeader,
            ignoreParseErrors: ignoreParseErrors, nullLiteral: nullLiteral, badRecords: badRecords)
    }
}

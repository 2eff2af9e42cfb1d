/// How the text of a TIMESTAMP looks (`json.timestamp-format.standard`).
package enum JSONTimestampFormat: String, Hashable, Sendable {
    /// `2026-01-01 00:00:00.123`
    case sql = "SQL"
    /// `2026-01-01T00:00:00.123`
    case iso8601 = "ISO-8601"
}

/// The options of the `json` format that concern reading.
package struct JSONReadOptions: Hashable, Sendable {
    /// `json.ignore-parse-errors`: a field that does not fit is NULL, a line that is no record is left out; both are counted.
    package var ignoreParseErrors: Bool
    /// `json.fail-on-missing-field`: a column without a field is a bad record (one that is `null` is not).
    package var failOnMissingField: Bool
    package var timestampFormat: JSONTimestampFormat
    package var badRecords: BadRecordPolicy
    /// A line that is `null` is passed over, as an empty one is.
    package var passesNullLines = false

    package init(
        ignoreParseErrors: Bool = false, failOnMissingField: Bool = false,
        timestampFormat: JSONTimestampFormat = .sql, badRecords: BadRecordPolicy = .fail
    ) {
        self.ignoreParseErrors = ignoreParseErrors
        self.failOnMissingField = failOnMissingField
        self.timestampFormat = timestampFormat
        self.badRecords = badRecords
    }
}

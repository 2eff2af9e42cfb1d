/// Where in a SQL file something stands.
package struct SQLPlace: Hashable, Sendable {
    /// 1-based.
    package var line: Int
    /// 1-based, in characters (Unicode scalars).
    package var column: Int
    /// Characters of this line that are meant, at least 1.
    package var length: Int

    package init(line: Int, column: Int, length: Int) {
        self.line = line
        self.column = column
        self.length = length
    }
}

/// A mistake in a SQL file (or in a `-D` option), in PostgreSQL's message style.
package struct SQLError: Error, Hashable, Sendable {
    /// Lower case, without a full stop.
    package var message: String
    package var detail: String?
    /// What the user can do.
    package var hint: String?
    /// Nil for a mistake that is not in the file: a `-D` option.
    package var place: SQLPlace?

    package init(_ message: String, detail: String? = nil, hint: String? = nil, place: SQLPlace?) {
        self.message = message
        self.detail = detail
        self.hint = hint
        self.place = place
    }
}

/// The options of the `csv` format that concern writing.
package struct CSVWriteOptions: Hashable, Sendable {
    package var syntax: CSVSyntax
    /// `csv.null-literal`: what is written for NULL; nil: nothing.
    package var nullLiteral: String?

    package init(syntax: CSVSyntax = CSVSyntax(), nullLiteral: String? = nil) {
        self.syntax = syntax
        self.nullLiteral = nullLiteral
    }
}

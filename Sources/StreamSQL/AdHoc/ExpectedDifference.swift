import Columnar
import Operators

// What two versions of an output may differ in, as an audit is told:
//
//     EXPECT NO DIFF [IN output]
//     EXPECT DIFF [IN output] ONLY [IN] COLUMNS (column, …) [WHERE condition]
//     EXPECT DIFF [IN output] ONLY WHERE condition
//
// EXPECT and DIFF may be left out. Without IN it is said of every output that has the columns that it names.

/// One such statement, not bound yet.
package struct ExpectedDifference: Sendable {
    /// nil: it is said of every output that it fits.
    package let output: String?
    /// Paths of columns, of ROWs too, which stand for all that is in them. nil: whole rows may differ, or be there in one
    /// version alone.
    package let columns: [[String]]?
    /// Nothing may differ.
    package let isNone: Bool
    /// As it is written, white space folded.
    package let text: String
    private let columnSpans: [SourceSpan]
    private let condition: Expression?
    private let source: SourceText
    private let outputSpan: SourceSpan

    /// The statements of a text, with semicolons between them.
    package static func statements(of text: [UInt8]) throws(SQLError) -> [ExpectedDifference] {
        var parser = try Parser(SourceText(text))
        return try parser.statements { (parser) throws(SQLError) in try ExpectedDifference(from: &parser) }
    }

    private init(from parser: inout Parser) throws(SQLError) {
        let start = parser.token.span
        source = parser.source
        _ = try parser.accept("EXPECT")
        isNone = try parser.accept("NO")
        if isNone { try parser.expect("DIFF") } else { _ = try parser.accept("DIFF") }
        var output: Identifier?
        if try parser.accept("IN") { output = try parser.identifier("the name of an output") }
        var columns: [ObjectName]?
        var condition: Expression?
        if !isNone {
            guard try parser.accept("ONLY") else {
                throw parser.unexpected(
                    output == nil ? "NO DIFF, IN or ONLY" : "ONLY",
                    hint: "EXPECT DIFF ONLY IN COLUMNS (tax) WHERE country = 'DE'")
            }
            if !parser.at("WHERE") { columns = try parser.columnList() }
            if try parser.accept("WHERE") { condition = try parser.expression() }
        }
        self.output = output?.name
        outputSpan = output?.span ?? start
        self.columns = columns.map { $0.map { $0.parts.map(\.name) } }
        columnSpans = columns?.map(\.span) ?? []
        self.condition = condition
        let words = source.text(start.through(parser.previousSpan)).split(whereSeparator: \.isWhitespace)
        text = words.joined(separator: " ")
    }

    /// The condition over the columns of an output, if there is one.
    /// - Output: over the leaves of `fields`.
    /// - Errors: what the output does not have, or a condition that is none, with its place.
    package func bind(to output: String, _ fields: [Field]) throws(SQLError) -> ScalarExpression? {
        let leaves = ScanColumn.leaves(of: fields)
        for (path, span) in zip(columns ?? [], columnSpans)
        where !leaves.contains(where: { $0.path.starts(with: path) }) {
            throw source.error(
                "column \"\(path.joined(separator: "."))\" does not exist in output \"\(output)\"", at: span,
                hint: Suggestion.hint(for: path[path.count - 1], among: fields.map(\.name)))
        }
        guard let condition else { return nil }
        let table = TableDefinition(name: output, columns: fields, connector: .blackhole)
        let scope = Scope(Relation(table).columns, alias: output, source: source)
        var binder = ExpressionBinder(source: source, scope: scope, inputWidth: leaves.count, clause: .condition)
        return try binder.condition(condition, of: "the condition of WHERE").expression
    }

    /// Whether both were read from one text.
    package func isFrom(sameTextAs other: ExpectedDifference) -> Bool { source === other.source }

    /// For an output that it names and that is not there.
    package func missing(_ outputs: [String]) -> SQLError {
        source.error(
            "output \"\(output ?? "")\" does not exist", at: outputSpan,
            detail: "the versions have in common: \(outputs.joined(separator: ", "))",
            hint: Suggestion.hint(for: output ?? "", among: outputs))
    }
}

extension Parser {
    /// `[IN] COLUMNS (a, b.c)`
    fileprivate mutating func columnList() throws(SQLError) -> [ObjectName] {
        _ = try accept("IN")
        try expect("COLUMNS")
        try expectSymbol("(")
        var names = [try objectName("a column")]
        while try acceptSymbol(",") {
            names.append(try objectName("a column"))
            try checkLength(names.count, of: "columns")
        }
        try expectSymbol(")")
        return names
    }
}

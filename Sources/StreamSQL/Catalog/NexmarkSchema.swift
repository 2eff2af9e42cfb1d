import Columnar
import Operators

/// The columns of the events that `nexmark` makes; a table has some of them, under their names and with their types.
enum NexmarkSchema {
    private static let columns = NexmarkSourceDescription.fields

    static func check(_ table: CreateTableSyntax, _ source: SourceText) throws(SQLError) {
        for column in table.columns {
            guard case .physical(let type) = column.kind else { continue }
            guard let known = columns.first(where: { $0.name == column.name.name }) else {
                throw source.error(
                    "connector 'nexmark' has no column \"\(column.name.name)\"", at: column.name.span,
                    detail: "columns: \(columns.map(\.name).joined(separator: ", "))",
                    hint: Suggestion.hint(for: column.name.name, among: columns.map(\.name)))
            }
            guard fits(type.type, known.type) else {
                throw source.error(
                    "column \"\(column.name.name)\" of connector 'nexmark' is of another type", at: type.span,
                    detail: "it is \(known.type)")
            }
        }
    }

    /// Fields may be left out.
    private static func fits(_ declared: DataType, _ known: DataType) -> Bool {
        guard case .row(let fields) = declared, case .row(let knownFields) = known else { return declared == known }
        return fields.allSatisfy { field in
            knownFields.contains { $0.name == field.name && fits(field.type, $0.type) }
        }
    }
}

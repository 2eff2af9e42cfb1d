import Columnar

/// The columns of the events that `nexmark` makes; a table has some of them, under their names and with their types.
enum NexmarkSchema {
    static let columns: [Field] = [
        Field("event_type", .int),
        Field(
            "person",
            .row([
                Field("id", .bigint), Field("name", .string), Field("emailAddress", .string),
                Field("creditCard", .string), Field("city", .string), Field("state", .string),
                Field("dateTime", time), Field("extra", .string),
            ])),
        Field(
            "auction",
            .row([
                Field("id", .bigint), Field("itemName", .string), Field("description", .string),
                Field("initialBid", .bigint), Field("reserve", .bigint), Field("dateTime", time),
                Field("expires", time), Field("seller", .bigint), Field("category", .bigint), Field("extra", .string),
            ])),
        Field(
            "bid",
            .row([
                Field("auction", .bigint), Field("bidder", .bigint), Field("price", .bigint),
                Field("channel", .string), Field("url", .string), Field("dateTime", time), Field("extra", .string),
            ])),
    ]

    private static let time = DataType.timestamp(precision: 3)

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

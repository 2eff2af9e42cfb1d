import Columnar

/// How the bytes of a table's files become records.
package enum SourceFormat: Sendable {
    case json(JSONReadOptions)
    /// With the table's physical columns in file order.
    case csv(CSVReadOptions, tableFields: [Field])

    /// A newline always ends a record.
    var isLines: Bool { if case .json = self { true } else { false } }

    func makeScanner(columns: [ScanColumn], predicates: [ScanPredicate], skipsBadRecords: Bool) -> any RecordScanner {
        let policy: BadRecordPolicy = skipsBadRecords ? .skip : .fail
        switch self {
        case .json(var options):
            options.badRecords = policy
            return JSONLinesScanner(columns: columns, predicates: predicates, options: options)
        case .csv(var options, let fields):
            options.badRecords = policy
            return CSVScanner(tableFields: fields, columns: columns, predicates: predicates, options: options)
        }
    }
}

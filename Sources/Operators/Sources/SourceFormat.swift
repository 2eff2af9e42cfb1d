import Columnar

/// How the bytes of a table's files become records.
package enum SourceFormat: Sendable {
    case json(JSONReadOptions)
    /// A changelog: its rows are read in order, by one subtask.
    case debeziumJSON(DebeziumJSONReadOptions)
    /// A changelog, a row of it a line.
    case changeJSON(ChangeJSONReadOptions)
    /// With the table's physical columns in file order.
    case csv(CSVReadOptions, tableFields: [Field])

    /// A newline always ends a record.
    var isLines: Bool { if case .csv = self { false } else { true } }

    var isChangelog: Bool {
        switch self {
        case .debeziumJSON, .changeJSON: true
        case .json, .csv: false
        }
    }

    func makeScanner(columns: [ScanColumn], predicates: [ScanPredicate], badRecords policy: BadRecordPolicy)
        -> any RecordScanner
    {
        switch self {
        case .json(var options):
            options.badRecords = policy
            return JSONLinesScanner(columns: columns, predicates: predicates, options: options)
        case .debeziumJSON(var options):
            precondition(predicates.isEmpty, "both rows of an update are read")
            options.json.badRecords = policy
            return DebeziumJSONScanner(columns: columns, options: options)
        case .changeJSON(var options):
            precondition(predicates.isEmpty, "both rows of an update are read")
            options.json.badRecords = policy
            return ChangeJSONScanner(columns: columns, options: options)
        case .csv(var options, let fields):
            options.badRecords = policy
            return CSVScanner(tableFields: fields, columns: columns, predicates: predicates, options: options)
        }
    }
}

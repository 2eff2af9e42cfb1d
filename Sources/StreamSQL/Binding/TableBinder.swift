import Columnar
import Operators

/// Makes a definition of CREATE TABLE.
struct TableBinder {
    let source: SourceText

    func bind(_ syntax: CreateTableSyntax, name: Identifier) throws(SQLError) -> TableDefinition {
        let keys = Set(syntax.primaryKey.map(\.name))
        var columns: [Field] = []
        var order: [String] = []
        var seen: Set<String> = []
        for column in syntax.columns {
            guard seen.insert(column.name.name).inserted else {
                throw source.error("column \"\(column.name.name)\" is there twice", at: column.name.span)
            }
            order.append(column.name.name)
            guard case .physical(let type) = column.kind else { continue }
            let isNullable = type.isNullable && !keys.contains(column.name.name)
            columns.append(Field(column.name.name, type.type, isNullable: isNullable))
        }
        guard !columns.isEmpty else {
            throw source.error("table \"\(name.name)\" has no column that is stored", at: name.span)
        }
        try checkPrimaryKey(syntax.primaryKey, columns)
        var options = try TableOptions(syntax.options, table: name, source: source)
        var table = TableDefinition(
            name: name.name, columns: columns, computed: [], columnOrder: order, watermark: nil,
            primaryKey: syntax.primaryKey.map(\.name), connector: try options.connector(at: name),
            place: source.place(name.span))
        if case .datagen(let rows) = table.connector { try options.check(rows, columns: columns, at: name.span) }
        if case .nexmark(let events) = table.connector {
            try options.check(events, at: name.span)
            try NexmarkSchema.check(syntax, source)
        }
        table.declaration = TableDeclaration(syntax, source)
        table.metadata = try metadata(syntax.columns, of: table)
        guard table.leaves.count <= Parser.maxColumns else {
            throw source.error("more than \(Parser.maxColumns) columns", at: name.span)
        }
        table.processingTimes = syntax.columns.compactMap { column in
            guard case .computed(let expression) = column.kind, expression.isProcessingTimeCall else { return nil }
            return column.name.name
        }
        table.computed = try computedColumns(syntax.columns, of: table)
        if let watermark = syntax.watermark { table.watermark = try bind(watermark, of: table) }
        if let option = options.latePolicy {
            guard table.watermark != nil else {
                throw source.error(
                    "'late.policy' = '\(option.value)' is for a table with a WATERMARK", at: option.keySpan,
                    detail: "without one no row is late")
            }
            table.quarantinesLateRows = true
        }
        return table
    }

    private func checkPrimaryKey(_ keys: [Identifier], _ columns: [Field]) throws(SQLError) {
        var seen: Set<String> = []
        for key in keys {
            guard seen.insert(key.name).inserted else {
                throw source.error("column \"\(key.name)\" is in the primary key twice", at: key.span)
            }
            guard let column = columns.first(where: { $0.name == key.name }) else {
                throw source.error(
                    "primary key column \"\(key.name)\" is not a stored column of the table", at: key.span,
                    hint: Suggestion.hint(for: key.name, among: columns.map(\.name)))
            }
            if case .row = column.type { throw source.notSupported("a ROW in a PRIMARY KEY", at: key.span) }
        }
    }

    // MARK: Metadata

    private func metadata(_ columns: [ColumnSyntax], of table: TableDefinition) throws(SQLError) -> [MetadataColumn] {
        var metadata: [MetadataColumn] = []
        for column in columns {
            guard case .metadata(let type, let key, let isVirtual, let span) = column.kind else { continue }
            let known = table.connector.metadata
            guard !known.isEmpty else {
                throw source.error("connector '\(table.connector.name)' has no metadata", at: span)
            }
            guard let found = known.first(where: { $0.key == key }) else {
                throw source.error(
                    "invalid metadata key '\(key)' in column \"\(column.name.name)\" of table \"\(table.name)\"",
                    at: span, detail: "supported metadata keys: \(known.map(\.key).joined(separator: ", "))",
                    hint: Suggestion.hint(for: key, among: known.map(\.key)))
            }
            guard type.type == found.type else {
                throw source.error(
                    "metadata '\(key)' is \(found.type), and column \"\(column.name.name)\" \(type.type)", at: type.span
                )
            }
            metadata.append(
                MetadataColumn(
                    name: column.name.name, metadata: found, isNullable: type.isNullable, isVirtual: isVirtual))
        }
        return metadata
    }

    // MARK: Computed columns

    /// They see the stored columns and the metadata, not each other, as in Flink.
    private func computedColumns(
        _ columns: [ColumnSyntax], of table: TableDefinition
    ) throws(SQLError) -> [ComputedColumn] {
        var binder = ExpressionBinder(
            source: source, scope: storedScope(of: table), inputWidth: table.leaves.count + table.metadata.count,
            clause: .computedColumn)
        var computed: [ComputedColumn] = []
        for column in columns {
            guard case .computed(let expression) = column.kind, !expression.isProcessingTimeCall else { continue }
            let bound = try binder.typed(try binder.bind(expression), at: expression.span)
            computed.append(
                ComputedColumn(name: column.name.name, expression: bound.expression, isNullable: bound.isNullable))
        }
        return computed
    }

    private func storedScope(of table: TableDefinition) -> Scope {
        var stored = table
        stored.columnOrder = table.columns.map(\.name) + table.metadata.map(\.name)
        stored.computed = []
        return Scope(Relation(stored).columns, alias: table.name, source: source)
    }

    // MARK: WATERMARK

    private func bind(_ watermark: WatermarkSyntax, of table: TableDefinition) throws(SQLError) -> Watermark {
        let relation = Relation(table)
        let scope = Scope(relation.columns, alias: nil, source: source)
        let column = watermark.column
        let span = column[0].span.through(column[column.count - 1].span)
        guard column.count == 1 else { throw source.notSupported("WATERMARK FOR a field of a ROW", at: span) }
        let rowtime = try scope.resolve(column)
        guard case .value(let index, let type, _) = rowtime, TableBinder.isRowtime(type) else {
            throw source.error(
                TableBinder.invalidTime("time field", "the time field", typeText(rowtime)), at: span)
        }
        var binder = ExpressionBinder(
            source: source, scope: scope, inputWidth: relation.plan.columns.count, clause: .watermark)
        let (base, delay) = try lessDelay(watermark.expression)
        let bound = try binder.typed(try binder.bind(base), at: base.span)
        guard TableBinder.isRowtime(bound.type) else {
            throw source.error(
                TableBinder.invalidTime("expression", "the watermark expression", "\(bound.type)"),
                at: watermark.expression.span)
        }
        guard delay == 0 || bound.expression == .column(index, type) else {
            throw source.notSupported(
                "a delay of anything but the rowtime in WATERMARK", at: watermark.expression.span,
                hint: "\(column[0].name) - INTERVAL '4' SECOND")
        }
        return Watermark(
            column: column[0].name, text: source.sourcePlace(watermark.expression.span).text,
            rowtime: relation.overLeaves(.column(index, type)), base: relation.overLeaves(bound.expression),
            delayMilliseconds: delay)
    }

    private func typeText(_ content: ColumnContent) -> String {
        switch content {
        case .value(_, let type, _): "\(type)"
        case .row: "ROW"
        case .processingTime: "PROCTIME"
        }
    }

    /// `ts - INTERVAL '4' SECOND` is `ts` and 4000.
    private func lessDelay(_ expression: Expression) throws(SQLError) -> (Expression, milliseconds: Int64) {
        guard case .binary(let sign, let left, let right) = expression.kind, sign == .subtract || sign == .add,
            case .interval(let interval) = right.kind
        else { return (expression, 0) }
        guard interval.months == 0 else {
            throw source.notSupported("an interval of months in WATERMARK", at: right.span)
        }
        let (base, delay) = try lessDelay(left)
        let (sum, overflow) =
            sign == .subtract
            ? delay.addingReportingOverflow(interval.milliseconds)
            : delay.subtractingReportingOverflow(interval.milliseconds)
        guard !overflow, sum.magnitude <= TableBinder.longestDelay else {
            throw source.error("the delay of the watermark is too long", at: right.span)
        }
        return (base, sum)
    }

    private static func isRowtime(_ type: DataType) -> Bool {
        if case .timestamp(0...3) = type { true } else { false }
    }

    /// In Flink's words.
    private static func invalidTime(_ what: String, _ which: String, _ type: String) -> String {
        "Invalid data type of \(what) for watermark definition. The field must be of type TIMESTAMP(p) or TIMESTAMP_LTZ(p), "
            + "the supported precision 'p' is from 0 to 3, but \(which) type is \(type)"
    }

    /// A thousand years or so in milliseconds: longer ones would leave the range of times.
    private static let longestDelay: UInt64 = 1 << 45
}

extension Expression {
    /// `PROCTIME()`
    var isProcessingTimeCall: Bool {
        guard case .function(let name, let arguments) = kind else { return false }
        return name.name.uppercased() == "PROCTIME" && arguments.isEmpty
    }
}

extension Relation {
    /// An expression over a table's columns as one over its leaves.
    fileprivate func overLeaves(_ expression: ScalarExpression) -> ScalarExpression {
        guard case .project(let computed) = plan else { return expression }
        return expression.replacingColumns { computed.items[$0].expression }
    }
}

extension Connector {
    /// What METADATA columns its tables can have.
    fileprivate var metadata: [SourceMetadata] {
        switch self {
        case .filesystem: FileMetadata.allCases.map { .file($0) }
        case .log: TopicMetadata.allCases.map { .topic($0) }
        case .datagen, .nexmark, .print, .blackhole: []
        }
    }
}

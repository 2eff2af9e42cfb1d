import Columnar
import Operators

// What makes two plans the same plan: operators, expressions by column number, types, connectors, formats, paths. Not: the names
// of tables, views and intermediate columns, places in the file, how part files roll.
//
// One line per operator, inputs before their user, so that of a changed plan the first line that differs names the operator.

/// The canonical text of a plan, one operator per line. Equal texts mean that state written by one plan fits the other.
package func fingerprintText(_ plan: LogicalPlan) -> String {
    fingerprintLines(plan).joined(separator: "\n") + "\n"
}

package func fingerprintLines(_ plan: LogicalPlan) -> [String] {
    var lines: [String] = []
    _ = appendLine(of: plan, to: &lines)
    return lines
}

/// The number of the operator's line.
private func appendLine(of plan: LogicalPlan, to lines: inout [String]) -> Int {
    var inputs: [String] = []
    for input in plan.inputs { inputs.append("#\(appendLine(of: input, to: &lines))") }
    let number = lines.count
    let from = inputs.isEmpty ? "" : " <- \(inputs.joined(separator: " "))"
    lines.append("#\(number) \(operatorText(plan))\(from)")
    return number
}

private func operatorText(_ plan: LogicalPlan) -> String {
    switch plan {
    case .scan(let scan): return scanText(scan)
    case .filter(let filter): return "filter \(filter.condition.canonicalText)"
    case .project(let projection):
        return "project " + projection.items.map(\.expression.canonicalText).joined(separator: " ")
    case .aggregate(let aggregation):
        return "aggregate \(groupsText(aggregation.groupColumns, aggregation.calls))"
    case .windows(let windows): return "windows \(windows.shape.canonicalText) of \(windows.time.canonicalText)"
    case .aggregateWindows(let aggregation): return windowAggregateText(aggregation)
    case .unionAll: return "union-all"
    case .sink(let sink):
        let columns = sink.table.columns.map { "\(quoted($0.name)):\($0.type)\($0.isNullable ? "" : "!")" }
        let checks = sink.notNullColumns.map { "$\($0)" }.joined(separator: " ")
        let key = sink.table.isChangelog ? " key [\(sink.table.primaryKey.map(quoted).joined(separator: " "))]" : ""
        return "sink \(connectorText(sink.table.connector)) [\(columns.joined(separator: " "))] not-null [\(checks)]"
            + key
    }
}

private func scanText(_ scan: Scan) -> String {
    let columns = scan.columns.map { column in
        let path = column.path.map(quoted).joined(separator: ".")
        return "\(path):\(column.type)\(column.kind == .presence ? "?" : "")\(column.isNullable ? "" : "!")"
    }
    let predicates = scan.predicates.map { predicate in
        "($\(predicate.column) \(predicate.comparison.rawValue) \(predicate.literal.canonicalText))"
    }
    let watermark = scan.watermark.map { watermark in
        " watermark \(watermark.rowtime.canonicalText) \(watermark.base.canonicalText) -\(watermark.delayMilliseconds)"
            + (watermark.isOutput ? " output" : "")
    }
    let key = scan.table.isChangelog ? " key [\(scan.table.primaryKey.map(quoted).joined(separator: " "))]" : ""
    return
        "scan \(scan.isWired ? "wired " : "")\(connectorText(scan.table.connector))\(key) [\(columns.joined(separator: " "))] "
        + "where [\(predicates.joined(separator: " "))]"
        + scan.metadata.map { " metadata \(quoted($0.metadata.key))" }.joined() + (watermark ?? "")
}

private func groupsText(_ groupColumns: [Int], _ aggregateCalls: [AggregateCall]) -> String {
    let groups = groupColumns.map { "$\($0)" }.joined(separator: " ")
    let calls = aggregateCalls.map { call in
        "\(call.function.rawValue)(\(call.argument.map { "$\($0)" } ?? "")):\(call.resultType)"
    }
    return "by [\(groups)] calls [\(calls.joined(separator: " "))]"
}

private func windowAggregateText(_ aggregation: WindowAggregation) -> String {
    let windows =
        switch aggregation.windows {
        case .attached(let start, let end, let isEventTime):
            "named by $\(start) $\(end) in \(isEventTime ? "event" : "processing") time"
        case .sliced(let time): "of \(time.canonicalText)"
        }
    let properties = aggregation.properties.map(\.rawValue).joined(separator: " ")
    return "aggregate-windows \(aggregation.shape.canonicalText) \(windows) "
        + "\(groupsText(aggregation.groupColumns, aggregation.calls)) gives [\(properties)]"
}

private func connectorText(_ connector: Connector) -> String {
    switch connector {
    case .filesystem(let files):
        "filesystem \(quoted(files.path))" + (files.pathPattern.map { " matching \(quoted($0))" } ?? "")
            + (files.monitorMilliseconds == nil ? "" : " unbounded") + " \(formatText(files.format))"
    case .log(let topic):
        "log \(quoted(topic.topic)) \(topic.start.canonicalText)" + (topic.isBounded ? " bounded" : "")
    case .datagen(let rows): "datagen \(quoted("\(rows.canonicalText)"))"
    case .nexmark(let events): "nexmark \(quoted("\(events)"))"
    case .print(let identifier): "print \(quoted(identifier))"
    case .blackhole: "blackhole"
    }
}

private func formatText(_ format: Format) -> String {
    switch format {
    case .json(let options), .debeziumJSON(let options):
        "\(format.name)(ignore-errors=\(options.ignoreParseErrors) fail-on-missing=\(options.failOnMissingField) "
            + "timestamps=\(options.timestampFormat.rawValue)\(options.includesSchema ? " schema" : ""))"
    case .csv(let options):
        "csv(delimiter=\(options.syntax.fieldDelimiter) quote=\(options.syntax.quote ?? 0) "
            + "escape=\(options.syntax.escape ?? 0) "
            + "comments=\(options.allowComments) null=\(options.nullLiteral.map(quoted) ?? "none") "
            + "skip-header=\(options.skipHeader) ignore-errors=\(options.ignoreParseErrors))"
    }
}

/// In quotes, so that no name or path can be taken for something else.
private func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": quoted += "\\\(scalar)"
        case "\n": quoted += "\\n"
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

extension ScalarExpression {
    fileprivate var canonicalText: String {
        switch self {
        case .column(let index, let type): "$\(index):\(type)"
        case .literal(let literal, let type): "\(literal.canonicalText):\(type)"
        case .call(let function, let arguments, let type, _):
            "(\(function.rawValue) \(arguments.map(\.canonicalText).joined(separator: " "))):\(type)"
        }
    }
}

extension Literal {
    fileprivate var canonicalText: String {
        switch self {
        case .null: "NULL"
        case .boolean(let value): value ? "TRUE" : "FALSE"
        case .int(let value): "\(value)"
        case .bigint(let value): "\(value)"
        case .double(let value): "bits \(value.bitPattern)"
        case .string(let value): quoted(value)
        case .date(let days): "\(days)"
        case .timestamp(let time), .timestampMicros(let time): "\(time)"
        }
    }
}

extension WindowShape {
    fileprivate var canonicalText: String {
        "\(function.rawValue)(size=\(size) slide=\(slide) offset=\(offset))"
    }
}

extension WindowTime {
    fileprivate var canonicalText: String { column.map { "$\($0)" } ?? "processing time" }
}

extension GeneratedRows {
    fileprivate var canonicalText: String {
        let columns = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "\(rowCount.map { "\($0)" } ?? "without end") [\(columns.joined(separator: ", "))]"
    }
}

extension TopicStart {
    fileprivate var canonicalText: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .timestamp(let milliseconds): "from time \(milliseconds)"
        case .offsets(let offsets):
            "from " + offsets.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ")
        }
    }
}

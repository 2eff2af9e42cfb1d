import Columnar
import Operators

// What a query means, as a tree of relational operators over numbered columns. The binder makes it, the optimiser rewrites it,
// the physical planner makes a job graph of it. Expressions refer to their input's columns by index; names are for people.

/// A column of an operator's output.
package struct PlanColumn: Hashable, Sendable {
    package var name: String
    package var type: DataType
    package var isNullable: Bool

    package init(_ name: String, _ type: DataType, isNullable: Bool) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// Reads a table. Output: one column per `ScanColumn`, of the rows for which all predicates are TRUE; then the metadata, and
/// the rowtime, if the watermark says so.
package struct Scan: Sendable {
    package var table: TableDefinition
    package var columns: [ScanColumn]
    package var metadata: [MetadataColumn] = []
    package var predicates: [ScanPredicate]
    /// Where the table declares one; nil once the optimiser has found that no operator needs it.
    package var watermark: ScanWatermark?
    /// Where the file itself inserts into the table. It is wired then: its rows are read as they are inserted, and what is
    /// stored in it is not read.
    package var inserts: [SQLPlace] = []
}

/// How a scan's watermark follows its rows, every one of them.
package struct ScanWatermark: Hashable, Sendable {
    /// Over the scan's columns and metadata, as is `base`.
    package var rowtime: ScalarExpression
    /// The watermark is this less the delay.
    package var base: ScalarExpression
    package var delayMilliseconds: Int64
    /// The rowtime is the last column of the output, since the plan asks for what is computed anyway.
    package var isOutput = false
}

/// Keeps the rows for which the condition is TRUE.
package struct Filter: Sendable {
    package var input: LogicalPlan
    package var condition: ScalarExpression
}

package struct NamedExpression: Sendable {
    package var name: String
    package var expression: ScalarExpression
    package var isNullable: Bool
}

package struct Projection: Sendable {
    package var input: LogicalPlan
    package var items: [NamedExpression]
}

/// Output: the group columns, then one column per call; one row per group. Without group columns there is one group, which
/// begins with its first row: over no rows there is no row, unless it is asked for.
package struct Aggregation: Sendable {
    package var input: LogicalPlan
    package var groupColumns: [Int]
    package var calls: [AggregateCall]
    /// Names of the output, as long as `groupColumns` and `calls` together.
    package var names: [String]
    /// All rows are one group by the text of the query: `GROUP BY 'a'`, which has no group columns either, is none.
    package var isGlobal = false
    /// When the input has ended without a row there is a row of COUNTs of 0 and NULLs: the meaning in batch.
    package var givesRowOverNoRows = false
}

/// Rows of all inputs, which have the same types.
package struct UnionAll: Sendable {
    package var inputs: [LogicalPlan]
}

/// Writes a table. Its input has the table's physical columns, in order and type.
package struct Sink: Sendable {
    package var table: TableDefinition
    package var input: LogicalPlan
    /// Columns that are NOT NULL in the table but may be NULL in the input: a NULL that arrives fails the job.
    package var notNullColumns: [Int]
    /// Queries of the file read the table: they get the rows that it gets.
    package var isRead = false
    /// One of them needs the rowtime of those rows.
    var passesWatermark = false
}

package indirect enum LogicalPlan: Sendable {
    case scan(Scan)
    case filter(Filter)
    case project(Projection)
    case aggregate(Aggregation)
    case windows(WindowTable)
    case aggregateWindows(WindowAggregation)
    case unionAll(UnionAll)
    case sink(Sink)
}

extension LogicalPlan {
    package var inputs: [LogicalPlan] {
        switch self {
        case .scan: []
        case .filter(let filter): [filter.input]
        case .project(let projection): [projection.input]
        case .aggregate(let aggregation): [aggregation.input]
        case .windows(let windows): [windows.input]
        case .aggregateWindows(let aggregation): [aggregation.input]
        case .unionAll(let union): union.inputs
        case .sink(let sink): [sink.input]
        }
    }

    package var columns: [PlanColumn] {
        switch self {
        case .scan(let scan):
            var columns = scan.columns.map {
                PlanColumn($0.path.joined(separator: "."), $0.type, isNullable: $0.isNullable && $0.kind == .value)
            }
            columns += scan.metadata.map { PlanColumn($0.name, $0.metadata.type, isNullable: $0.isNullable) }
            guard let watermark = scan.watermark, watermark.isOutput else { return columns }
            // A NULL is a bad record.
            let name = scan.table.watermark?.column ?? ""
            return columns + [PlanColumn(name, watermark.rowtime.type, isNullable: false)]
        case .filter(let filter): return filter.input.columns
        case .project(let projection):
            return projection.items.map { PlanColumn($0.name, $0.expression.type, isNullable: $0.isNullable) }
        case .aggregate(let aggregation): return aggregation.columns
        case .windows(let windows): return windows.columns
        case .aggregateWindows(let aggregation): return aggregation.columns
        case .unionAll(let union): return union.columns
        case .sink(let sink): return sink.input.columns
        }
    }
}

extension Scan {
    var isWired: Bool { !inserts.isEmpty }
}

extension Sink {
    /// The table's PRIMARY KEY in its input.
    var keyColumns: [Int] { table.primaryKey.compactMap { table.schema.index(of: $0) } }
}

extension Aggregation {
    var columns: [PlanColumn] { PlanColumn.ofGroups(groupColumns, calls, names: names, over: input) }
}

extension PlanColumn {
    /// What a grouping operator gives: its group columns, then its calls.
    static func ofGroups(
        _ groupColumns: [Int], _ calls: [AggregateCall], names: [String], over plan: LogicalPlan
    ) -> [PlanColumn] {
        let input = plan.columns
        var columns = groupColumns.enumerated().map { position, index in
            PlanColumn(names[position], input[index].type, isNullable: input[index].isNullable)
        }
        for (position, call) in calls.enumerated() {
            let isCount = call.function == .count || call.function == .countStar
            columns.append(
                PlanColumn(names[groupColumns.count + position], call.resultType, isNullable: !isCount))
        }
        return columns
    }
}

extension UnionAll {
    var columns: [PlanColumn] {
        guard var columns = inputs.first?.columns else { return [] }
        for input in inputs.dropFirst() {
            for (index, column) in input.columns.enumerated() where column.isNullable {
                columns[index].isNullable = true
            }
        }
        return columns
    }
}

import Columnar
import Operators

/// An ad-hoc query as it is run: with batch meaning, over what is there now.
package struct ResultQuery: Sendable {
    /// Optimised. Its first columns are `fields`; behind them stands what only the order needs.
    package var plan: LogicalPlan
    /// What is shown. No two have one name.
    package var fields: [Field]
    package var order: [SortKey]
    package var limit: Int?
    package var offset: Int
    /// Where the query gives one row over everything.
    package var total: TotalOverNoRows?

    /// As many rows, of those that come first, as are wanted; nil: all must come, since which ones they are, or how they
    /// end, is known only then.
    package var enough: Int? {
        guard order.isEmpty, plan.changelog == .appendOnly, let limit else { return nil }
        let (sum, overflows) = limit.addingReportingOverflow(offset)
        return overflows ? nil : sum
    }
}

/// An aggregation of all rows gives a row over no rows too: COUNT is 0 and all else NULL. The engine, for which the input may
/// still grow, gives none.
package struct TotalOverNoRows: Sendable {
    /// What gives no row only where there were none: the aggregation itself. Nil: the query does so, since nothing is
    /// filtered behind it.
    package var aggregation: LogicalPlan?
    /// The query over the aggregation's row over no rows.
    package var query: LogicalPlan
}

extension LogicalPlan {
    /// What is there now: an input that is watched ends where it is.
    func upToNow() -> LogicalPlan {
        guard case .scan(var scan) = self else { return over(inputs.map { $0.upToNow() }) }
        if case .filesystem(var files) = scan.table.connector {
            files.monitorMilliseconds = nil
            scan.table.connector = .filesystem(files)
        }
        return .scan(scan)
    }

    /// A table that has no end even now.
    var endlessTable: TableDefinition? {
        if case .scan(let scan) = self { return scan.description(operatorID: 0).isBounded ? nil : scan.table }
        for input in inputs {
            if let found = input.endlessTable { return found }
        }
        return nil
    }

    // MARK: Aggregations of all rows

    /// At the root, under projections and filters alone.
    private var totalAggregation: Aggregation? {
        switch self {
        case .project(let projection): projection.input.totalAggregation
        case .filter(let filter): filter.input.totalAggregation
        case .aggregate(let aggregation): aggregation.groupColumns.isEmpty ? aggregation : nil
        default: nil
        }
    }

    private var filtersAggregation: Bool {
        switch self {
        case .project(let projection): projection.input.filtersAggregation
        case .filter: true
        default: false
        }
    }

    /// - Returns: nil, unless this gives one row over everything. Not yet optimised.
    var totalOverNoRows: TotalOverNoRows? {
        guard let aggregation = totalAggregation else { return nil }
        return TotalOverNoRows(
            aggregation: filtersAggregation ? .aggregate(aggregation) : nil, query: overNoRows())
    }

    private func overNoRows() -> LogicalPlan {
        guard case .aggregate(let aggregation) = self else { return over(inputs.map { $0.overNoRows() }) }
        let items = zip(aggregation.names, aggregation.calls).map { name, call in
            let isCount = call.function == .count || call.function == .countStar
            let value = isCount ? Literal.bigint(0) : .null
            return NamedExpression(name: name, expression: .literal(value, call.resultType), isNullable: !isCount)
        }
        return .project(Projection(input: .oneRow, items: items))
    }
}

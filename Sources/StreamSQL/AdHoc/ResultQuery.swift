import Columnar
import Operators

/// What a query means: `execution.runtime-mode`, as Flink calls it.
package enum RuntimeMode: Sendable {
    /// One result over what is there.
    case batch
    /// Changes of a result that is never whole.
    case streaming
}

/// An ad-hoc query as it is run.
package struct ResultQuery: Sendable {
    /// Optimised. Its first columns are the leaves of `fields`; behind them stands what only the order needs.
    package var plan: LogicalPlan
    /// What is shown. No two have one name.
    package var fields: [Field]
    package var order: [SortKey]
    package var limit: Int?
    package var offset: Int

    /// As many rows, of those that come first, as are wanted; nil: all must come, since which ones they are, or how they
    /// end, is known only then.
    package var enough: Int? {
        guard order.isEmpty, plan.changelog == .appendOnly, let limit else { return nil }
        let (sum, overflows) = limit.addingReportingOverflow(offset)
        return overflows ? nil : sum
    }

    /// Columns of the plan that are shown.
    package var width: Int { ScanColumn.leaves(of: fields).count }

    package var readsTopics: Bool { plan.readsTopics }

    /// Of a query in batch: its topics are read up to a position of the journal.
    package mutating func read(asOf position: UInt64) { plan = plan.asOf(position) }
}

extension LogicalPlan {
    /// Over what is there: an input that is watched ends where it is, and an aggregation of all rows gives its row over
    /// no rows too.
    func inBatch() -> LogicalPlan {
        switch over(inputs.map { $0.inBatch() }) {
        case .scan(var scan):
            if case .filesystem(var files) = scan.table.connector {
                files.monitorMilliseconds = nil
                scan.table.connector = .filesystem(files)
            }
            return .scan(scan)
        case .aggregate(var aggregation):
            aggregation.givesRowOverNoRows = aggregation.isGlobal
            return .aggregate(aggregation)
        case let plan: return plan
        }
    }

    /// Its topics as they were at a position of the journal.
    func asOf(_ position: UInt64) -> LogicalPlan {
        guard case .scan(var scan) = self else { return over(inputs.map { $0.asOf(position) }) }
        if case .log(var topic) = scan.table.connector {
            topic.asOf = position
            scan.table.connector = .log(topic)
        }
        return .scan(scan)
    }

    fileprivate var readsTopics: Bool {
        if case .scan(let scan) = self, case .log = scan.table.connector { return true }
        return inputs.contains { $0.readsTopics }
    }

    /// A table that has no end even now.
    var endlessTable: TableDefinition? {
        if case .scan(let scan) = self { return scan.description(operatorID: 0).isBounded ? nil : scan.table }
        for input in inputs {
            if let found = input.endlessTable { return found }
        }
        return nil
    }
}

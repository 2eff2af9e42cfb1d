import Columnar
import Dataflow
import Operators

// Quarantine as vertices: for each source table one sink, of the topic `<job>$<table>$quarantine`, which reads the side
// outputs of every vertex whose rows come from that table. Rows that come from several tables belong to the first of them.

/// Which of a job's rows go to quarantine, and under whose name.
package struct QuarantinePlan: Sendable {
    let job: String
    /// `sluice.bad-records` = 'quarantine'
    let takesBadRecords: Bool

    /// - Parameter sinks: the optimised plans of the job.
    /// - Errors: names of which no topic's name can be made.
    package init(job: String, takesBadRecords: Bool, tablesRead sinks: [LogicalPlan]) throws(JobFailure) {
        self.job = job
        self.takesBadRecords = takesBadRecords
        let tables = sinks.flatMap(\.tablesRead)
        guard takesBadRecords || tables.contains(where: \.quarantinesLateRows) else { return }
        for table in tables {
            let name = QuarantineTopic.name(job: job, table: table.name)
            guard let problem = Topic.problem(withName: name) else { continue }
            throw JobFailure(
                .conflict, "the quarantine of table \"\(table.name)\" cannot be topic \"\(name)\": \(problem)",
                hint: "another name of the job: SET 'pipeline.name'; or of the table")
        }
    }

    func sink(of table: String, operatorID: UInt32) -> TopicSinkDescription {
        var sink = TopicSinkDescription(
            operatorID: operatorID, table: "quarantine of \(table)",
            topic: QuarantineTopic.name(job: job, table: table),
            fields: QuarantineTopic.fields)
        sink.isOfSideOutput = true
        return sink
    }
}

extension JobDefinition {
    /// What runs, under this name of the job.
    /// - Errors: names of which no topic's name can be made.
    package func graph(job: String) throws(JobFailure) -> JobGraph {
        JobPlanner.plan(
            sinks,
            quarantine: try QuarantinePlan(
                job: job, takesBadRecords: settings.badRecords == .quarantine, tablesRead: sinks))
    }
}

extension LogicalPlan {
    /// Source tables, in the order of the plan.
    var tablesRead: [TableDefinition] {
        if case .scan(let scan) = self { return [scan.table] }
        return inputs.flatMap(\.tablesRead)
    }

    /// The columns, for people: a name that is written in quotes is without them.
    var fields: [Field] {
        columns.map { column in
            let isQuoted = column.name.hasPrefix("`") && column.name.dropFirst().firstIndex(of: "`") != nil
            let inside = column.name.dropFirst().dropLast()
            let name = isQuoted && !inside.contains("`") ? String(inside) : column.name
            return Field(name, column.type, isNullable: column.isNullable)
        }
    }
}

import Columnar
import CommitLog
import Dataflow
import Operators

/// An output of two versions, as each had it when it stood at the cut.
package struct OutputRows {
    package let name: String
    let columns: OutputColumns
    let old: Topic
    let oldEnds: [UInt64]
    let new: Topic
    let newEnds: [UInt64]
    let log: CommitLogAccess

    /// Leaves of these are the rows' columns.
    package var fields: [Field] { columns.fields }
    package var key: [String] { columns.key }
    package var isKeyed: Bool { columns.isKeyed }
    /// Names of columns of one version alone.
    package var addedColumns: [String] { columns.added }
    package var removedColumns: [String] { columns.removed }

    /// - Returns: nil: one of the versions does not write it.
    /// - Errors: `conflict` where a topic is gone, or is not what the cut says, or the two cannot be compared.
    package init?(_ output: AuditCut.Output, in state: JournalState, _ log: CommitLogAccess) throws(JobFailure) {
        guard let oldTopic = output.old, let newTopic = output.new else { return nil }
        name = output.name
        old = try Self.topic(oldTopic, in: state)
        new = try Self.topic(newTopic, in: state)
        (oldEnds, newEnds) = (oldTopic.ends, newTopic.ends)
        columns = try OutputColumns(output.name, old: old, new: new)
        self.log = log
    }

    private static func topic(_ cut: AuditCut.OutputTopic, in state: JournalState) throws(JobFailure) -> Topic {
        let topic = try Topic.existing(cut.topic, in: state)
        let isThere =
            !topic.isName && cut.ends.count == topic.partitions.count
            && zip(cut.ends, topic.partitions).allSatisfy { $0 <= $1.publishedEnd }
        if isThere { return topic }
        throw JobFailure(
            .conflict, "topic \"\(cut.topic)\" does not reach up to the cut",
            detail: "the cut has it end at \(cut.ends), it is published up to \(topic.partitions.map(\.publishedEnd))",
            hint: "is this the data directory of the server that named the cut?")
    }

    /// Memory that did not suffice, with what it was for.
    func failing<Result>(_ body: () throws(JobFailure) -> Result) throws(JobFailure) -> Result {
        do throws(JobFailure) {
            return try body()
        } catch {
            guard error.kind == .memory else { throw error }
            throw JobFailure(
                .memory, "the rows of output \"\(name)\" of both versions do not fit in memory",
                detail: error.detail ?? error.message, hint: "give it more: --memory")
        }
    }
}

/// Takes what a comparison of an output finds.
package protocol OutputObserver: AnyObject {
    /// All rows of a version, some at a time, with the output's leaves.
    func take(_ rows: Batch, ofNew: Bool) throws(JobFailure)
    func take(_ rows: DifferentRows) throws(JobFailure)
}

/// How many rows there are of each kind.
package struct RowCounts: Equatable, Sendable {
    package var old = 0
    package var new = 0
    /// In both, and alike; `near` of them differ by less than is tolerated.
    package var equal = 0
    package var near = 0
    package var changed = 0
    package var onlyOld = 0
    package var onlyNew = 0

    package init() {}

    package var different: Int { changed + onlyOld + onlyNew }

    mutating func add(_ rows: DifferentRows) {
        switch rows {
        case .changed: changed += rows.rowCount
        case .onlyOld: onlyOld += rows.rowCount
        case .onlyNew: onlyNew += rows.rowCount
        }
    }
}

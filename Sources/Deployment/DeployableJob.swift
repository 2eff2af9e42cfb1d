import Dataflow
import Operators
import StreamSQL

/// What a job reads and writes, where both are topics only: a version that replays beside another one may have no effect that
/// is seen outside.
package struct DeployableJob {
    package let sources: [TopicSourceDescription]
    package let sinks: [TopicSinkDescription]

    /// - Parameter definition: what the graph was made of: with it a refusal has the jobs that copy from and to the outside.
    /// - Errors: `conflict` for inputs and outputs that are no topics, by their tables.
    package init(_ name: String, _ graph: JobGraph, of definition: JobDefinition? = nil) throws(JobFailure) {
        if let definition { try Self.checkTables(name, definition) }
        var sources: [TopicSourceDescription] = []
        for source in graph.sources {
            guard let topic = source as? TopicSourceDescription else {
                throw Self.outside(
                    name, "reads table \"\(source.table)\", which is not a topic",
                    hint:
                        "copy it into a topic with a job of its own, which runs beside: INSERT INTO topic_table SELECT * "
                        + "FROM \(source.table)")
            }
            guard !topic.isBounded else {
                throw Self.outside(
                    name, "reads table \"\(topic.table)\" with an end",
                    hint: "leave out 'scan.bounded.mode': a deployed job goes on; 'sluice run' does what is there")
            }
            sources.append(topic)
        }
        var sinks: [TopicSinkDescription] = []
        for link in graph.vertices.flatMap(\.links) {
            if let topic = link as? TopicSinkDescription {
                sinks.append(topic)
            } else if let sink = link as? any SinkDescription {
                throw Self.outside(
                    name, "writes table \"\(sink.table)\", which is not a topic",
                    hint:
                        "write to a topic, and copy that with a job of its own, which runs beside: INSERT INTO "
                        + "\(sink.table) SELECT * FROM topic_table")
            }
        }
        self.sources = sources
        self.sinks = sinks
    }

    private static func checkTables(_ name: String, _ definition: JobDefinition) throws(JobFailure) {
        let tables = definition.outsideTables
        guard !tables.isEmpty else { return }
        let what = tables.map { ($0.use == .read ? "reads" : "writes") + " table \"\($0.name)\"" }
        throw outside(
            name, what.joined(separator: ", ") + ", which " + (tables.count == 1 ? "is not a topic" : "are not topics"),
            hint: copyJobs(tables, besides: definition.file))
    }

    /// The files that make the job deployable, ready to use.
    private static func copyJobs(_ tables: [OutsideTable], besides file: String) -> String {
        var text =
            "jobs of their own copy what is outside, and run beside it: save each, and start it with 'sluice run'\n"
        for table in tables {
            let (suffix, direction) = table.use == .read ? ("in", "into") : ("out", "from")
            text += "\n-- \(table.name)-\(suffix).sql: \(direction) topic \"\(table.name)\"\n" + table.copyJob
        }
        text += "\n-- in '\(file)' the tables become\n" + tables.map(\.declaration).joined()
        return String(text.dropLast())
    }

    private static func outside(_ name: String, _ what: String, hint: String) -> JobFailure {
        JobFailure(
            .conflict, "job \"\(name)\" cannot be deployed: it \(what)",
            detail: "a deployed job reads and writes topics only, so that a new version may run beside the live one",
            hint: hint)
    }
}

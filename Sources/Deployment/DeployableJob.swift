import Dataflow
import Operators

/// What a job reads and writes, where both are topics only: a version that replays beside another one may have no effect that
/// is seen outside.
package struct DeployableJob {
    package let sources: [TopicSourceDescription]
    package let sinks: [TopicSinkDescription]

    /// - Errors: `conflict` for an input or an output that is no topic, by its table.
    package init(_ name: String, _ graph: JobGraph) throws(JobFailure) {
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

    private static func outside(_ name: String, _ what: String, hint: String) -> JobFailure {
        JobFailure(
            .conflict, "job \"\(name)\" cannot be deployed: it \(what)",
            detail: "a deployed job reads and writes topics only, so that a new version may run beside the live one",
            hint: hint)
    }
}

import ArgumentParser
import Columnar
import CommitLog
import Dataflow
import Operators

struct TopicConsumeCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "consume", abstract: "Read a topic's rows as JSON lines, and follow it.",
        discussion: """
            Begins with what comes next, as Kafka's consumer does; --from-beginning: with all there is. Rows of a topic with a
            key are changes: {"op":"+U","row":{…}}. What a deployed job publishes is followed through switches of its versions;
            one version alone is revenue@2, revenue@live, revenue@candidate or revenue@previous.

            Example: sluice topic consume clicks --from-beginning -n 10
            """)

    @Argument(help: "The topic's name.")
    var name: String

    @Flag(help: "Begin with the first row that is kept.")
    var fromBeginning = false

    @Option(name: .shortAndLong, help: "Where to begin in each partition: start, end, or an offset.")
    var offset: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Only this partition; may be given again.", valueName: "number"))
    var partition: [Int] = []

    @Option(name: .customShort("n"), help: ArgumentHelp("Stop after so many rows.", valueName: "count"))
    var count: Int?

    @Flag(help: "Stop at the end of what is there.")
    var untilEnd = false

    @Option(help: ArgumentHelp("Only these columns, with commas between them.", valueName: "columns"))
    var columns: String?

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json: how errors are shown") var output = OutputFormat.text

    private static let pieceBytes = 1 << 16

    func validate() throws {
        if fromBeginning, offset != nil { throw ValidationError("name either --from-beginning or -o") }
        if let count, count < 0 { throw ValidationError("-n is not negative") }
        if let offset, !["start", "end"].contains(offset), UInt64(offset) == nil {
            throw ValidationError("-o is start, end, or an offset, not '\(offset)'")
        }
    }

    func perform() throws(ToolFailure) {
        try onTopics { (log) throws(JobFailure) in
            let names = columns?.split(separator: ",").map { $0.trimmingBlanks }
            let consumer = try TopicConsumer(name, columns: names, in: log)
            try seek(consumer)
            try read(consumer)
        }
    }

    private func seek(_ consumer: TopicConsumer) throws(JobFailure) {
        let there = consumer.topic.partitions.indices
        if let missing = partition.first(where: { !there.contains($0) }) {
            throw JobFailure(
                .conflict, "topic \"\(name)\" has no partition \(missing)",
                detail: "its partitions are 0 to \(there.count - 1)")
        }
        switch fromBeginning ? "start" : offset ?? "end" {
        case "start": break
        case "end": consumer.seekToEnd()
        case let text: for number in there { consumer.seek(number, to: UInt64(text) ?? 0) }
        }
    }

    private func read(_ consumer: TopicConsumer) throws(JobFailure) {
        let wanted = Set(partition)
        let writer = Self.writer(consumer)
        var left = count ?? .max
        var out: [UInt8] = []
        while left > 0 {
            guard let rows = try consumer.next() else {
                Self.flush(&out, above: 0)
                if untilEnd { return }
                _ = try consumer.wait(timeoutMilliseconds: nil)
                continue
            }
            guard wanted.isEmpty || wanted.contains(rows.partition) else { continue }
            let taken = min(left, rows.batch.rowCount)
            var batch = rows.batch
            if taken < batch.rowCount { batch.selection = Array(0..<Int32(taken)) }
            writer.write(batch, to: &out)
            left -= taken
            Self.flush(&out, above: Self.pieceBytes)
        }
        Self.flush(&out, above: 0)
    }

    /// Of a topic with a key, with what happened to each row.
    private static func writer(_ consumer: TopicConsumer) -> any RowWriter {
        let fields = consumer.fields
        return consumer.topic.schema.isKeyed ? ChangeJSONWriter(fields: fields) : JSONRowWriter(fields: fields)
    }

    private static func flush(_ out: inout [UInt8], above bytes: Int) {
        guard out.count > bytes else { return }
        StandardStreams.output(out)
        out.removeAll(keepingCapacity: true)
    }
}

extension Swift.Substring {
    fileprivate var trimmingBlanks: String {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

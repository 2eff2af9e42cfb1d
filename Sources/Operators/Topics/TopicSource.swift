import Columnar
import Dataflow
import HostSystem

/// The `log` connector as a source: the partitions of a topic, each from where it was left. What the parallel subtasks share
/// is a `TopicInput`.
package struct TopicSourceDescription: SourceDescription {
    package var operatorID: UInt32
    package var table: String
    package var topic: String
    /// What is read of the rows; behind it the source gives `metadata`.
    package var columns: [ScanColumn]
    package var metadata: [TopicMetadata]
    /// All columns that the table has: they are to fit the topic's, whether or not they are read.
    package var fields: [Field]
    /// The table's PRIMARY KEY. With one, the rows are a changelog, and every partition is read by one subtask.
    package var key: [String]
    /// None where there is a watermark: every row counts for it, before any filter. None of a changelog.
    package var predicates: [ScanPredicate]
    /// Over `columns` and `metadata`.
    package var watermark: WatermarkStrategy?
    package var start: TopicStart
    /// `scan.bounded.mode` = `latest-offset`: what is there when the job starts for the first time.
    package var isBounded: Bool
    /// Of a bounded source: the journal's position that it ends at, whenever it starts; nil: the journal's end then.
    package var asOf: UInt64?
    /// Of a bounded source: by partition, the offset that it ends at, if it comes to it; nil: none of its own.
    package var ends: [UInt64]?
    /// Somebody asks for the rows' processing time: where the job runs on the journal's time, they have it.
    package var isTimed = false
    /// Of a split: some frames.
    package var rowsPerSplit: Int64 = 4 * Int64(TopicFrame.mostRows)

    package init(
        operatorID: UInt32, table: String, topic: String, columns: [ScanColumn], metadata: [TopicMetadata] = [],
        fields: [Field], key: [String] = [], predicates: [ScanPredicate] = [], watermark: WatermarkStrategy? = nil,
        start: TopicStart = .earliest, isBounded: Bool = false, asOf: UInt64? = nil,
        ends: [UInt64]? = nil
    ) {
        precondition(asOf == nil && ends == nil || isBounded, "what is read as of a position ends there")
        precondition(watermark == nil || predicates.isEmpty, "every row counts for the watermark")
        precondition(key.isEmpty || predicates.isEmpty, "changes are filtered by who knows what they are")
        self.operatorID = operatorID
        self.table = table
        self.topic = topic
        self.columns = columns
        self.metadata = metadata
        self.fields = fields
        self.key = key
        self.predicates = predicates
        self.watermark = watermark
        self.start = start
        self.isBounded = isBounded
        self.asOf = asOf
        self.ends = ends
    }

    package func makeInput(_ context: LinkContext) throws(JobFailure) -> any SourceInput {
        try TopicInput(self, context)
    }

    package func unread(
        since position: [UInt8], files _: any FileSystem, log: CommitLogAccess?
    ) throws(JobFailure) -> [UnreadInput] {
        // Inputs may be taken away once they are read.
        guard let log else { return [] }
        let state = try log.settled()
        let known = try TopicPosition(position, table: table).topic
        guard Topic.isThere(topic, in: state, known: known) else { return [] }
        let topic = try Topic.toRead(topic, in: state, known: known)
        let place = try TopicPosition(decoding: position, of: topic, table: table)
        let rows = zip(topic.partitions, place.partitions).reduce(0) { sum, pair in
            let read = pair.1.base &+ UInt64(clamping: pair.1.progress.length)
            let from = max(read, pair.0.firstKept)
            return sum + (pair.0.publishedEnd > from ? Int(clamping: pair.0.publishedEnd - from) : 0)
        }
        return rows > 0 ? [.topic(name: topic.name, rows: rows)] : []
    }

    package func checkInputs(files _: any FileSystem) throws(JobFailure) {}
}

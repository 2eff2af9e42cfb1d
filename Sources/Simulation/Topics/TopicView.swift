import Columnar
import CommitLog
import Operators

/// What one reader has seen of a topic.
struct TopicView: CustomStringConvertible {
    let reader: String
    let topic: TopicID
    /// From the first row of the topic on.
    let isWhole: Bool
    /// Of each partition.
    var next: [UInt64]
    /// Publishes all of whose rows were seen.
    private(set) var finished: Set<Int> = []
    /// Those of which some were, and how many.
    private(set) var unfinished: [Int: Int] = [:]
    /// The records of each idempotent producer.
    private(set) var records: [String: Set<UInt64>] = [:]
    private var lastRecords: [String: UInt64] = [:]
    private var lastRows: [Int: TopicRow] = [:]

    init(_ consumer: TopicConsumer, reader: String) {
        self.reader = reader
        topic = consumer.topic.id
        next = consumer.positions
        isWhole = next.allSatisfy { $0 == 0 }
    }

    var description: String { "\(reader) in topic \(topic)" }

    /// - Returns: what is wrong.
    mutating func count(_ row: TopicRow, _ publish: TopicTruth.Publish, partition: Int) -> String? {
        if let last = lastRows[partition], last.publish == row.publish, last.place >= row.place {
            return "\(row) follows \(last)"
        }
        lastRows[partition] = row
        let seen = (unfinished[row.publish] ?? 0) + 1
        if seen == publish.rows {
            unfinished[row.publish] = nil
            finished.insert(row.publish)
        } else {
            unfinished[row.publish] = seen
        }
        guard let producer = publish.producer else { return nil }
        guard records[producer, default: []].insert(row.record).inserted else {
            return "record \(row.record) of \(producer) stands twice"
        }
        let key = "\(producer) \(partition)"
        if let last = lastRecords[key], last >= row.record {
            return "record \(row.record) of \(producer) follows record \(last)"
        }
        lastRecords[key] = row.record
        return nil
    }

    /// What tells rows apart.
    static func keyColumns(_ batch: Batch, _ names: [String]) -> (publish: [Int64], place: [Int64], record: [Int64])? {
        let found = ["publish", "place", "record"].map { name -> [Int64]? in
            guard let index = names.firstIndex(of: name), case .bigint(let column) = batch.columns[index] else {
                return nil
            }
            return column.values
        }
        guard let publish = found[0], let place = found[1], let record = found[2] else { return nil }
        return (publish, place, record)
    }
}

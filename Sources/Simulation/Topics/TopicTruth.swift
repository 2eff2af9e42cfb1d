// What was published, and what anybody has been shown of it. It stands for ever:
//
//  - a row has one place, and a place one row, for every reader;
//  - a reader goes on where it was: it leaves nothing out;
//  - what it is shown was published: all rows of a publish or none, and none whose publish was refused;
//  - what a publish has returned for is there, whenever somebody looks afterwards;
//  - of an idempotent producer each record is there once, in order, up to the one that the journal names.

import Columnar
import CommitLog
import HostSystem
import Operators

/// `@unchecked Sendable`: touched by who has the turn (`SimulatedProcesses`).
final class TopicTruth: SimulationTruth, @unchecked Sendable {
    enum Outcome {
        /// Appended to, and not handed to the journal.
        case open
        /// Nobody knows, or not yet.
        case underWay
        case acknowledged, refused
    }

    struct Publish {
        var topic: TopicID
        var producer: String?
        /// What its rows have.
        var columns: Set<String>
        var rows: Int
        var outcome = Outcome.open
    }

    private struct Place: Hashable {
        var partition: TopicPartition
        var offset: UInt64
    }

    private(set) var publishes: [Publish] = []
    /// Numbers of publishes, as they were acknowledged.
    private var acknowledged: [Int] = []
    private var rows: [Place: TopicRow] = [:]
    private var places: [TopicRow: Place] = [:]
    /// Names of topics that somebody deletes, or has deleted.
    private(set) var mortal: Set<String> = []
    /// Names of topics whose first rows somebody gives up.
    private(set) var shortened: Set<String> = []
    /// By name: a topic that was made for certain.
    private(set) var created: [String: TopicID] = [:]
    /// By producer and topic: the number of the last record that it was told it had published.
    private(set) var told: [String: UInt64] = [:]
    private(set) var lie: String?

    func lie(_ text: String) { lie = lie ?? text }

    // MARK: Publishing

    /// - Returns: its number.
    func begin(_ topic: Topic, producer: String?, columns: [Field]) -> Int {
        publishes.append(Publish(topic: topic.id, producer: producer, columns: Set(columns.map(\.name)), rows: 0))
        return publishes.count - 1
    }

    func add(rows: Int, to publish: Int) { publishes[publish].rows += rows }
    func handOver(_ publish: Int) { publishes[publish].outcome = .underWay }
    func refused(_ publish: Int) { publishes[publish].outcome = .refused }

    func acknowledge(_ publish: Int, last: UInt64?) {
        publishes[publish].outcome = .acknowledged
        acknowledged.append(publish)
        guard let last, let producer = publishes[publish].producer else { return }
        let key = "\(producer) in \(publishes[publish].topic)"
        // Who was stopped may hear of it late.
        told[key] = max(last, told[key] ?? 0)
    }

    /// A producer of this name is told how far it has come.
    /// - Parameter before: `told`, when it began to ask.
    func begins(_ producer: String, in topic: TopicID, after last: UInt64?, told before: [String: UInt64]) {
        let key = "\(producer) in \(topic)"
        if let known = before[key], known > last ?? 0 {
            lie("\(key) goes on after record \(last ?? 0), and has published up to record \(known)")
        }
    }

    /// How many publishes have been acknowledged.
    var acknowledgedCount: Int { acknowledged.count }

    func made(_ topic: Topic) { created[topic.name] = topic.id }

    func deleting(_ name: String) {
        mortal.insert(name)
        created[name] = nil
    }

    func dropping(_ name: String) { shortened.insert(name) }

    // MARK: Reading

    /// Rows that a reader is shown.
    func see(_ shown: TopicConsumer.Rows, _ names: [String], by view: inout TopicView) {
        let start = view.next[shown.partition]
        guard shown.offsets.lowerBound == start, shown.batch.rowCount == shown.offsets.count else {
            return lie("\(view) is at offset \(start), and is shown \(shown.offsets): \(shown.batch.rowCount) rows")
        }
        view.next[shown.partition] = shown.offsets.upperBound
        guard let columns = TopicView.keyColumns(shown.batch, names) else { return lie("rows without their columns") }
        let partition = TopicPartition(topic: view.topic, partition: UInt32(shown.partition))
        for index in 0..<shown.batch.rowCount {
            let row = TopicRow(
                publish: Int(columns.publish[index]), place: Int(columns.place[index]),
                record: UInt64(columns.record[index]))
            guard publishes.indices.contains(row.publish) else { return lie("\(row) was never published") }
            if let mistake = row.mistake(in: shown.batch, at: index, names, written: publishes[row.publish].columns) {
                return lie(mistake)
            }
            see(row, at: Place(partition: partition, offset: start + UInt64(index)), by: &view)
        }
    }

    private func see(_ row: TopicRow, at place: Place, by view: inout TopicView) {
        if let known = rows[place], known != row { return lie("at \(place) stands \(row), and has stood \(known)") }
        if let known = places[row], known != place { return lie("\(row) stands at \(place) and at \(known)") }
        rows[place] = row
        places[row] = place
        let publish = publishes[row.publish]
        guard publish.topic == place.partition.topic else { return lie("\(row) stands in another topic, at \(place)") }
        switch publish.outcome {
        case .open: lie("\(row) is shown, and its publish has not begun")
        case .refused: lie("\(row) is shown, and its publish was refused")
        case .underWay, .acknowledged: break
        }
        if let mistake = view.count(row, publish, partition: Int(place.partition.partition)) { lie(mistake) }
    }

    /// A reader has come to the end of what it knows to be published.
    /// - Parameter before: so many publishes had been acknowledged when it last looked for more.
    func end(_ view: TopicView, acknowledgedBefore before: Int) {
        guard view.isWhole else { return }
        for (number, rows) in view.unfinished where rows != publishes[number].rows {
            return lie("of publish \(number) are \(rows) rows there, and not all \(publishes[number].rows)")
        }
        for (producer, records) in view.records where records.max() != UInt64(records.count) {
            return lie("of \(producer) are \(records.count) records there, up to record \(records.max() ?? 0)")
        }
        for number in acknowledged[..<before] where publishes[number].topic == view.topic {
            guard publishes[number].rows == 0 || view.finished.contains(number) || view.unfinished[number] != nil else {
                return lie("\(view) does not see publish \(number), which was acknowledged before")
            }
        }
    }

    /// In the end, when all of a topic was read: each idempotent producer has published the beginning of its input.
    func checkProducers(_ view: TopicView, _ state: TopicState) {
        let lastRecords = state.lastRecords
        for (producer, records) in view.records.sorted(by: { $0.key < $1.key }) {
            let last = lastRecords[producer] ?? 0
            guard records.max() == last else {
                return lie("\(producer) ends with record \(records.max() ?? 0), and the journal says \(last)")
            }
        }
        for (producer, last) in lastRecords where last > 0 && view.records[producer] == nil {
            lie("of \(producer) is no record there, and the journal says \(last)")
        }
    }
}

import CommitLog
import HostSystem
import Simulation
import Testing

/// The entries that speak of topics, and their conditions.
@Suite struct JournalTopicsTests {
    private let machine = JournalMachine()
    private let id = TopicID(high: 5, low: 6)

    private func create(_ name: String = "clicks", id: TopicID? = nil, partitions: UInt32 = 2) -> JournalEntry.Body {
        .topicCreated(
            TopicDescription(id: id ?? self.id, name: name, partitions: partitions, schema: [7], options: [8, 9]))
    }

    private func rows(_ partition: UInt32, _ start: UInt64, _ end: UInt64) -> OffsetRange {
        OffsetRange(partition: TopicPartition(topic: id, partition: partition), start: start, end: end)
    }

    private func refusal(_ journal: Journal, _ body: JournalEntry.Body) -> JournalRefusal? {
        do throws(JournalError) {
            _ = try journal.append(body)
        } catch .refused(let refusal) {
            return refusal
        } catch {
            Issue.record("\(error)")
        }
        return nil
    }

    @Test func aTopicHasItsRowsSchemasAndProducers() throws {
        let journal = try machine.open()
        let created = try journal.append(create())
        _ = try journal.append(.schemaAdded(id, schemaID: 1, schema: [7, 7]))
        _ = try journal.append(
            .published(
                [rows(0, 0, 10), rows(1, 0, 3)], producer: ProducerMark(id: "p", topic: id, after: nil, last: 13)))
        _ = try journal.append(
            .checkpoint(
                job: "job", run: machine.run, CommittedCheckpoint(number: 0, recordChecksum: 1),
                published: [rows(0, 10, 11)]))
        _ = try journal.append(.retentionMoved([rows(0, 0, 4)]))
        _ = try journal.append(.tick)
        let state = try machine.open().settle()
        let topic = try #require(state.topic(named: "clicks"))
        #expect(topic.id == id && topic.created == created)
        #expect(topic.schemas == [[7], [7, 7]] && topic.description.options == [8, 9])
        #expect(topic.partitions.map(\.publishedEnd) == [11, 3] && topic.partitions.map(\.firstKept) == [4, 0])
        #expect(state.lastRecord(of: "p", in: id) == 13 && state.lastRecord(of: "q", in: id) == nil)
        #expect(state.end == 6 && state.last?.sequence == 5)
        _ = try journal.append(.topicDeleted(id))
        _ = try journal.append(create(id: TopicID(high: 1, low: 1)))
        #expect(try journal.settle().topic(named: "clicks")?.partitions.map(\.publishedEnd) == [0, 0])
    }

    @Test func everyEntryHasItsCondition() throws {
        let journal = try machine.open()
        let refused = { body in refusal(journal, body) }
        #expect(refused(.published([rows(0, 0, 1)])) == .noTopic(id))
        #expect(refused(.topicDeleted(id)) == .noTopic(id))
        #expect(refused(.schemaAdded(id, schemaID: 1, schema: [])) == .noTopic(id))
        for name in ["", ".", "..", "a/b", "a\0b", String(repeating: "n", count: 250)] {
            guard case .topicName? = refused(create(name)) else {
                Issue.record("\(name) is taken for a name")
                return
            }
        }
        #expect(refused(create(partitions: 0)) == .partitionCount(0))
        #expect(refused(create(partitions: .max)) == .partitionCount(.max))
        _ = try journal.append(create())
        #expect(refused(create(id: TopicID(high: 0, low: 0))) == .topicExists("clicks", id))
        #expect(refused(create("other")) == .topicIsNotNew(id, name: "clicks"))
        #expect(
            refused(.schemaAdded(id, schemaID: 2, schema: []))
                == .schemaOutOfOrder(topic: "clicks", next: 1, schemaID: 2))
        _ = try journal.append(
            .published([rows(0, 0, 5)], producer: ProducerMark(id: "p", topic: id, after: nil, last: 4)))
        let behind = rows(0, 4, 6)
        #expect(
            refused(.published([behind])) == .notAtPublishedEnd(topic: "clicks", range: behind, publishedEnd: 5))
        #expect(refused(.published([rows(0, 5, 5)])) == .impossibleRange(rows(0, 5, 5)))
        #expect(refused(.published([rows(0, 5, .max)])) == .impossibleRange(rows(0, 5, .max)))
        #expect(refused(.published([rows(2, 0, 1)])) == .noPartition(topic: "clicks", partition: 2, partitions: 2))
        #expect(
            refused(.published([rows(0, 5, 6), rows(0, 6, 7)]))
                == .partitionTwice(TopicPartition(topic: id, partition: 0)))
        #expect(refused(.published([])) == .nothingPublished)
        #expect(
            refused(.published([rows(0, 5, 6)], producer: ProducerMark(id: "p", topic: id, after: 4, last: 4)))
                == .producerBehind(producer: "p", topic: "clicks", last: 4, after: 4))
        // Another process has published under the name.
        #expect(
            refused(.published([rows(0, 5, 6)], producer: ProducerMark(id: "p", topic: id, after: 3, last: 9)))
                == .producerBehind(producer: "p", topic: "clicks", last: 4, after: 3))
        #expect(
            refused(.published([rows(0, 5, 6)], producer: ProducerMark(id: "p", topic: id, after: nil, last: 9)))
                == .producerBehind(producer: "p", topic: "clicks", last: 4, after: nil))
        #expect(
            refused(.published([rows(0, 5, 6)], producer: ProducerMark(id: "q", topic: id, after: 3, last: 9)))
                == .producerBehind(producer: "q", topic: "clicks", last: nil, after: 3))
        #expect(
            refused(.published([], producer: ProducerMark(id: "", topic: id, after: nil, last: 4)))
                == .producerName(bytes: 0))
        #expect(
            refused(.retentionMoved([rows(0, 0, 6)]))
                == .notKept(topic: "clicks", range: rows(0, 0, 6), kept: 0, publishedEnd: 5))
        #expect(
            refused(
                .topicCreated(
                    TopicDescription(
                        id: TopicID(high: 0, low: 1), name: "large", partitions: 1,
                        schema: [UInt8](repeating: 0, count: 1 << 20), options: [])))
                == .entryTooLarge(bytes: (1 << 20) + 71))
        #expect(try journal.settle().end == 2)
    }

    @Test func anEntryThatIsRefusedForOnePartitionPublishesInNone() throws {
        let journal = try machine.open()
        _ = try journal.append(create())
        #expect(refusal(journal, .published([rows(0, 0, 5), rows(1, 1, 2)])) != nil)
        #expect(try journal.settle().topic(named: "clicks")?.partitions.map(\.publishedEnd) == [0, 0])
    }

    @Test func theHeadOfANewFileHoldsTheTopics() throws {
        let journal = try machine.open(rollBytes: 300)
        _ = try journal.append(create())
        for i in 0..<20 as Range<UInt64> {
            _ = try journal.append(
                .published(
                    [rows(1, i, i + 1)],
                    producer: ProducerMark(id: "p", topic: id, after: i == 0 ? nil : i - 1, last: i)))
        }
        let files = machine.disk.start()
        let names = try files.list(JournalMachine.directory).filter { $0.hasSuffix(".journal") }.sorted()
        #expect(names.count > 3)
        let state = try journal.settle()
        for name in names.dropLast() { try files.remove(JournalMachine.directory + "/" + name) }
        #expect(try machine.open().settle() == state)
        #expect(state.topic(named: "clicks")?.partitions.map(\.publishedEnd) == [0, 20])
    }

    /// By the journal's time, wherever it is read from.
    @Test func aProducerIsForgottenAfterSevenDays() throws {
        let journal = try machine.open()
        _ = try journal.append(create())
        _ = try journal.append(
            .published([rows(0, 0, 5)], producer: ProducerMark(id: "p", topic: id, after: nil, last: 9)))
        machine.time.advance(milliseconds: TopicState.producerMilliseconds)
        // Time has not passed before an entry says so, and then it is just not long enough.
        #expect(try journal.settle().lastRecord(of: "p", in: id) == 9)
        let again = JournalEntry.Body.published(
            [rows(0, 5, 6)], producer: ProducerMark(id: "p", topic: id, after: nil, last: 1))
        _ = try journal.append(.tick)
        #expect(
            refusal(journal, again) == .producerBehind(producer: "p", topic: "clicks", last: 9, after: nil))
        machine.time.advance(milliseconds: 1)
        _ = try journal.append(.tick)
        #expect(try journal.settle().lastRecord(of: "p", in: id) == nil)
        _ = try journal.append(again)
        #expect(try journal.settle().lastRecord(of: "p", in: id) == 1)
        machine.time.advance(milliseconds: TopicState.producerMilliseconds + 1)
        _ = try journal.append(.tick)
        // The head of the next file does not have it.
        let rolled = try machine.open(rollBytes: 1)
        _ = try rolled.append(.tick)
        #expect(try rolled.settle().lastRecord(of: "p", in: id) == nil)
        #expect(try rolled.settle() == machine.open().settle())
    }
}

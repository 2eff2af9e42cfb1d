import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import TestSupport
import Testing

/// What users may do with the topics of a deployed job, and how they name them.
@Suite struct DeployedTopicTests {
    private static func inserts(_ ids: Range<Int>) -> [(cells: [Cell], kind: RowKind)] {
        ids.map { ([.bigint(Int64($0)), .bigint(0), .null], .insert) }
    }

    /// Versions 1 and 2, the second one live, with ten rows each; of the first one the name has six.
    private static func switched() throws -> DeployedJobRun {
        let job = try DeployedJobRun()
        for _ in 0..<2 { try job.commit(try job.deploy()) }
        for number in UInt32(1)...2 {
            try job.append(inserts(Int(number) * 100..<Int(number) * 100 + 10), to: number)
            try job.commit(number, [6])
        }
        try job.makeLive(2, difference: inserts(900..<903))
        for number in UInt32(1)...2 { try job.commit(number) }
        return job
    }

    private func failure(_ body: () throws -> Void) throws -> JobFailure? {
        do {
            try body()
            return nil
        } catch let error as JobFailure {
            return error
        }
    }

    private func meaning(_ name: String, _ job: DeployedJobRun) throws -> String {
        try Topic.toRead(name, in: job.log.settled()).name
    }

    // MARK: Names

    @Test func rolesAreThoseOfTheJournal() throws {
        let job = try Self.switched()
        #expect(try meaning("revenue", job) == "revenue")
        #expect(try meaning("revenue@1", job) == "revenue@1")
        #expect(try meaning("revenue@live", job) == "revenue@2")
        #expect(try meaning("revenue@previous", job) == "revenue@1")
        let none = try failure { _ = try meaning("revenue@candidate", job) }
        #expect(none?.message == "topic \"revenue\" has no candidate version")
        #expect(none?.detail == "its versions are revenue@1 (previous), revenue@2 (live)")
        try job.deploy()
        #expect(try meaning("revenue@candidate", job) == "revenue@3")
        let wrong = try failure { _ = try meaning("revenue@7", job) }
        #expect(wrong?.message == "topic \"revenue\" has no version 7")
        #expect(wrong?.detail?.contains("revenue@3 (candidate)") == true)
        #expect(try failure { _ = try meaning("input@live", job) }?.message == "topic \"input@live\" does not exist")
        try job.log.append(.retired(VersionName("orders", 3)))
        #expect(
            try failure { _ = try meaning("revenue@candidate", job) }?.detail?.contains("revenue@3 (retired)") == true)
        #expect(VersionTopic(dollar: "revenue$v7")?.description == "revenue@7")
        #expect(VersionTopic(dollar: "revenue$live")?.description == "revenue@live")
        for text in ["revenue$7x", "$live", "revenue$", "revenue$v", "revenue", "revenue$lively"] {
            #expect(VersionTopic(dollar: text) == nil)
        }
    }

    /// A role is looked up once: whoever goes on stays with what it has read.
    @Test func aJobThatReadsARoleStaysWithItsTopic() throws {
        let job = try Self.switched()
        let source = job.source(isBounded: false, topic: "revenue@live")
        let position = try job.topics.read(source).position
        try job.makeLive(1, difference: nil)
        try job.append(Self.inserts(300..<304), to: 2)
        #expect(try source.unread(since: position, files: job.topics.files, log: job.log) == [])
        try job.commit(2)
        #expect(try job.topics.read(source, from: position).rows.count == 4)
        #expect(
            try source.unread(since: position, files: job.topics.files, log: job.log)
                == [.topic(name: "revenue@2", rows: 4)])
        #expect(try job.topics.read(source).rows.count == 10)
    }

    @Test func aRoleAsOfAPositionIsWhatItWasThen() throws {
        let job = try DeployedJobRun()
        for _ in 0..<2 { try job.commit(try job.deploy()) }
        let before = try job.log.settled().end
        try job.makeLive(2, difference: nil)
        #expect(try TopicAdmin.find("revenue@live", asOf: before, in: job.log)?.name == "revenue@1")
        #expect(try TopicAdmin.find("revenue@live", asOf: nil, in: job.log)?.name == "revenue@2")
        #expect(try TopicAdmin.find("nothing@live", asOf: nil, in: job.log) == nil)
        #expect(try failure { _ = try TopicAdmin.find("revenue@previous", asOf: before, in: job.log) } != nil)
    }

    // MARK: Refusals

    @Test func onlyItsVersionsWriteATopic() throws {
        let job = try Self.switched()
        let message = "topic \"revenue\" belongs to the deployed job \"orders\""
        let produced = try failure { _ = try TopicProducer("revenue", in: job.log) }
        #expect(produced?.message == message && produced?.kind == .conflict)
        #expect(produced?.detail?.contains("orders@2") == true && produced?.hint?.contains("deploy it again") == true)
        for name in ["revenue@1", "revenue@2"] {
            let refused = try failure { _ = try TopicProducer(name, in: job.log) }
            #expect(refused?.message == "topic \"\(name)\" belongs to the deployed job \"orders\"")
        }
        let sink = TopicSinkDescription(
            operatorID: 3, table: "t", topic: "revenue", fields: DeployedJobRun.fields, key: [])
        #expect(try failure { _ = try job.topics.open(sink) }?.message == message)
        // Nothing was made of it.
        #expect(try !job.topics.files.exists(job.log.directory.topic("revenue")))
        let difference = try TopicAdmin.list(in: job.log).first { $0.name.hasPrefix("revenue-switch") }
        let taken = try failure { _ = try TopicProducer(difference?.name ?? "", in: job.log) }
        #expect(taken?.detail == "it holds rows of topic \"revenue\", from a switch of versions")
    }

    @Test func aRawRefusalIsTheSameMessage() throws {
        let job = try Self.switched()
        let version = try TopicAdmin.describe("revenue@1", in: job.log)
        let rows = OffsetRange(partition: version.partition(0), start: 10, end: 11)
        let refused = try failure { try job.log.append(.published([rows], producer: nil)) }
        #expect(
            refused?.message == "topic \"revenue@1\" belongs to the deployed job \"orders\"" && refused?.hint != nil)
    }

    @Test func itsTopicsAreNotMadeChangedOrDeleted() throws {
        let job = try Self.switched()
        func create(_ name: String) throws -> JobFailure? {
            try failure { try job.topics.create(name, DeployedJobRun.fields) }
        }
        #expect(try create("revenue")?.message == "topic \"revenue\" belongs to the deployed job \"orders\"")
        for name in ["revenue@3", "clicks@live"] {
            #expect(try create(name)?.message == "\"\(name)\" cannot be a topic's name")
        }
        #expect(try create("clicks@v3") == nil)
        for name in ["revenue", "revenue@1"] {
            let altered = try failure { try TopicAdmin.add([Field("x", .int)], to: name, in: job.log) }
            #expect(altered?.hint?.contains("deploy a version") == true)
        }
        let day = RetentionChange(milliseconds: .at(86_400_000))
        #expect(
            try failure { try TopicAdmin.change(day, of: "revenue", in: job.log) }?.hint?.contains("revenue@1") == true)
        #expect(try TopicAdmin.change(day, of: "revenue@1", in: job.log).options.hasRetention)
        for name in ["revenue", "revenue@1", "revenue@2"] {
            #expect(try failure { try TopicAdmin.delete(name, in: job.log) }?.kind == .conflict)
        }
        // One that the name has no rows of may go when it is retired.
        try job.deploy()
        let early = try failure { try TopicAdmin.delete("revenue@3", in: job.log) }
        #expect(early?.hint == "a version's topics may be deleted when it is retired")
        try job.log.append(.retired(VersionName("orders", 3)))
        job.stop(3)
        try TopicAdmin.delete("revenue@3", in: job.log)
        #expect(try failure { _ = try meaning("revenue@3", job) } != nil)
    }

    @Test func topicsSayWhatTheyAreOf() throws {
        let job = try Self.switched()
        let state = try job.log.settled()
        func deployed(_ name: String) throws -> DeployedTopic? {
            DeployedTopic(try TopicAdmin.describe(name, in: job.log), in: state)
        }
        #expect(try deployed("input") == nil)
        #expect(try deployed("revenue@1") == .version(VersionName("orders", 1), role: "previous"))
        guard case .name("orders", let live, let spans) = try deployed("revenue") else {
            Issue.record("a published name")
            return
        }
        #expect(live == VersionName("orders", 2) && spans.map(\.version) == [1, nil, 2])
        #expect(spans.map { $0.starts[0].offset } == [0, 6, 9] && spans.map { $0.starts[0].inTopic } == [0, 0, 6])
    }

    // MARK: Retention

    @Test func aNameLosesWhatItsTopicsLose() throws {
        let job = try Self.switched()
        let follower = try TopicFollower("revenue", in: job.log)
        func kept() throws -> [UInt64] {
            _ = try follower.advance()
            let known = try TopicAdmin.describe("revenue", in: job.log).partitions.map(\.firstKept)
            #expect(follower.topic.partitions.map(\.firstKept) == known)
            return known
        }
        func trim(_ name: String, _ offset: UInt64) throws {
            #expect(try !TopicRetention(name, in: job.log).move(to: [0: offset]).dropped.isEmpty)
        }
        try trim("revenue@1", 4)
        #expect(try kept() == [4])
        // What the first version wrote after the switch is not the name's.
        try trim("revenue@1", 9)
        #expect(try kept() == [6])
        try trim("revenue@2", 5)
        #expect(try kept() == [6])
        try trim("revenue@2", 8)
        #expect(try kept() == [11])
        let consumer = try TopicConsumer("revenue", in: job.log)
        #expect(try consumer.next()?.offsets == 11..<13)
        let past = try failure { _ = try job.topics.read(job.source(asOf: job.log.settled().end - 2)) }
        #expect(past?.message.contains("no longer whole") == true)
        #expect(try failure { _ = try TopicRetention("revenue", in: job.log) }?.hint?.contains("revenue@2") == true)
    }

    @Test func whoReadsANameKeepsTheRowsOfItsTopics() throws {
        let job = try Self.switched()
        let position = try TopicAdmin.describe("revenue", in: job.log)
        #expect(position.partitions[0].publishedEnd == 13)
        var runs: UInt64 = 0
        func trim(_ name: String, behind offset: Int) throws -> TopicRetention.Move {
            runs += 1
            var source = job.source()
            source.rowsPerSplit = 1
            let place = try job.topics.read(source, batches: offset).position
            let run = RunID(high: 77, low: runs)
            let state = try job.log.settled()
            if let old = state.jobs["reader"]?.run { try job.log.append(.abandoned(job: "reader", run: old)) }
            try job.log.append(
                .checkpoint(job: "reader", run: run, CommittedCheckpoint(number: 0, recordChecksum: 1)))
            try job.topics.files.makeDurableDirectories(job.log.directory.run("reader"))
            let file = try job.topics.files.open(job.log.directory.run("reader") + "/reads", .createIfMissing)
            defer { file.close() }
            try file.truncate(to: 0)
            try file.write(RunReads(run: run, positions: [place]).encoded(), at: 0)
            return try TopicRetention(name, in: job.log).move(to: [0: .max], isDry: true)
        }
        // It needs the first version's rows as long as it reads them.
        #expect(try trim("revenue@1", behind: 2).dropped.map(\.end) == [2])
        #expect(try trim("revenue@1", behind: 2).holders.map(\.name) == ["job \"reader\""])
        #expect(try trim("revenue@2", behind: 2).dropped.map(\.end) == [6])
        #expect(try trim("revenue@1", behind: 6).dropped.map(\.end) == [10])
        #expect(try trim("revenue@1", behind: 6).holders.isEmpty)
        #expect(try trim("revenue@2", behind: 11).dropped.map(\.end) == [8])
        // And of no version's topic is a row kept because it is the name's.
        #expect(try trim("revenue@2", behind: 13).dropped.map(\.end) == [10])
    }

    @Test func versionsKeepWhatTheyHaveNotRead() throws {
        let job = try Self.switched()
        try job.topics.publish("input", (0..<5).map { [.bigint(Int64($0))] })
        let move = try TopicRetention("input", in: job.log).move(to: [0: .max])
        #expect(move.dropped.isEmpty && move.holders.map(\.name) == ["job \"orders@1\"", "job \"orders@2\""])
        try job.log.append(.retired(VersionName("orders", 1)))
        #expect(try TopicRetention("input", in: job.log).move(to: [0: .max]).holders.count == 1)
    }
}

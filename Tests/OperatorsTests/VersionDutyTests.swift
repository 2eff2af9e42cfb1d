import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

// What a version is told and what the journal says go in; what its source may read comes out.

@Suite struct VersionDutyTests {
    /// The deployed job "orders" with two versions over a topic of one partition, and the duty of one of them.
    private final class Script {
        let topics: TopicRun
        let input: any SourceInput
        let reader: any Source
        let role: VersionRole
        var duty: VersionDuty
        var coordinator: EpochCoordinator
        private let version: UInt32
        private var checkpoints: [UInt32: UInt64] = [:]
        private var published = 0

        /// Version 1 has read ten rows.
        init(_ version: UInt32) throws {
            topics = try TopicRun()
            self.version = version
            let fields = [Field("id", .bigint)]
            try topics.create("input", fields)
            let id = try TopicAdmin.describe("input", in: topics.log).id
            for number in 1...2 {
                try topics.log.append(
                    .deployed(
                        VersionRegistration(version: VersionName("orders", UInt32(number)), inputs: [id], outputs: [])))
            }
            topics.settings.version = VersionName("orders", version)
            var source = TopicSourceDescription(
                operatorID: 1, table: "t", topic: "input",
                columns: [ScanColumn(path: ["id"], type: .bigint, isNullable: true)], fields: fields)
            source.rowsPerSplit = 3
            input = try source.makeInput(topics.context())
            try input.restore(from: nil)
            reader = try input.makeReader(topics.context())
            coordinator = EpochCoordinator(
                subtasks: [0], sources: [0], nextCheckpoint: 1, fixedIntervalNanoseconds: nil,
                minimumPauseNanoseconds: 0, exhaustedKind: .stop, nowNanoseconds: 0)
            role = try VersionRole(VersionName("orders", version), in: topics.log)
            duty = VersionDuty(
                role, [AssembledInput(operatorID: 1, input: input)], &coordinator, nowNanoseconds: 0)
            try checkpoint(1, reads: 0)
            try checkpoint(2, reads: 0)
            try publish(10)
            try checkpoint(1, reads: 10)
        }

        func publish(_ count: Int) throws {
            try topics.publish("input", (0..<count).map { [.bigint(Int64(published + $0))] })
            published += count
        }

        /// Of any version, in the journal.
        func checkpoint(_ number: UInt32, reads: UInt64, holds: UInt64? = nil) throws {
            let id = try TopicAdmin.describe("input", in: topics.log).id
            let generation = try topics.log.settled().deployments["orders"]?.generation ?? 0
            try commit(
                number,
                DeployedEpoch(
                    generation: generation, reads: InputPosition([TopicPartition(topic: id, partition: 0): reads]),
                    holds: holds))
        }

        private func commit(_ number: UInt32, _ epoch: DeployedEpoch) throws {
            let checkpoint = checkpoints[number].map { $0 + 1 } ?? 0
            checkpoints[number] = checkpoint
            try topics.log.append(
                .checkpoint(
                    job: "orders@\(number)", run: RunID(high: 1, low: UInt64(number)),
                    CommittedCheckpoint(number: checkpoint, recordChecksum: 1), published: [], deployed: epoch))
        }

        /// Commits what this version has read, as its worker does.
        func commit() throws {
            try commit(version, duty.epoch((checkpoints[version] ?? 0) + 1, at: 0))
            try duty.committed(checkpoints[version] ?? 0, &coordinator, nowNanoseconds: 0)
        }

        func attend() throws {
            try role.look()
            try duty.attend(&coordinator, nowNanoseconds: 0)
        }

        func pace(isPaused: Bool) throws {
            duty.pace(isPaused: isPaused)
            try attend()
        }

        /// Rows that the source gives until it waits, or until there are so many.
        func read(_ most: Int = .max) throws -> Int {
            var rows = 0
            try input.look()
            while rows < most {
                switch try reader.read() {
                case .batch(let batch):
                    rows += batch.rowCount
                    coordinator.progressed()
                case .nothing: continue
                case .waiting, .exhausted: return rows
                }
            }
            return rows
        }

        func attempt() throws -> UInt64 {
            try topics.log.append(
                .attempt(job: "orders", from: 1, to: 2, timeoutMilliseconds: 10_000, withoutFrom: false)
            ).sequence
        }
    }

    @Test func aPausedVersionCommitsWhatItHasReadAndNoMore() throws {
        let script = try Script(2)
        try script.attend()
        #expect(try script.read(3) == 3)
        try script.pace(isPaused: true)
        #expect(script.duty.isPaused)
        #expect(try script.read() == 0)
        #expect(script.duty.mayEndEpoch(lastCommitNanoseconds: 0, nowNanoseconds: 0))
        try script.commit()
        #expect(try script.read() == 0)
        try script.checkpoint(1, reads: 10)
        try script.attend()
        #expect(try script.read() == 0)
        try script.pace(isPaused: false)
        #expect(!script.duty.isPaused)
        #expect(try script.read() == 7)
        try script.commit()
    }

    @Test func whatItHasTakenItGives() throws {
        let script = try Script(2)
        try script.attend()
        try script.input.look()
        // Three rows are parsed now, and none is given.
        guard case .nothing = try script.reader.read() else { throw JobFailure(.world, "rows at once") }
        try script.pace(isPaused: true)
        #expect(!script.duty.mayEndEpoch(lastCommitNanoseconds: 0, nowNanoseconds: 0))
        #expect(try script.read() == 3)
        try script.commit()
    }

    @Test func aLiveVersionReadsOn() throws {
        let script = try Script(1)
        try script.pace(isPaused: true)
        #expect(!script.duty.isPaused)
        #expect(try script.read() == 10)
    }

    @Test func itStandsWhereTheLiveVersionDoesAlsoIfItsInputIsBehindTheJournal() throws {
        let script = try Script(2)
        let attempt = try script.attempt()
        try script.checkpoint(1, reads: 10, holds: attempt)
        // Nobody has looked for the ten rows yet.
        try script.attend()
        #expect(script.duty.phase == .draining(attempt))
        #expect(try script.read() == 10)
        try script.attend()
        #expect(script.duty.phase == .checkpointing(attempt, checkpoint: 1))
    }

    @Test func anAttemptGoesFirst() throws {
        let script = try Script(2)
        try script.pace(isPaused: true)
        #expect(try script.read() == 0)
        let attempt = try script.attempt()
        try script.attend()
        // Also before the live version stands: the less is left to read then.
        #expect(!script.duty.isPaused)
        #expect(try script.read(3) == 3)
        try script.checkpoint(1, reads: 10, holds: attempt)
        try script.attend()
        #expect(script.duty.phase == .draining(attempt))
        #expect(try script.read() == 7)
        try script.topics.log.append(.released(job: "orders", attempt: attempt))
        try script.publish(5)
        try script.checkpoint(1, reads: 15)
        try script.attend()
        #expect(script.duty.isPaused)
        #expect(try script.read() == 0)
    }

    @Test func whoBecomesLiveForgetsIt() throws {
        let script = try Script(2)
        try script.pace(isPaused: true)
        let attempt = try script.attempt()
        try script.checkpoint(1, reads: 10, holds: attempt)
        try script.attend()
        #expect(try script.read() == 10)
        try script.checkpoint(2, reads: 10, holds: attempt)
        try script.topics.log.append(.spliced(job: "orders", attempt: attempt, []))
        try script.attend()
        try script.publish(5)
        #expect(!script.duty.isPaused)
        #expect(script.duty.phase == .running)
        #expect(try script.read() == 5)
        // And it does not come back to it when it is live no more.
        try script.checkpoint(2, reads: 15)
        try script.checkpoint(1, reads: 15)
        let back = try script.topics.log.append(
            .attempt(job: "orders", from: 2, to: 1, timeoutMilliseconds: 10_000, withoutFrom: true)
        ).sequence
        try script.topics.log.append(.spliced(job: "orders", attempt: back, []))
        try script.publish(5)
        try script.checkpoint(1, reads: 20)
        try script.attend()
        #expect(!script.duty.isPaused)
    }
}

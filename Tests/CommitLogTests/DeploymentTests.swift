import CommitLog
import HostSystem
import Simulation
import Testing

/// What the entries of deployed jobs come to.
@Suite struct DeploymentTests {
    private func spans(_ job: DeployedJob) -> [String] {
        (job.state.topics[DeployedJob.name]?.spans ?? []).map { span in
            "\(span.topicName) " + span.starts.map { "\($0.offset)<\($0.inTopic)" }.joined(separator: " ")
        }
    }

    /// Two switches, the second of which is the rollback, with differences; and an attempt that is open.
    private func eventful() throws -> DeployedJob {
        var job = try DeployedJob.running()
        try job.append(job.checkpoint(1, [3, 2], rows: [3, 1]))
        try job.append(job.checkpoint(2, [3, 2], rows: [2, 7]))
        try job.addDifference(TopicID(high: 4, low: 1), [4, 0])
        try job.cutOver(from: 1, to: 2, at: [5, 3], rows: [2, 0], difference: TopicID(high: 4, low: 1))
        try job.append(.published([DeployedJob.rows(DeployedJob.input, 0, 5, 9)]))
        try job.append(job.checkpoint(2, [9, 3], rows: [4, 0]))
        try job.append(job.checkpoint(1, [7, 3], rows: [1, 1]))
        try job.addDifference(TopicID(high: 4, low: 2), [0, 2])
        try job.cutOver(from: 2, to: 1, at: [9, 5], rows: [1, 1], difference: TopicID(high: 4, low: 2))
        try job.append(job.checkpoint(1, [9, 5], rows: [0, 6]))
        try job.append(DeployedJob.attempt(from: 1, to: 2, withoutFrom: true))
        return job
    }

    @Test func aNameGoesOnWhereTheRowsAre() throws {
        var job = try DeployedJob.running()
        #expect(spans(job) == ["sums@1 0<0 0<0"])
        try job.append(job.checkpoint(1, [3, 2], rows: [3, 1]))
        try job.append(job.checkpoint(2, [3, 2], rows: [2, 7]))
        #expect(job.written(DeployedJob.name) == [3, 1])
        try job.addDifference(TopicID(high: 4, low: 1), [4, 0])
        try job.cutOver(from: 1, to: 2, at: [5, 3], rows: [2, 0], difference: TopicID(high: 4, low: 1))
        #expect(spans(job) == ["sums@1 0<0 0<0", "difference-1 5<0 1<0", "sums@2 9<4 1<7"])
        #expect(job.written(DeployedJob.name) == [9, 1])
        // The new version's rows are the name's, the old one's are not.
        try job.append(.published([DeployedJob.rows(DeployedJob.input, 0, 5, 9)]))
        try job.append(job.checkpoint(2, [9, 3], rows: [4, 0]))
        try job.append(job.checkpoint(1, [7, 3], rows: [1, 1]))
        #expect(job.written(DeployedJob.name) == [13, 1])
    }

    @Test func aRollbackGoesBackToTheOldTopic() throws {
        let job = try eventful()
        #expect(
            spans(job) == [
                "sums@1 0<0 0<0", "difference-1 5<0 1<0", "sums@2 9<4 1<7", "difference-2 14<0 2<0", "sums@1 14<7 4<3",
            ])
        #expect(job.written(DeployedJob.name) == [14, 10])
        let deployment = try #require(job.state.deployments[DeployedJob.job])
        #expect(deployment.live == 1 && deployment.previous == 2 && deployment.generation == 2)
        #expect(deployment.openAttempt?.to == 2)
    }

    @Test func whereTheRolesChangedIsKept() throws {
        var job = try DeployedJob.running()
        #expect(job.state.deployments[DeployedJob.job]?.splicedAt == nil)
        try job.append(job.checkpoint(1, [1, 0], rows: [1, 0]))
        try job.cutOver(from: 1, to: 2, at: [5, 5], rows: [6, 2])
        let splice = job.state.end - 1
        // An attempt that comes to nothing changes no roles.
        try job.append(DeployedJob.attempt(from: 2, to: 1))
        try job.append(DeployedJob.released(job.state.end - 1))
        #expect(job.state.deployments[DeployedJob.job]?.splicedAt == splice)
    }

    @Test func aSwitchWithoutADifferenceHasOneSpan() throws {
        var job = try DeployedJob.running()
        try job.append(job.checkpoint(1, [1, 0], rows: [1, 0]))
        try job.cutOver(from: 1, to: 2, at: [5, 5], rows: [6, 2])
        #expect(spans(job) == ["sums@1 0<0 0<0", "sums@2 7<6 2<2"])
    }

    /// In the files as they were written, and in the header of the next one.
    @Test(arguments: [1, 1 << 20])
    func entriesAndStateComeBackFromTheFiles(rollBytes: Int) throws {
        let job = try eventful()
        let machine = JournalMachine()
        let journal = try machine.open(rollBytes: rollBytes)
        for body in job.bodies { _ = try journal.append(body) }
        _ = try journal.append(.tick)
        let files = machine.disk.start()
        let written = try Journal.written(
            directory: JournalMachine.directory, files: files, time: machine.time)
        #expect(written.map(\.entry.body) == job.bodies + [.tick])
        let state = try journal.settle()
        #expect(state.deployments == job.state.deployments)
        #expect(state.deployments[DeployedJob.job]?.splicedAt != nil)
        let names = try files.list(JournalMachine.directory).filter { $0.hasSuffix(".journal") }.sorted()
        #expect(rollBytes > 1 || names.count > 10)
        for name in names.dropLast() { try files.remove(JournalMachine.directory + "/" + name) }
        #expect(try machine.open().settle() == state)
        // What goes on after it is the same, too: what belongs to a name is known.
        _ = try machine.open().append(DeployedJob.released(job.state.end - 1))
        let more = job.checkpoint(1, [9, 5], rows: [1, 0])
        _ = try machine.open().append(more)
        #expect(try machine.open().settle().topics[DeployedJob.name]?.partitions[0].publishedEnd == 15)
    }

    // MARK: Standing still

    @Test func whoStandsStillDoesSoUntilTheAttemptIsDecided() throws {
        var job = try DeployedJob.running()
        let number = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2))
        try job.append(job.checkpoint(1, [2, 2], rows: [2, 2], holds: number))
        // A timer's checkpoint after a restart takes nothing back.
        try job.append(job.checkpoint(1, [2, 2]))
        #expect(job.state.deployments[DeployedJob.job]?.versions[1]?.holds == number)
        #expect(
            job.deploymentRefusal(job.checkpoint(1, [3, 2])) == .standsStill(VersionName("orders", 1), attempt: number))
        try job.append(DeployedJob.released(number))
        try job.append(job.checkpoint(1, [3, 2]))
        #expect(job.state.deployments[DeployedJob.job]?.versions[1]?.holds == nil)
    }

    @Test func whoIsLeftForDeadMovesNoFurther() throws {
        var job = try DeployedJob.running()
        let number = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2, withoutFrom: true))
        #expect(
            job.deploymentRefusal(job.checkpoint(1, [1, 0])) == .standsStill(VersionName("orders", 1), attempt: number))
        try job.append(job.checkpoint(2, [0, 0], holds: number))
        try job.append(job.spliced(number))
        #expect(
            job.deploymentRefusal(job.checkpoint(1, [1, 0], generation: 0))
                == .rolesChanged(VersionName("orders", 1), generation: 0, now: 1))
        #expect(job.state.deployments[DeployedJob.job]?.live == 2)
    }

    @Test func aLiveVersionThatHasNeverBegunCanBeLeft() throws {
        var job = try DeployedJob()
        try job.append(.published([DeployedJob.rows(DeployedJob.input, 0, 0, 5)]))
        try job.append(.retentionMoved([DeployedJob.rows(DeployedJob.input, 0, 0, 2)]))
        try job.append(DeployedJob.deployed(1))
        try job.append(DeployedJob.deployed(2))
        try job.append(job.checkpoint(2, [2, 0]))
        #expect(job.deploymentRefusal(DeployedJob.attempt(from: 1, to: 2)) == .hasNotBegun(VersionName("orders", 1)))
        let number = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2, withoutFrom: true))
        try job.append(job.spliced(number))
        #expect(job.state.deployments[DeployedJob.job]?.live == 2)
    }

    // MARK: The cut

    /// What live does not read may be read up to what was published at its last checkpoint; and where somebody stands for an
    /// attempt, that stays.
    @Test func theCutOfAnInputThatLiveDoesNotReadFollowsItsCheckpoints() throws {
        var job = try DeployedJob()
        try job.append(DeployedJob.deployed(1))
        try job.append(DeployedJob.deployed(2, inputs: [DeployedJob.input, DeployedJob.more]))
        try job.append(job.checkpoint(1, [0, 0]))
        try job.append(job.checkpoint(2, [0, 0], more: [0, 0]))
        let cut = { (job: DeployedJob) in
            job.state.deployments[DeployedJob.job]?.cut[TopicPartition(topic: DeployedJob.more, partition: 1)]
        }
        try job.append(.published([DeployedJob.rows(DeployedJob.more, 1, 0, 3)]))
        #expect(cut(job) == 0)
        #expect(
            job.deploymentRefusal(job.checkpoint(2, [0, 0], more: [0, 1]))
                == .aheadOfLive(
                    VersionName("orders", 2), TopicPartition(topic: DeployedJob.more, partition: 1), end: 1, cut: 0))
        try job.append(job.checkpoint(1, [0, 0]))
        #expect(cut(job) == 3)
        let number = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2))
        try job.append(job.checkpoint(1, [0, 0], holds: number))
        try job.append(.published([DeployedJob.rows(DeployedJob.more, 1, 3, 4)]))
        try job.append(job.checkpoint(2, [0, 0], more: [0, 3], holds: number))
        try job.append(job.checkpoint(1, [0, 0], holds: number))
        try job.append(DeployedJob.deployed(3, inputs: [DeployedJob.more]))
        #expect(cut(job) == 3)
        try job.append(job.spliced(number))
        #expect(job.state.deployments[DeployedJob.job]?.live == 2)
    }

    // MARK: Names

    @Test func aNameBeginsBehindTheLastRowThatIsLost() throws {
        var job = try eventful()
        let first = { (job: DeployedJob) in job.state.topics[DeployedJob.name]?.partitions.map(\.firstKept) }
        // Rows that the name never led to: those of the replay.
        try job.append(.retentionMoved([DeployedJob.rows(DeployedJob.output(2), 0, 0, 4)]))
        #expect(first(job) == [0, 0])
        try job.append(.retentionMoved([DeployedJob.rows(DeployedJob.output(1), 0, 0, 2)]))
        #expect(first(job) == [2, 0])
        // Beyond its first span, and short of its last one.
        try job.append(.retentionMoved([DeployedJob.rows(DeployedJob.output(1), 0, 2, 6)]))
        #expect(first(job) == [5, 0])
        try job.append(.retentionMoved([DeployedJob.rows(DeployedJob.output(2), 0, 4, 7)]))
        #expect(first(job) == [12, 0])
        try job.append(.retentionMoved([DeployedJob.rows(DeployedJob.output(1), 1, 0, 4)]))
        #expect(first(job) == [12, 5])
        #expect(
            job.deploymentRefusal(.retentionMoved([DeployedJob.rows(DeployedJob.name, 0, 12, 13)]))
                == .owned(topic: "sums", by: "orders"))
    }

    @Test func aNameThatOnlyTheNewVersionHasBeginsWithItsFirstRow() throws {
        var job = try DeployedJob()
        try job.append(DeployedJob.deployed(1))
        var second = DeployedJob.registration(2)
        let name = TopicID(high: 5, low: 0)
        second.outputs.append(
            .init(name: "late", nameID: name, topic: DeployedJob.topic(TopicID(high: 5, low: 2), "late@2")))
        try job.append(.deployed(second))
        // Nobody else may have it.
        #expect(
            job.deploymentRefusal(.topicCreated(DeployedJob.topic(TopicID(high: 9, low: 9), "late")))
                == .owned(topic: "late", by: "orders"))
        var third = DeployedJob.registration(3)
        third.outputs.append(
            .init(
                name: "late", nameID: TopicID(high: 6, low: 6),
                topic: DeployedJob.topic(TopicID(high: 5, low: 3), "late@3")))
        #expect(job.deploymentRefusal(.deployed(third)) == .otherOutput(VersionName("orders", 3), name: "late"))
        try job.append(job.checkpoint(1, [0, 0]))
        try job.append(job.checkpoint(2, [0, 0]))
        try job.cutOver(from: 1, to: 2, at: [0, 0], rows: [])
        #expect(job.state.topic(named: "late")?.spans.map(\.topicName) == ["late@2"])
        // And it ends where a version is live that does not have it.
        try job.cutOver(from: 2, to: 1, at: [0, 0], rows: [])
        let run = RunID(high: 3, low: 2)
        let late = JournalEntry.Body.checkpoint(
            job: "orders@2", run: run, CommittedCheckpoint(number: 3, recordChecksum: 0),
            published: [DeployedJob.rows(TopicID(high: 5, low: 2), 0, 0, 3)],
            deployed: DeployedEpoch(generation: 2, reads: DeployedJob.position([0, 0])))
        try job.append(late)
        #expect(job.written(name) == [0, 0] && job.written(TopicID(high: 5, low: 2)) == [3, 0])
    }
}

import CommitLog
import HostSystem
import Testing

/// Each entry of deployed jobs has its conditions.
@Suite struct DeploymentRefusalTests {
    private let first = VersionName("orders", 1)
    private let second = VersionName("orders", 2)
    private let third = VersionName("orders", 3)

    @Test func aRegistration() throws {
        var job = try DeployedJob()
        let refused = { (version: UInt32, change: (inout VersionRegistration) -> Void) in
            var registration = DeployedJob.registration(version)
            change(&registration)
            return job.refusal(.deployed(registration))
        }
        #expect(refused(1) { $0.inputs = [TopicID(high: 9, low: 9)] } == .noTopic(TopicID(high: 9, low: 9)))
        #expect(
            refused(1) { $0.inputs += $0.inputs } == .deployment(.inputTwice(first, DeployedJob.input)))
        #expect(refused(1) { $0.outputs += $0.outputs } == .deployment(.otherOutput(first, name: "sums")))
        #expect(refused(1) { $0.outputs[0].name = "input" } == .topicExists("input", DeployedJob.input))
        #expect(refused(1) { $0.outputs[0].topic.name = "more" } == .topicExists("more", DeployedJob.more))
        #expect(refused(1) { $0.outputs[0].topic.partitions = 0 } == .partitionCount(0))
        #expect(
            refused(1) { $0.version.job = String(repeating: "j", count: 1014) } == .jobNameTooLong(bytes: 1014))
        let run = RunID(high: 8, low: 8)
        try job.append(.checkpoint(job: "orders", run: run, CommittedCheckpoint(number: 0, recordChecksum: 0)))
        #expect(job.refusal(DeployedJob.deployed(1)) == .runIsLive(job: "orders", run: run))
        try job.append(.abandoned(job: "orders", run: run))
        try job.append(DeployedJob.deployed(1))
        #expect(
            job.refusal(.checkpoint(job: "orders", run: run, CommittedCheckpoint(number: 0, recordChecksum: 0))) != nil)
        #expect(
            job.deploymentRefusal(
                .checkpoint(
                    job: "orders", run: RunID(high: 8, low: 9), CommittedCheckpoint(number: 0, recordChecksum: 0)))
                == .isDeployed(job: "orders"))
        #expect(job.deploymentRefusal(DeployedJob.deployed(1)) == .versionOutOfOrder(first, next: 2))
        var second = DeployedJob.registration(2)
        second.outputs[0].topic.partitions = 3
        #expect(job.deploymentRefusal(.deployed(second)) == .otherOutput(self.second, name: "sums"))
        second = DeployedJob.registration(2)
        second.outputs[0].nameID = TopicID(high: 7, low: 7)
        #expect(job.deploymentRefusal(.deployed(second)) == .otherOutput(self.second, name: "sums"))
    }

    @Test func aCheckpointOfAVersion() throws {
        var job = try DeployedJob.running()
        let plain = JournalEntry.Body.checkpoint(
            job: "orders@1", run: RunID(high: 3, low: 1), CommittedCheckpoint(number: 1, recordChecksum: 0))
        #expect(job.deploymentRefusal(plain) == .notAnEpochOfVersion(job: "orders@1"))
        let stranger = JournalEntry.Body.checkpoint(
            job: "other", run: RunID(high: 9, low: 1), CommittedCheckpoint(number: 0, recordChecksum: 0),
            deployed: DeployedEpoch(generation: 0, reads: InputPosition()))
        #expect(job.deploymentRefusal(stranger) == .notAnEpochOfVersion(job: "other"))
        #expect(
            job.deploymentRefusal(job.checkpoint(1, [1, 1], generation: 7))
                == .rolesChanged(first, generation: 7, now: 0))
        let partition = TopicPartition(topic: DeployedJob.input, partition: 0)
        // Beyond what is published, back, not all, and what it does not read.
        #expect(job.deploymentRefusal(job.checkpoint(1, [6, 5])) == .impossiblePosition(first, partition))
        try job.append(job.checkpoint(1, [2, 2]))
        #expect(job.deploymentRefusal(job.checkpoint(1, [1, 2])) == .impossiblePosition(first, partition))
        #expect(
            job.deploymentRefusal(job.checkpoint(1, [2]))
                == .impossiblePosition(first, TopicPartition(topic: DeployedJob.input, partition: 1)))
        #expect(
            job.deploymentRefusal(job.checkpoint(1, [2, 2], more: [0]))
                == .impossiblePosition(first, TopicPartition(topic: DeployedJob.more, partition: 0)))
        #expect(
            job.deploymentRefusal(job.checkpoint(2, [3, 2])) == .aheadOfLive(second, partition, end: 3, cut: 2))
        #expect(
            job.deploymentRefusal(job.checkpoint(2, [2, 2], holds: 4))
                == .attemptIsDecided(job: "orders", attempt: 4))
        // Another version's topic, and one that belongs to nobody.
        for (topic, name) in [(DeployedJob.output(2), "sums@2"), (DeployedJob.more, "more")] {
            let body = JournalEntry.Body.checkpoint(
                job: "orders@1", run: RunID(high: 3, low: 1), CommittedCheckpoint(number: 2, recordChecksum: 0),
                published: [DeployedJob.rows(topic, 0, 0, 1)],
                deployed: DeployedEpoch(generation: 0, reads: DeployedJob.position([2, 2])))
            #expect(job.deploymentRefusal(body) == .otherOutput(first, name: name))
        }
        #expect(
            job.deploymentRefusal(.abandoned(job: "orders@1", run: RunID(high: 3, low: 1)))
                == .isDeployed(job: "orders"))
    }

    @Test func anAttemptAndItsEnd() throws {
        var job = try DeployedJob.running()
        let attempt = { DeployedJob.attempt(from: $0, to: $1) }
        #expect(
            job.deploymentRefusal(.attempt(job: "no", from: 1, to: 2, timeoutMilliseconds: 1, withoutFrom: false))
                == .noDeployment(job: "no"))
        #expect(job.deploymentRefusal(attempt(2, 1)) == .notLive(second, live: 1))
        #expect(job.deploymentRefusal(attempt(1, 1)) == .isLive(first))
        #expect(job.deploymentRefusal(attempt(1, 3)) == .noVersion(third))
        try job.append(DeployedJob.deployed(3))
        #expect(job.deploymentRefusal(attempt(1, 3)) == .hasNotBegun(third))
        let decided = { DeploymentRefusal.attemptIsDecided(job: "orders", attempt: $0) }
        let number = job.state.end
        #expect(job.deploymentRefusal(DeployedJob.released(number)) == decided(number))
        try job.append(attempt(1, 2))
        try job.append(job.checkpoint(1, [4, 4], rows: [1, 1], holds: number))
        #expect(job.deploymentRefusal(job.spliced(number)) == .notAtTheCut(second))
        try job.append(job.checkpoint(2, [4, 4], rows: [3, 3], holds: number))
        #expect(job.deploymentRefusal(job.spliced(number + 1)) == decided(number + 1))
        #expect(
            job.deploymentRefusal(.spliced(job: "no", attempt: number, [])) == .noDeployment(job: "no"))
        #expect(
            job.deploymentRefusal(.spliced(job: "orders", attempt: number, [])) == .otherSpans(job: "orders"))
        // Rows that were added to the difference since, fewer partitions, an owner, rows that are gone.
        let difference = TopicID(high: 4, low: 1)
        try job.addDifference(difference, [2, 2])
        let early = job.spliced(number, difference: difference)
        try job.append(.published([DeployedJob.rows(difference, 0, 2, 3)]))
        #expect(job.deploymentRefusal(early) == .otherSpans(job: "orders"))
        try job.addDifference(TopicID(high: 4, low: 2), [2])
        for other in [TopicID(high: 4, low: 2), DeployedJob.output(3)] {
            #expect(job.deploymentRefusal(job.spliced(number, difference: other)) == .otherSpans(job: "orders"))
        }
        let missing = TopicID(high: 9, low: 9)
        var splices = job.state.splices(of: "orders", differences: [:])
        splices[0].difference = missing
        #expect(job.refusal(.spliced(job: "orders", attempt: number, splices)) == .noTopic(missing))
        try job.append(.retentionMoved([DeployedJob.rows(difference, 0, 0, 1)]))
        #expect(job.deploymentRefusal(job.spliced(number, difference: difference)) == .otherSpans(job: "orders"))
        // A second one takes the first one's place.
        try job.append(attempt(1, 2))
        #expect(job.deploymentRefusal(job.spliced(number)) == decided(number))
        #expect(job.deploymentRefusal(DeployedJob.released(number)) == decided(number))
        try job.append(DeployedJob.released(job.state.end - 1))
        #expect(job.deploymentRefusal(DeployedJob.released(job.state.end - 2)) == decided(job.state.end - 2))
    }

    @Test func aRetirement() throws {
        var job = try DeployedJob.running()
        let retired = { JournalEntry.Body.retired(VersionName($0, $1)) }
        #expect(job.deploymentRefusal(retired("no", 1)) == .noDeployment(job: "no"))
        #expect(job.deploymentRefusal(retired("orders", 3)) == .noVersion(third))
        #expect(job.deploymentRefusal(retired("orders", 1)) == .isLive(first))
        let number = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2))
        #expect(job.deploymentRefusal(retired("orders", 2)) == .standsStill(second, attempt: number))
        try job.append(DeployedJob.released(number))
        try job.append(retired("orders", 2))
        #expect(job.deploymentRefusal(retired("orders", 2)) == .isRetired(second))
        #expect(job.deploymentRefusal(DeployedJob.attempt(from: 1, to: 2)) == .isRetired(second))
        let again = JournalEntry.Body.checkpoint(
            job: "orders@2", run: RunID(high: 9, low: 9), CommittedCheckpoint(number: 0, recordChecksum: 0),
            deployed: DeployedEpoch(generation: 0, reads: DeployedJob.position([0, 0])))
        #expect(job.deploymentRefusal(again) == .isRetired(second))
    }

    @Test func whatBelongsToADeployedJob() throws {
        var job = try DeployedJob.running()
        let ofVersion = DeploymentRefusal.owned(topic: "sums@1", by: "orders@1")
        let ofJob = DeploymentRefusal.owned(topic: "sums", by: "orders")
        for (topic, refusal) in [(DeployedJob.output(1), ofVersion), (DeployedJob.name, ofJob)] {
            #expect(job.deploymentRefusal(.published([DeployedJob.rows(topic, 0, 0, 1)])) == refusal)
            #expect(job.deploymentRefusal(.topicDeleted(topic)) == refusal)
            #expect(job.deploymentRefusal(.schemaAdded(topic, schemaID: 1, schema: [])) == refusal)
        }
        // What a name leads to stays, though its version is retired; what no name leads to does not.
        try job.cutOver(from: 1, to: 2, at: [5, 5], rows: [1, 1])
        try job.append(DeployedJob.deployed(3))
        try job.append(.retired(first))
        try job.append(.retired(third))
        #expect(job.deploymentRefusal(.topicDeleted(DeployedJob.output(1))) == .owned(topic: "sums@1", by: "orders"))
        try job.append(.topicDeleted(DeployedJob.output(3)))
        #expect(job.state.topics[DeployedJob.output(3)] == nil)
    }
}

import CommitLog
import HostSystem
import Testing

/// The journal's time among what a version reads.
@Suite struct DeploymentClockTests {
    private let first = VersionName("orders", 1)
    private let second = VersionName("orders", 2)

    /// Two versions that have begun, at 1 s in the journal, with five rows in each partition.
    private func running(inputs: [[TopicID]] = [[DeployedJob.input, .clock], [DeployedJob.input, .clock]]) throws
        -> DeployedJob
    {
        var job = try DeployedJob()
        for (number, inputs) in inputs.enumerated() {
            try job.append(DeployedJob.deployed(UInt32(number + 1), inputs: inputs), at: 1000)
        }
        for (number, inputs) in inputs.enumerated() {
            try job.append(checkpoint(job, UInt32(number + 1), 0, clock: inputs.contains(.clock) ? 0 : nil))
        }
        try job.append(
            .published([
                DeployedJob.rows(DeployedJob.input, 0, 0, 5), DeployedJob.rows(DeployedJob.input, 1, 0, 5),
            ]), at: 2000)
        return job
    }

    /// Of both partitions the same.
    private func checkpoint(
        _ job: DeployedJob, _ version: UInt32, _ reads: UInt64, clock: Int64?, holds: UInt64? = nil
    ) -> JournalEntry.Body {
        var position = DeployedJob.position([reads, reads])
        position.clock = clock
        return job.checkpoint(
            version, position, holds: holds, generation: job.state.deployments[DeployedJob.job]?.generation ?? 0)
    }

    @Test func itIsAnInputOnce() throws {
        let job = try DeployedJob()
        #expect(job.refusal(DeployedJob.deployed(1, inputs: [DeployedJob.input, .clock])) == nil)
        #expect(
            job.deploymentRefusal(DeployedJob.deployed(1, inputs: [.clock, DeployedJob.input, .clock]))
                == .inputTwice(first, .clock))
    }

    @Test func itGoesOnAndNotBeyondTheJournal() throws {
        var job = try running()
        let refusal = { (job: DeployedJob, clock: Int64?) in
            job.deploymentRefusal(checkpoint(job, 1, 5, clock: clock))
        }
        #expect(refusal(job, nil) == .impossiblePosition(first, .clock))
        #expect(refusal(job, 2001) == .impossiblePosition(first, .clock))
        try job.append(checkpoint(job, 1, 5, clock: 2000))
        #expect(refusal(job, 1999) == .impossiblePosition(first, .clock))
        #expect(refusal(job, 2001) == .impossiblePosition(first, .clock))
        // Where only time has passed.
        try job.append(.tick, at: 3000)
        try job.append(checkpoint(job, 1, 5, clock: 2500))
        #expect(job.state.deployments[DeployedJob.job]?.cut.clock == 2500)
    }

    @Test func whoKeepsNoneSaysNone() throws {
        let job = try running(inputs: [[DeployedJob.input]])
        #expect(job.deploymentRefusal(checkpoint(job, 1, 5, clock: 5)) == .impossiblePosition(first, .clock))
        #expect(job.deploymentRefusal(checkpoint(job, 1, 5, clock: nil)) == nil)
    }

    @Test func inTheShadowItIsBehindTheLiveVersions() throws {
        var job = try running()
        #expect(
            job.deploymentRefusal(checkpoint(job, 2, 0, clock: 1)) == .aheadOfLive(second, .clock, end: 1, cut: 0))
        try job.append(checkpoint(job, 1, 5, clock: 1700))
        #expect(
            job.deploymentRefusal(checkpoint(job, 2, 5, clock: 1701))
                == .aheadOfLive(second, .clock, end: 1701, cut: 1700))
        try job.append(checkpoint(job, 2, 5, clock: 1600))
        #expect(job.state.deployments[DeployedJob.job]?.stands(2) == false)
        try job.append(checkpoint(job, 2, 5, clock: 1700))
        #expect(job.state.deployments[DeployedJob.job]?.stands(2) == true)
    }

    @Test func atTheCutBothClocksStandAtOnePlace() throws {
        var job = try running()
        let attempt = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2))
        try job.append(checkpoint(job, 1, 5, clock: 1700, holds: attempt))
        #expect(
            job.deploymentRefusal(checkpoint(job, 1, 5, clock: 1800)) == .standsStill(first, attempt: attempt))
        try job.append(checkpoint(job, 2, 5, clock: 1600, holds: attempt))
        #expect(job.deploymentRefusal(job.spliced(attempt)) == .notAtTheCut(second))
        #expect(
            job.deploymentRefusal(checkpoint(job, 2, 5, clock: 1700)) == .standsStill(second, attempt: attempt))
    }

    /// What was deployed before there were clocks.
    @Test func besideALiveVersionWithoutOneItStandsStill() throws {
        var job = try running(inputs: [[DeployedJob.input], [DeployedJob.input, .clock]])
        try job.append(checkpoint(job, 1, 5, clock: nil))
        #expect(
            job.deploymentRefusal(checkpoint(job, 2, 5, clock: 1)) == .aheadOfLive(second, .clock, end: 1, cut: 0))
        let attempt = job.state.end
        try job.append(DeployedJob.attempt(from: 1, to: 2))
        try job.append(checkpoint(job, 1, 5, clock: nil, holds: attempt))
        try job.append(checkpoint(job, 2, 5, clock: 0, holds: attempt))
        try job.append(job.spliced(attempt))
        // And goes on when it is live.
        try job.append(checkpoint(job, 2, 5, clock: 1500))
        try job.append(checkpoint(job, 1, 5, clock: nil))
        #expect(job.state.deployments[DeployedJob.job]?.cut.clock == 1500)
    }
}

import Foundation
import HostSystem
import TestSupport
import Testing

// Kills the real process, again and again, at seeded points: when it has told of its n-th checkpoint, or at a named place
// in the commit for the n-th time (`SLUICE_FAULT`). Between kills it goes on from its last checkpoint. After each kill
// what is published must be a beginning of the right answer, and at the end the answer itself.
//
// SLUICE_KILLS=n for more kills, SLUICE_SEED=n for other ones.

@Suite(.serialized) struct KillTests {
    /// Reached by a run that is long enough to materialise its state, and by no shorter one.
    static let pointsOfMaterialising: [FaultPoint] = [.afterIngest, .afterMaterialise]
    /// Reached by jobs with windows, by those that are asked for a savepoint, and by those that write topics.
    static let otherPoints: [FaultPoint] = [
        .afterRangeIngest, .insideSavepoint, .beforeSavepointRename, .afterSegmentSync,
    ]
    static let pointsOfCommitting = FaultPoint.allCases.filter {
        !pointsOfMaterialising.contains($0) && !otherPoints.contains($0)
    }

    enum Kill: CustomStringConvertible {
        case afterCheckpoints(Int)
        case atFault(FaultPoint, Int)

        init(_ random: inout SplitMix64) {
            if random.oneIn(3) {
                self = .afterCheckpoints(1 + random.below(4))
            } else {
                self = .atFault(
                    KillTests.pointsOfCommitting[random.below(KillTests.pointsOfCommitting.count)],
                    1 + random.below(5))
            }
        }

        var description: String {
            switch self {
            case .afterCheckpoints(let count): "after \(count) checkpoints"
            case .atFault(let point, let time): "\(point.rawValue):\(time)"
            }
        }
    }

    @Test func aKilledJobLosesNothingAndRepeatsNothing() throws {
        let settings = ProcessInfo.processInfo.environment
        let wanted = settings["SLUICE_KILLS"].flatMap { Int($0) } ?? 30
        let seed = settings["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix64(seed: seed)
        let lines = NexmarkInput.lines(0..<300_000)
        let expected = TwoSinksJob.Expected(lines)
        var kills = 0
        // A run can end before its kill; three runs for each kill are far more than are needed.
        var runsLeft = wanted * 3
        while kills < wanted, runsLeft > 0 {
            let input = TwoSinksJob.Input.allCases[random.below(TwoSinksJob.Input.allCases.count)]
            let job = try TwoSinksJob(lines, expected, input)
            var story = "seed \(seed), \(input)"
            let killsBeforeTheEnd = 1 + random.below(6)
            for _ in 0..<killsBeforeTheEnd where kills < wanted && runsLeft > 0 {
                let kill = Kill(&random)
                runsLeft -= 1
                story += ", \(kill)"
                let ending = try Self.run(job, kill)
                guard ending == .signal(SIGKILL) else {
                    #expect(ending == .exit(0), "\(story)")
                    break
                }
                kills += 1
                try job.expectPart("\(story)")
            }
            try Self.runToTheEnd(job, story)
        }
        #expect(kills == wanted, "seed \(seed)")
    }

    @Test(arguments: pointsOfCommitting)
    func everyPointOfCommittingIsReached(point: FaultPoint) throws {
        let lines = NexmarkInput.lines(0..<100_000)
        let job = try TwoSinksJob(lines, .init(lines))
        #expect(try Self.run(job, .atFault(point, 1)) == .signal(SIGKILL))
        try Self.runToTheEnd(job, "\(point)")
    }

    @Test(arguments: pointsOfMaterialising)
    func everyPointOfMaterialisingIsReached(point: FaultPoint) throws {
        let job = try ManyKeysJob(NexmarkInput.lines(0..<600_000))
        let arguments = ["run", "many-keys.sql", "--data", "state", "-D", "execution.checkpointing.interval=20ms"]
        let killed = try SluiceRun.start(
            arguments, in: job.workspace, environment: ["SLUICE_FAULT": point.rawValue + ":1"])
        #expect(try killed.wait() == .signal(SIGKILL), "\(killed.messageText)")
        let last = try SluiceRun("run", "many-keys.sql", "--data", "state", in: job.workspace)
        #expect(last.ending == .exit(0), "\(last.messages)")
        try job.expectExact("\(point)")
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsWithACheckpointAndClosedParts(signal: Int32) throws {
        let lines = NexmarkInput.lines(0..<300_000)
        let job = try TwoSinksJob(lines, .init(lines))
        let process = try SluiceRun.start(TwoSinksJob.eagerArguments, in: job.workspace)
        try #require(process.read { $0.checkpointsTold >= 1 }, "\(process.messageText)")
        process.send(signal)
        #expect(try process.wait() == .exit(0), "\(process.messageText)")
        try job.expectPart("signal \(signal)")
        for sink in ["output/per_auction", "output/dear_bids"] {
            #expect(try job.workspace.files(under: sink).allSatisfy { !$0.hasPrefix(".part") })
        }
        try Self.runToTheEnd(job, "signal \(signal)")
    }

    private static func runToTheEnd(_ job: TwoSinksJob, _ story: String) throws {
        let last = try SluiceRun("run", "two-sinks.sql", "--data", "state", in: job.workspace)
        #expect(last.ending == .exit(0), "\(story): \(last.messages)")
        try job.expectExact("\(story)")
    }

    private static func run(_ job: TwoSinksJob, _ kill: Kill) throws -> ChildProcess.Ending {
        switch kill {
        case .afterCheckpoints(let count):
            let process = try SluiceRun.start(TwoSinksJob.eagerArguments, in: job.workspace)
            if try process.read(until: { $0.checkpointsTold >= count }) { process.send(SIGKILL) }
            return try process.wait()
        case .atFault(let point, let time):
            let process = try SluiceRun.start(
                TwoSinksJob.eagerArguments, in: job.workspace,
                environment: ["SLUICE_FAULT": "\(point.rawValue):\(time)"])
            return try process.wait()
        }
    }
}

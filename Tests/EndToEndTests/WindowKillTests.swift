import Foundation
import HostSystem
import TestSupport
import Testing

// As `KillTests`, with state many times larger than what its tables may hold in memory, two subtasks and windows open; every
// other start has another parallelism.
//
// SLUICE_KILLS=n for more kills, SLUICE_SEED=n for other ones.

@Suite(.serialized) struct WindowKillTests {
    private static func arguments(parallelism: Int) -> [String] {
        [
            "run", "windows.sql", "--data", "state", "--memory", "64m", "--parallelism", "\(parallelism)", "-D",
            "execution.checkpointing.interval=5ms", "-D", "sluice.progress-interval=0ms",
        ]
    }

    @Test func theAnswerIsTheSameAtAnyParallelismAndWithAnyMemory() throws {
        let job = try WindowsJob(seed: 11)
        for (parallelism, memory) in [(1, "1 GB"), (1, "1 MB"), (2, "1 GB"), (4, "2 MB")] {
            if job.workspace.exists("output") { try job.workspace.remove("output") }
            let run = try SluiceRun(
                "run", "windows.sql", "--data", "state-\(parallelism)-\(memory)", "--parallelism", "\(parallelism)",
                "-D", "sluice.state-memory=\(memory)", in: job.workspace)
            #expect(run.ending == .exit(0), "\(run.messages)")
            try job.expectExact("parallelism \(parallelism), state memory \(memory)")
        }
    }

    @Test func aKilledJobLosesNothingAndRepeatsNothing() throws {
        let settings = ProcessInfo.processInfo.environment
        let wanted = settings["SLUICE_KILLS"].flatMap { Int($0) } ?? 30
        let seed = settings["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix64(seed: seed)
        let points = FaultPoint.allCases.filter { $0 != .insideSavepoint && $0 != .beforeSavepointRename }
        var kills = 0
        var runsLeft = wanted * 4
        while kills < wanted, runsLeft > 0 {
            let job = try WindowsJob(seed: random.next())
            var story = "seed \(seed)"
            for _ in 0..<(4 + random.below(8)) where kills < wanted && runsLeft > 0 {
                runsLeft -= 1
                let parallelism = random.oneIn(2) ? 2 : 1 + random.below(4)
                let point = points[random.below(points.count)]
                let fault = "\(point.rawValue):\(1 + random.below(4))"
                story += ", \(fault) at \(parallelism)"
                let process = try SluiceRun.start(
                    Self.arguments(parallelism: parallelism), in: job.workspace, environment: ["SLUICE_FAULT": fault])
                guard try process.wait() == .signal(SIGKILL) else { break }
                kills += 1
                try job.expectPart("\(story)")
            }
            let last = try SluiceRun("run", "windows.sql", "--data", "state", "--memory", "64m", in: job.workspace)
            #expect(last.ending == .exit(0), "\(story): \(last.messages)")
            try job.expectExact("\(story)")
        }
        #expect(kills == wanted, "seed \(seed)")
    }
}

import HostSystem
import Simulation
import Testing

@Suite struct JobSimulationTests {
    /// A thousand seeds, in eight parts that run beside each other.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func whateverHappensTheAnswerIsThatOfTheModel(part: UInt64) {
        for seed in part * 125..<(part + 1) * 125 {
            if let violation = JobSimulation.run(seed: seed) {
                Issue.record("\(violation.report)")
                return
            }
        }
    }

    /// Seeds that have found something once, whatever they come to be since.
    @Test(arguments: KeptSeeds.ofJobs)
    func whatHasFailedOnceDoesNotFailAgain(seed: UInt64) {
        let before: JobFeatures = [.parallelism, .windows, .processingTime]
        if let violation = JobSimulation.run(seed: seed, features: before) { Issue.record("\(violation.report)") }
    }

    @Test(arguments: PlantedBug.ofJobs)
    func eachRuleIsNeeded(bug: PlantedBug) {
        let safeguards = Safeguards.all.subtracting(bug.rule)
        for seed in 0..<1000 as Range<UInt64> where JobSimulation.run(seed: seed, safeguards: safeguards) != nil {
            return
        }
        Issue.record("1,000 seeds do not notice that \(bug) is missing")
    }

    @Test func aSeedRepeatsItself() {
        let safeguards = Safeguards.all.subtracting(.partsync)
        expectToRepeat(0..<5) { JobSimulation.run(seed: $0, safeguards: safeguards, trace: $1) }
    }
}

import HostSystem
import Simulation
import Testing

@Suite struct TopicSimulationTests {
    @Test(arguments: KeptSeeds.ofTopics) func whatHasFailedOnceDoesNotFailAgain(seed: UInt64) {
        if let violation = TopicSimulation.run(seed: seed) { Issue.record("\(violation.report)") }
    }

    /// A thousand seeds, in eight parts that run beside each other.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func everyReaderSeesTheSame(part: UInt64) {
        for seed in part * 125..<(part + 1) * 125 {
            if let violation = TopicSimulation.run(seed: seed) {
                Issue.record("\(violation.report)")
                return
            }
        }
    }

    @Test(arguments: PlantedBug.ofTopics)
    func eachRuleIsNeeded(bug: PlantedBug) {
        let safeguards = Safeguards.all.subtracting(bug.rule)
        for seed in 0..<1000 as Range<UInt64> where TopicSimulation.run(seed: seed, safeguards: safeguards) != nil {
            return
        }
        Issue.record("1,000 seeds do not notice that \(bug) is missing")
    }

    @Test func aSeedRepeatsItself() {
        let safeguards = Safeguards.all.subtracting(.segsync)
        expectToRepeat(0..<5) { TopicSimulation.run(seed: $0, safeguards: safeguards, trace: $1) }
    }
}

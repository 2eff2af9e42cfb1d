import HostSystem
import Simulation
import Testing

@Suite struct ChainSimulationTests {
    /// In eight parts that run beside each other.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func whateverDiesTheLastTableIsThatOfTheModel(part: UInt64) {
        for seed in part * 50..<(part + 1) * 50 {
            if let violation = ChainSimulation.run(seed: seed) {
                Issue.record("\(violation.report)")
                return
            }
        }
    }

    @Test(arguments: KeptSeeds.ofChains) func whatHasFailedOnceDoesNotFailAgain(seed: UInt64) {
        if let violation = ChainSimulation.run(seed: seed) { Issue.record("\(violation.report)") }
    }

    @Test(arguments: PlantedBug.ofChains)
    func eachRuleIsNeeded(bug: PlantedBug) {
        let safeguards = Safeguards.all.subtracting(bug.rule)
        for seed in 0..<1000 as Range<UInt64> where ChainSimulation.run(seed: seed, safeguards: safeguards) != nil {
            return
        }
        Issue.record("1,000 seeds do not notice that \(bug) is missing")
    }

    /// 55 goes another way where a memory limit is held against the room that arrays happen to have got.
    @Test func aSeedRepeatsItself() {
        expectToRepeat(Array(0..<5) + [55]) { ChainSimulation.run(seed: $0, trace: $1) }
    }
}

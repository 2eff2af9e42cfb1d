import HostSystem
import Simulation
import Testing

@Suite struct EpochSimulationTests {
    /// A thousand seeds, in eight parts that run beside each other.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func whateverFailsOutputAndStateAreThoseOfTheCommits(part: UInt64) {
        for seed in part * 125..<(part + 1) * 125 {
            if let violation = EpochSimulation.run(seed: seed) {
                Issue.record("life \(violation.life): \(violation)\nswift run -c release Soak --seed \(seed) --trace")
                return
            }
        }
    }

    @Test(arguments: PlantedBug.ofEpochs)
    func eachRuleIsNeeded(bug: PlantedBug) {
        let safeguards = Safeguards.all.subtracting(bug.rule)
        for seed in 0..<1000 as Range<UInt64> where EpochSimulation.run(seed: seed, safeguards: safeguards) != nil {
            return
        }
        Issue.record("1,000 seeds do not notice that \(bug) is missing")
    }

    @Test func aSeedRepeatsItself() {
        let safeguards = Safeguards.all.subtracting(.partsync)
        expectToRepeat(0..<5) { EpochSimulation.run(seed: $0, safeguards: safeguards, trace: $1) }
    }
}

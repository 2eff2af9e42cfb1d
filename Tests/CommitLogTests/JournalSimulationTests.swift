import HostSystem
import Simulation
import Testing

@Suite struct JournalSimulationTests {
    @Test func everySeedKeepsWhatWasAcknowledged() {
        for seed in 0..<1_000 as Range<UInt64> {
            if let violation = JournalSimulation.run(seed: seed) {
                Issue.record("step \(violation.step): \(violation)\nswift run -c release Soak --seed \(seed) --trace")
                return
            }
        }
    }

    @Test(arguments: PlantedBug.ofTheJournal)
    func eachRuleIsNeeded(bug: PlantedBug) {
        let safeguards = Safeguards.all.subtracting(bug.rule)
        for seed in 0..<4_000 as Range<UInt64> where JournalSimulation.run(seed: seed, safeguards: safeguards) != nil {
            return
        }
        Issue.record("4,000 seeds do not notice that \(bug) is missing")
    }
}

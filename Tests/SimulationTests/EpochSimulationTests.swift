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
        for seed in 0..<5 as Range<UInt64> {
            var traces: [[String]] = []
            let violations = (0..<2).map { _ in
                EpochSimulation.run(seed: seed, safeguards: safeguards) { traces.append($0) }
            }
            #expect(violations[0] == violations[1])
            #expect(traces[0] == traces[1])
            #expect(!traces[0].isEmpty)
        }
    }
}

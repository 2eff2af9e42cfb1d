import HostSystem
import Simulation
import Testing

@Suite struct JournalSimulationTests {
    @Test func everySeedKeepsWhatWasAcknowledged() {
        for seed in 0..<2_000 as Range<UInt64> {
            if let violation = JournalSimulation.run(seed: seed) {
                Issue.record("seed \(violation.seed), step \(violation.step): \(violation)")
                return
            }
        }
    }

    @Test(arguments: [
        ("settle", Safeguards.journalSettle), ("marks", .marks), ("selfver", .selfver), ("poison", .poison),
        ("mark", .mark), ("first", .first), ("dirsync", .journalDirsync), ("finish", .finish), ("lookup", .lookup),
    ])
    func eachRuleIsNeeded(name: String, rule: Safeguards) {
        for seed in 0..<4_000 as Range<UInt64> {
            if JournalSimulation.run(seed: seed, safeguards: .all.subtracting(rule)) != nil { return }
        }
        Issue.record("4,000 seeds do not notice that \(name) is missing")
    }
}

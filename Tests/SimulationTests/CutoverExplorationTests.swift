import HostSystem
import Simulation
import Testing

/// Every state that a switch of versions comes to, with the journal's own conditions.
@Suite struct CutoverExplorationTests {
    @Test(arguments: CutoverSetting.small + CutoverSetting.possible)
    func everybodyComesThrough(setting: CutoverSetting) {
        let outcome = CutoverExploration.run(setting)
        if let finding = outcome.finding { Issue.record("\(setting.name): \(finding)") }
        // A world in which nothing happens would show nothing.
        #expect(outcome.states > 5_000 && outcome.steps > outcome.states && !outcome.isUnfinished)
    }

    @Test(arguments: PlantedBug.ofCutovers)
    func eachRuleIsNeeded(bug: PlantedBug) {
        let safeguards = Safeguards.all.subtracting(bug.rule)
        let isNoticed = CutoverSetting.small.contains {
            CutoverExploration.run($0, safeguards: safeguards).finding != nil
        }
        if !isNoticed { Issue.record("no state tells that \(bug) is missing") }
    }
}

import Foundation
import HostSystem
import TestSupport
import Testing

// Versions of a job are deployed, promoted, rolled back and aborted, while the server, the live version's worker and those
// beside it are killed at seeded moments: at any time of a command, or at a named place in what the server does to the
// journal (`SLUICE_FAULT`). At the end readers that followed the published names throughout have seen each payment once, and
// have the table of the version that is live; the journal and the catalog agree; nobody is left running.
//
// SLUICE_KILLS=n for more kills, SLUICE_SEED=n for other ones.

@Suite(.serialized) struct DeploymentKillTests {
    private static let killsOfAStage = 5

    @Test func versionsChangeExactlyWhoeverIsKilled() throws {
        let settings = ProcessInfo.processInfo.environment
        let wanted = settings["SLUICE_KILLS"].flatMap { Int($0) } ?? 10
        let seed = settings["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var kills = 0
        while kills < wanted {
            var random = SplitMix64(seed: seed &+ UInt64(kills) &* 0x9E37_79B9_7F4A_7C15)
            let label = "seed \(seed), \(kills) kills before"
            let stage = try DeploymentStage(label)
            do {
                kills += try stage.play(&random, kills: min(Self.killsOfAStage, wanted - kills))
                try stage.check().check(label)
            } catch {
                Issue.record("\(error)\n\(stage.story)\n\(stage.serverStory)")
                return
            }
        }
        #expect(kills >= wanted, "seed \(seed)")
    }
}

import HostSystem
import KeyedState
import Simulation
import Testing

/// The state after any crash is the state of the last commit; and each rule is missed when it is taken out.
@Suite struct CrashTests {
    @Test func stateSurvivesEveryCrash() {
        for seed in UInt64(0)..<200 {
            var worker = MortalWorker(seed: seed, safeguards: .all)
            #expect(throws: Never.self, "seed \(seed)") { try worker.live() }
        }
    }

    @Test(arguments: [
        ("deltasync", Safeguards.deltasync), ("dirsync", .dirsync), ("cut", .cut), ("ident", .ident), ("skip", .skip),
        ("ingest", .ingest), ("failstop", .failstop),
    ])
    func aMissingRuleIsNoticed(name: String, rule: Safeguards) {
        let seeds = UInt64(0)..<2000
        let caught = seeds.first { seed in
            var worker = MortalWorker(seed: seed, safeguards: .all.subtracting(rule))
            do {
                try worker.live()
                return false
            } catch {
                print("without \(name): seed \(seed): \(error)")
                return true
            }
        }
        #expect(caught != nil, "nobody misses \(name)")
    }
}

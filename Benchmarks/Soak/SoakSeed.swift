import HostSystem
import Simulation

/// All simulations of one seed.
struct SoakSeed {
    private let seed: UInt64
    private let safeguards: Safeguards
    private let trace: (([String]) -> Void)?

    init(_ seed: UInt64, _ safeguards: Safeguards, trace: Bool) {
        self.seed = seed
        self.safeguards = safeguards
        self.trace = trace ? { lines in for line in lines { print(line) } } : nil
    }

    /// What went wrong.
    func run() -> [String] {
        var failures: [String] = []
        if let violation = EpochSimulation.run(seed: seed, safeguards: safeguards, trace: trace) {
            failures.append("epochs, seed \(seed), life \(violation.life): \(violation)")
        }
        if let violation = JournalSimulation.run(seed: seed, safeguards: safeguards, trace: trace) {
            failures.append("journal, seed \(seed), step \(violation.step): \(violation)")
        }
        return failures
    }
}

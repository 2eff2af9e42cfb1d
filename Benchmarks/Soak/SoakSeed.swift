import ArgumentParser
import HostSystem
import Simulation

enum SimulationKind: String, CaseIterable, ExpressibleByArgument {
    case jobs, epochs, journal, topics, chains, deployments
}

/// The simulations of one seed.
struct SoakSeed {
    private let seed: UInt64
    private let safeguards: Safeguards
    private let kinds: [SimulationKind]
    private let trace: (([String]) -> Void)?

    /// - Parameter only: nil: all of them.
    init(_ seed: UInt64, _ safeguards: Safeguards, only: SimulationKind?, trace: Bool) {
        self.seed = seed
        self.safeguards = safeguards
        kinds = only.map { [$0] } ?? SimulationKind.allCases
        self.trace = trace ? { lines in for line in lines { print(line) } } : nil
    }

    /// What went wrong.
    func run() -> [String] { kinds.compactMap { run($0) } }

    private func run(_ kind: SimulationKind) -> String? {
        switch kind {
        case .jobs: JobSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .epochs:
            EpochSimulation.run(seed: seed, safeguards: safeguards, trace: trace).map {
                "epochs, seed \(seed), life \($0.life): \($0)"
            }
        case .deployments: DeploymentSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .chains: ChainSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .topics:
            TopicSimulation.run(seed: seed, safeguards: safeguards, trace: trace).map {
                "topics, seed \(seed), turn \($0.turn): \($0.description)"
            }
        case .journal:
            JournalSimulation.run(seed: seed, safeguards: safeguards, trace: trace).map {
                "journal, seed \(seed), step \($0.step): \($0)"
            }
        }
    }
}

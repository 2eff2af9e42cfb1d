import ArgumentParser
import HostSystem
import Simulation

enum SimulationKind: String, CaseIterable, ExpressibleByArgument {
    case jobs, epochs, journal, topics, chains, deployments, cutover
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
    func run() -> [String] { kinds.compactMap { run($0, trace) } }

    /// Where a second run, in a heap that is in disorder, does something else than the first.
    func repeated() -> [String] {
        kinds.compactMap { kind in
            let first = traced(kind)
            let disorder = HeapDisorder(seed: seed)
            let second = withExtendedLifetime(disorder) { traced(kind) }
            let end = max(first.count, second.count)
            guard let place = (0..<end).first(where: { first.at($0) != second.at($0) }) else { return nil }
            return "\(kind), seed \(seed), operation \(place): '\(first.at(place))' was '\(second.at(place))' again"
        }
    }

    private func traced(_ kind: SimulationKind) -> [String] {
        var lines: [String] = []
        let failure = run(kind) { lines = $0 }
        return lines + [failure ?? "nothing wrong"]
    }

    private func run(_ kind: SimulationKind, _ trace: (([String]) -> Void)?) -> String? {
        switch kind {
        case .jobs: JobSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .epochs:
            EpochSimulation.run(seed: seed, safeguards: safeguards, trace: trace).map {
                "epochs, seed \(seed), life \($0.life): \($0)"
            }
        case .deployments: DeploymentSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .cutover: cutover(trace)
        case .chains: ChainSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .topics: TopicSimulation.run(seed: seed, safeguards: safeguards, trace: trace)?.report
        case .journal:
            JournalSimulation.run(seed: seed, safeguards: safeguards, trace: trace).map {
                "journal, seed \(seed), step \($0.step): \($0)"
            }
        }
    }

    /// Nothing is drawn: the first seeds are the settings, each of which is explored to its end.
    private func cutover(_ trace: (([String]) -> Void)?) -> String? {
        guard seed < UInt64(CutoverSetting.large.count) else { return nil }
        let setting = CutoverSetting.large[Int(seed)]
        let outcome = CutoverExploration.run(setting, safeguards: safeguards)
        trace?(["\(setting.name): \(outcome.states) states, \(outcome.steps) steps"])
        return outcome.finding.map { "cutover, seed \(seed), \(setting.name): \($0)" }
    }
}

extension [String] {
    fileprivate func at(_ index: Int) -> String { index < count ? self[index] : "nothing" }
}

// Runs simulations from many seeds: `Soak 0..20000` goes on where an earlier call of the same range stopped. The number of
// the next seed is kept in `.build/soak-<a>-<b>`, with the simulation's name where it is one only, or in the file that `--progress` names.
//
//     Soak a..b                     all simulations, all rules kept; stops at the first violation
//     Soak a..b --without <rule>    the first seed that notices that a rule is missing
//     Soak --seed n [--without <rule>] [--trace]
//     … --only jobs                 one of the simulations only
//     … --repeats                   each seed twice: both runs must do the same

import ArgumentParser
import Glibc
import HostSystem
import Simulation

@main
struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Soak", abstract: "Simulated crashes from many seeds.")

    @Argument(help: "The first seed, and the one after the last: a..b.")
    var seeds: SeedRange?
    @Option(help: "One seed only.")
    var seed: UInt64?
    @Option(help: "A rule of the protocol that is left out.")
    var without: String?
    @Option(help: "One of the simulations only: \(SimulationKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var only: SimulationKind?
    @Option(help: "Where the number of the next seed is kept.")
    var progress: String?
    @Flag(help: "Prints what the processes did to the disk.")
    var trace = false
    @Flag(help: "Runs each seed twice: both runs must do the same.")
    var repeats = false

    func validate() throws {
        guard (seeds == nil) != (seed == nil) else { throw ValidationError("give seeds as a..b, or one with --seed") }
        if let without, bug == nil { throw ValidationError("no rule is called \(without)") }
    }

    private var bug: PlantedBug? {
        PlantedBug.all.first { $0.name == without }
    }

    func run() throws {
        let safeguards = bug.map { Safeguards.all.subtracting($0.rule) } ?? .all
        if let seed {
            let failures = SoakSeed(seed, safeguards, only: only, trace: trace).run()
            for failure in failures { print(failure) }
            throw failures.isEmpty ? ExitCode.success : ExitCode.failure
        }
        guard let seeds else { return }
        if bug == nil { try soak(seeds) } else { try search(seeds, safeguards) }
    }

    private func soak(_ seeds: SeedRange) throws {
        let name = (repeats ? "repeats" : "soak") + (only.map { "-\($0)" } ?? "")
        let progress = SoakProgress(progress ?? ".build/\(name)-\(seeds.first)-\(seeds.end)")
        var next = max(seeds.first, try progress.read() ?? seeds.first)
        if next > seeds.first { print("going on at seed \(next)") }
        let clock = SystemTime()
        let start = clock.monotonicNanoseconds()
        let begun = next
        while next < seeds.end {
            let seed = SoakSeed(next, .all, only: only, trace: false)
            let failures = repeats ? seed.repeated() : seed.run()
            if !failures.isEmpty {
                for failure in failures { print(failure) }
                if !repeats { print("repeat with: swift run -c release Soak --seed \(next) --trace") }
                throw ExitCode.failure
            }
            next += 1
            if (next - begun) % 500 == 0 || next == seeds.end {
                try progress.write(next)
                let seconds = Double(clock.monotonicNanoseconds() - start) / 1e9
                print(
                    "\(next) of \(seeds.end): nothing wrong, \(Int(Double(next - begun) / max(seconds, 0.001))) seeds/s"
                )
            }
        }
        print("seeds \(seeds.first)..\(seeds.end): nothing wrong")
    }

    private func search(_ seeds: SeedRange, _ safeguards: Safeguards) throws {
        for seed in seeds.first..<seeds.end {
            let failures = SoakSeed(seed, safeguards, only: only, trace: false).run()
            if failures.isEmpty { continue }
            for failure in failures { print(failure) }
            return
        }
        print("no seed of \(seeds.first)..\(seeds.end) notices")
        throw ExitCode.failure
    }
}

struct SeedRange: ExpressibleByArgument {
    var first: UInt64
    var end: UInt64

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty, let first = UInt64(parts[0]), let end = UInt64(parts[2]),
            first <= end
        else { return nil }
        self.first = first
        self.end = end
    }
}

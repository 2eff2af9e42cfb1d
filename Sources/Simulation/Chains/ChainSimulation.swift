// Two jobs in a chain under fire: a producer fills a topic while the first job reads it and fills a second one, which the
// second job reads and fills a third one with a table; readers follow both. All are processes of one machine that fails,
// and each dies and goes on by itself.
//
//     feeder ─▶ t0 ─▶ job "first" ─▶ middle ─▶ job "second" ─▶ last
//                                      └▶ readers                └▶ readers
//
// When all is read, both topics must hold what `RowModel` makes of the rows of t0; and whoever has followed them has seen
// what a reader sees who comes then.

import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import StreamSQL

package struct ChainSimulation {
    package struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
        package var seed: UInt64
        package var turn: Int
        package var description: String
        /// The jobs, as they were run.
        package var sql: String

        package var report: String {
            "seed \(seed), turn \(turn): \(description)\n\n\(sql)\n"
                + "swift run -c release Soak --seed \(seed) --only chains --trace"
        }
    }

    private enum Role {
        case feeder
        case job(Int)
        case reader
    }

    private let seed: UInt64
    private let world: ChainWorld
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private var processes: SimulatedProcesses
    private let kills: Bool
    private let powerLosses: Bool
    private let errors: Bool
    private var roles: [Role] = [.feeder, .job(0), .job(1)]
    /// By role: who plays it now.
    private var players: [SimulatedProcess?] = []

    private init(seed: UInt64, safeguards: Safeguards) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        world = ChainWorld(&random, safeguards)
        kills = random.oneIn(2)
        powerLosses = random.oneIn(2)
        errors = random.oneIn(3)
        processes = SimulatedProcesses(disk, &random, stops: random.oneIn(2))
        for _ in 0..<random.below(3) { roles.append(.reader) }
        players = roles.map { _ in nil }
        self.random = random
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = ChainSimulation(seed: seed, safeguards: safeguards)
        if trace != nil { simulation.disk.startTracing() }
        defer { trace?(simulation.disk.trace) }
        simulation.run()
        simulation.processes.kill()
        let sql = simulation.world.sql.joined(separator: "\n")
        return simulation.world.truth.lie.map {
            Violation(seed: seed, turn: simulation.processes.turns, description: $0, sql: sql)
        }
    }

    private var isWrong: Bool { world.truth.lie != nil }

    private mutating func run() {
        alone("set-up") { process, world in world.setUp(process) }
        let turns = 200 + random.below(1500)
        while processes.turns < turns, !isWrong {
            world.time.advance(milliseconds: Int64(random.below(5)))
            if powerLosses, random.oneIn(400) { disk.losePower() }
            for index in roles.indices where players[index]?.isOver != false && random.oneIn(10) { start(index) }
            if !processes.step() { world.truth.lie("nobody can go on") }
        }
        processes.kill()
        if powerLosses, random.oneIn(2) { disk.losePower() }
        comeToTheEnd()
    }

    private mutating func start(_ index: Int) {
        let (world, seed) = (world, random.next())
        let faults = FaultPlan(
            drawnFrom: &random, within: 200, kills: kills && random.oneIn(2),
            powerLoss: powerLosses && random.oneIn(4), errors: errors)
        switch roles[index] {
        case .feeder:
            players[index] = processes.start("feeder", faults) { world.feed($0, seed, batches: 6) }
        case .reader:
            players[index] = processes.start("reader \(index)", faults) { world.follow($0, seed) }
        case .job(let number):
            players[index] = processes.start("job \(number)", faults) { world.work($0, number, seed, isLast: false) }
        }
    }

    /// All is fed, and read by one job after the other.
    private mutating func comeToTheEnd() {
        let seeds = (0..<5).map { _ in random.next() }
        alone("feeder") { process, world in world.feed(process, seeds[0], batches: .max) }
        // A run that reads what is there, and was broken off, comes to its own end first.
        for (step, number) in [0, 0, 1, 1].enumerated() {
            alone("job \(number)") { process, world in world.work(process, number, seeds[1 + step], isLast: true) }
        }
        alone("last reader") { process, world in world.compare(process) }
    }

    /// A process that nothing happens to, from its start to its end.
    private mutating func alone(_ name: String, _ body: @escaping @Sendable (SimulatedProcess, ChainWorld) -> Void) {
        let world = world
        let process = processes.start(name, .none) { body($0, world) }
        while !process.isOver, !isWrong {
            world.time.advance(milliseconds: 1)
            if !processes.step() { world.truth.lie("nobody can go on") }
        }
    }
}

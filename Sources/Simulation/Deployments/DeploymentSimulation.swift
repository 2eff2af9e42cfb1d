// A deployed job under fire: a producer fills a topic, versions of the job read it, each in a process of its own, and
// coordinators switch between them, to and fro. All are processes of one machine that fails; they are stopped, and go on late.
//
//     feeder ─▶ t0 ─▶ version 1 ─▶ output@1 ─┐
//               ├──▶ version 2 ─▶ output@2 ──┼─▶ the published name `output`
//               └──▶ version 3 ─▶ output@3 ──┘
//
// At every journal position somebody looks at, what is published under the name must come to what `RowModel` makes, of the
// version that is live there, of the rows that it has read.

import CommitLog
import Dataflow
import HostSystem

package struct DeploymentSimulation {
    package struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
        package var seed: UInt64
        package var turn: Int
        package var description: String
        /// The versions, as they were run.
        package var sql: String

        package var report: String {
            "seed \(seed), turn \(turn): \(description)\n\n\(sql)\n"
                + "swift run -c release Soak --seed \(seed) --only deployments --trace"
        }
    }

    private enum Role {
        case feeder
        case version(UInt32)
        case deployer
        case coordinator
        case reader
    }

    private static let mostRounds = 16

    private let seed: UInt64
    private let world: DeploymentWorld
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private var processes: SimulatedProcesses
    private let kills: Bool
    private let powerLosses: Bool
    private let errors: Bool
    private var roles: [Role] = [.feeder, .deployer, .coordinator, .reader]
    /// By role: who plays it now.
    private var players: [SimulatedProcess?] = []

    private init(seed: UInt64, safeguards: Safeguards) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        world = DeploymentWorld(&random, safeguards)
        kills = random.oneIn(2)
        powerLosses = random.oneIn(3)
        errors = random.oneIn(3)
        processes = SimulatedProcesses(disk, &random, stops: random.oneIn(2))
        for number in 1...world.versionCount { roles.append(.version(UInt32(number))) }
        if random.oneIn(3) { roles.append(.coordinator) }
        players = roles.map { _ in nil }
        self.random = random
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = DeploymentSimulation(seed: seed, safeguards: safeguards)
        if trace != nil { simulation.disk.startTracing() }
        defer { trace?(simulation.disk.trace) }
        simulation.run()
        simulation.processes.kill()
        return simulation.world.truth.lie.map {
            Violation(
                seed: seed, turn: simulation.processes.turns, description: $0,
                sql: simulation.world.sql.joined(separator: "\n"))
        }
    }

    /// How many switches have happened, of all seeds: a simulation that never switches proves nothing.
    package static func switches(seed: UInt64) -> Int {
        var simulation = DeploymentSimulation(seed: seed, safeguards: .all)
        simulation.run()
        simulation.processes.kill()
        return simulation.world.truth.switches
    }

    private var isWrong: Bool { world.truth.lie != nil }

    private mutating func run() {
        alone("set-up") { process, world in world.setUp(process) }
        let turns = 300 + random.below(2500)
        while processes.turns < turns, !isWrong {
            world.time.advance(milliseconds: Int64(random.below(5)))
            if powerLosses, random.oneIn(500) { disk.losePower() }
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
            players[index] = processes.start("reader", faults) { world.look($0) }
        case .deployer:
            players[index] = processes.start("deployer", faults) { world.deploy($0, seed) }
        case .coordinator:
            players[index] = processes.start("coordinator \(index)", faults) { world.switchVersions($0, seed) }
        case .version(let number):
            players[index] = processes.start("version \(number)", faults) {
                world.work($0, number, seed, isLast: false)
            }
        }
    }

    /// All is fed, the live version reads it all, and the others follow.
    private mutating func comeToTheEnd() {
        let seeds = (0...(4 * Self.mostRounds)).map { _ in random.next() }
        alone("feeder") { process, world in world.feed(process, seeds[0], batches: .max) }
        alone("last coordinator") { process, world in world.releaseWhatIsOpen(process) }
        // A version in the shadow goes on when the live one has.
        for round in 0..<Self.mostRounds where round < 2 || !world.truth.isAllRead {
            for number in 1...UInt32(world.versionCount) {
                alone("version \(number)") { process, world in
                    world.work(process, number, seeds[1 + round * 4 + Int(number)], isLast: true)
                }
            }
            alone("last reader") { process, world in world.lookWhetherAllIsRead(process) }
        }
        alone("last reader") { process, world in
            world.look(process)
            if !world.truth.isAllRead { world.truth.lie("the versions have not read all that there is in the end") }
        }
    }

    /// A process that nothing happens to, from its start to its end.
    private mutating func alone(_ name: String, _ body: @escaping @Sendable (SimulatedProcess, DeploymentWorld) -> Void)
    {
        guard !isWrong else { return }
        let world = world
        let process = processes.start(name, .none) { body($0, world) }
        while !process.isOver, !isWrong {
            world.time.advance(milliseconds: 1)
            if !processes.step() { world.truth.lie("nobody can go on") }
        }
    }
}

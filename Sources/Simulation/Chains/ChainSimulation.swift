// Two jobs in a chain under fire: a producer fills a topic while the first job reads it and fills a second one, which the
// second job reads and fills a third one with a table; readers follow both. All are processes of one machine that fails,
// and each dies and goes on by itself.
//
//     feeder ─▶ t0 ─▶ job "first" ─▶ middle ─▶ job "second" ─▶ last
//                                      └▶ readers                └▶ readers
//
// When all is read, both topics must hold what `RowModel` makes of the rows of t0; and whoever has followed them has seen
// what a reader sees who comes then.

import HostSystem

package struct ChainSimulation {
    private let world: ChainWorld
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private var roles: SimulatedRoles

    private init(seed: UInt64, safeguards: Safeguards) {
        var random = SplitMix64(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        let world = ChainWorld(&random, safeguards)
        let weather = SimulatedRoles.Weather(&random)
        roles = SimulatedRoles(
            &random, disk, world.jobs.log.time, world.truth, weather,
            SimulatedRoles.Pace(
                turnMilliseconds: 5, shiftsClock: false, turnsPerPowerLoss: 400, operations: 400))
        roles.add("feeder") { world.jobs.feed($0, $1, batches: 6) }
        for number in 0...1 { roles.add("job \(number)") { world.work($0, number, $1, isLast: false) } }
        for number in 0..<random.below(3) { roles.add("reader \(number)") { world.follow($0, $1) } }
        self.world = world
        self.random = random
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> SimulationViolation? {
        var simulation = ChainSimulation(seed: seed, safeguards: safeguards)
        simulation.disk.traced(to: trace) { simulation.run() }
        let world = simulation.world
        return world.truth.lie.map {
            SimulationViolation(
                simulation: "chains", seed: seed, turn: simulation.roles.turns, description: $0, sql: world.sql)
        }
    }

    /// In the end all is fed, and read by one job after the other.
    private mutating func run() {
        let world = world
        roles.alone("set-up") { world.jobs.createInput($0) }
        roles.play(untilTurn: 200 + random.below(1500), &random)
        let seeds = (0..<5).map { _ in random.next() }
        roles.alone("feeder") { world.jobs.feed($0, seeds[0]) }
        // A run that reads what is there, and was broken off, comes to its own end first.
        for (step, number) in [0, 0, 1, 1].enumerated() {
            roles.alone("job \(number)") { world.work($0, number, seeds[1 + step], isLast: true) }
        }
        roles.alone("last reader") { world.compare($0) }
    }
}

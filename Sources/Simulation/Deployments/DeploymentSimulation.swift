// A deployed job under fire: a producer fills a topic, versions of the job read it, each in a process of its own, and
// coordinators switch between them, to and fro. All are processes of one machine that fails; they are stopped, and go on late.
//
//     feeder ─▶ t0 ─▶ version 1 ─▶ output@1 ─┐
//               ├──▶ version 2 ─▶ output@2 ──┼─▶ the published name `output`
//               └──▶ version 3 ─▶ output@3 ──┘
//
// At every journal position somebody looks at, what is published under the name must come to what `RowModel` makes, of the
// version that is live there, of the rows that it has read.

import HostSystem

package struct DeploymentSimulation {
    private static let mostRounds = 16

    private let world: DeploymentWorld
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private var roles: SimulatedRoles

    private init(seed: UInt64, safeguards: Safeguards) {
        var random = SplitMix64(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        let world = DeploymentWorld(&random, safeguards)
        let weather = SimulatedRoles.Weather(&random)
        roles = SimulatedRoles(
            &random, disk, world.jobs.log.time, world.truth, weather,
            SimulatedRoles.Pace(
                turnMilliseconds: 5, shiftsClock: false, turnsPerPowerLoss: 500, operations: 400))
        roles.add("feeder") { world.jobs.feed($0, $1, batches: 6) }
        roles.add("deployer") { world.deploy($0, $1) }
        roles.add("reader") { process, _ in world.look(process) }
        for number in 1...UInt32(world.versionCount) {
            roles.add("version \(number)") { world.work($0, number, $1, isLast: false) }
        }
        for number in 0..<(random.oneIn(3) ? 2 : 1) {
            roles.add("coordinator \(number)") { world.switchVersions($0, $1) }
        }
        self.world = world
        self.random = random
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> SimulationViolation? {
        var simulation = DeploymentSimulation(seed: seed, safeguards: safeguards)
        simulation.disk.traced(to: trace) { simulation.run() }
        let world = simulation.world
        return world.truth.lie.map {
            SimulationViolation(
                simulation: "deployments", seed: seed, turn: simulation.roles.turns, description: $0, sql: world.sql)
        }
    }

    /// How many switches have happened, of all seeds: a simulation that never switches proves nothing.
    package static func switches(seed: UInt64) -> Int {
        var simulation = DeploymentSimulation(seed: seed, safeguards: .all)
        simulation.run()
        return simulation.world.truth.switches
    }

    /// In the end all is fed, the live version reads it all, and the others follow.
    private mutating func run() {
        let world = world
        roles.alone("set-up") { world.setUp($0) }
        roles.play(untilTurn: 300 + random.below(2500), &random)
        let seed = random.next()
        roles.alone("feeder") { world.jobs.feed($0, seed) }
        roles.alone("last coordinator") { world.releaseWhatIsOpen($0) }
        // A version in the shadow goes on when the live one has.
        for round in 0..<Self.mostRounds where round < 2 || !world.truth.isAllRead {
            for number in 1...UInt32(world.versionCount) {
                let seed = random.next()
                roles.alone("version \(number)") { world.work($0, number, seed, isLast: true) }
            }
            roles.alone("last reader") { world.lookWhetherAllIsRead($0) }
        }
        roles.alone("last reader") { process in
            world.look(process)
            if !world.truth.isAllRead { world.truth.lie("the versions have not read all that there is in the end") }
        }
    }
}

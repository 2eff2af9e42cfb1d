// Topics under fire. Producers, idempotent ones and others, several at one topic; readers that begin at the first row or
// anywhere, follow, and read again; somebody who makes topics, adds columns, gives up old rows and deletes topics: each a
// process on a machine that fails. Processes die at any operation, or are stopped and go on late; the machine loses its
// power, its disk is full, or fails. What anybody is told is judged by `TopicTruth`.

import HostSystem

package struct TopicSimulation {
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private let world: TopicWorld
    /// The names of those that are idempotent; nil: one that is not.
    private var producers: [String?] = []
    private var roles: SimulatedRoles

    private init(seed: UInt64, safeguards: Safeguards) {
        var random = SplitMix64(seed: seed)
        let weather = SimulatedRoles.Weather(&random)
        let (deletes, drops) = (random.oneIn(4), random.oneIn(4))
        disk = SimulatedDisk(seed: random.next())
        let world = TopicWorld(&random, safeguards)
        roles = SimulatedRoles(
            &random, disk, world.log.time, world.truth, weather,
            SimulatedRoles.Pace(
                turnMilliseconds: [2, 5, 20][random.below(3)], shiftsClock: true, turnsPerPowerLoss: 150, operations: 80
            ))
        for number in 0..<(1 + random.below(4)) {
            // Two of one name: one that was given up, and its successor.
            let id = random.oneIn(2) ? "producer-\(number / 2)" : nil
            producers.append(id)
            roles.add("producer \(number)") { world.produce($0, $1, id: id) }
        }
        for number in 0..<(1 + random.below(3)) { roles.add("reader \(number)") { world.consume($0, $1) } }
        roles.add("administrator") { world.administer($0, $1, deletes: deletes, drops: drops) }
        self.world = world
        self.random = random
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> SimulationViolation? {
        var simulation = TopicSimulation(seed: seed, safeguards: safeguards)
        simulation.disk.traced(to: trace) { simulation.run() }
        return simulation.world.truth.lie.map {
            SimulationViolation(simulation: "topics", seed: seed, turn: simulation.roles.turns, description: $0)
        }
    }

    private mutating func run() {
        let (world, seed) = (world, random.next())
        roles.alone("set-up") { world.createAll($0, seed) }
        roles.play(untilTurn: 100 + random.below(500), &random)
        for (number, id) in producers.enumerated() where random.oneIn(2) {
            let seed = random.next()
            roles.alone("producer \(number)") { world.produce($0, seed, id: id, publishes: 2) }
        }
        // Everybody sees the same.
        for reader in ["first", "second"] { roles.alone(reader) { world.readAll($0) } }
    }
}

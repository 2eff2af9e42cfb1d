// Topics under fire. Producers, idempotent ones and others, several at one topic; readers that begin at the first row or
// anywhere, follow, and read again; somebody who makes topics, adds columns, gives up old rows and deletes topics: each a
// process on a machine that fails. Processes die at any operation, or are stopped and go on late; the machine loses its
// power, its disk is full, or fails. What anybody is told is judged by `TopicTruth`.

import CommitLog
import Dataflow
import HostSystem

package struct TopicSimulation {
    package struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
        package var seed: UInt64
        package var turn: Int
        package var description: String
    }

    /// What may happen in this seed's run.
    private struct Weather {
        var kills: Bool
        var powerLosses: Bool
        var errors: Bool
        var stops: Bool
        var deletes: Bool
        var drops: Bool

        init(_ random: inout SplitMix64) {
            kills = random.oneIn(2)
            powerLosses = random.oneIn(2)
            errors = random.oneIn(3)
            stops = random.oneIn(2)
            deletes = random.oneIn(4)
            drops = random.oneIn(4)
        }
    }

    private enum Role {
        case producer(id: String?)
        case reader
        case administrator
    }

    private let seed: UInt64
    private let weather: Weather
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private let time = SimulatedTime()
    private let world: TopicWorld
    private var roles: [Role] = []
    /// By role: who plays it now.
    private var players: [SimulatedProcess?] = []
    private var processes: SimulatedProcesses

    private init(seed: UInt64, safeguards: Safeguards) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        weather = Weather(&random)
        disk = SimulatedDisk(seed: random.next())
        world = TopicWorld(&random, time, safeguards)
        processes = SimulatedProcesses(disk, &random, stops: weather.stops)
        for number in 0..<(1 + random.below(4)) {
            // Two of one name: one that was given up, and its successor.
            roles.append(.producer(id: random.oneIn(2) ? "producer-\(number / 2)" : nil))
        }
        for _ in 0..<(1 + random.below(3)) { roles.append(.reader) }
        roles.append(.administrator)
        players = roles.map { _ in nil }
        self.random = random
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = TopicSimulation(seed: seed, safeguards: safeguards)
        if trace != nil { simulation.disk.startTracing() }
        defer { trace?(simulation.disk.trace) }
        simulation.run()
        simulation.processes.kill()
        return simulation.world.truth.lie.map {
            Violation(seed: seed, turn: simulation.processes.turns, description: $0)
        }
    }

    private var isWrong: Bool { world.truth.lie != nil }

    private mutating func run() {
        let seed = random.next()
        alone("set-up") { process, world in world.createAll(process, seed) }
        let turns = 100 + random.below(500)
        while processes.turns < turns, !isWrong {
            time.advance(milliseconds: Int64(random.below(20)))
            if random.oneIn(100) { time.shiftWall(milliseconds: Int64(random.below(20_000)) - 10_000) }
            if weather.powerLosses, random.oneIn(150) { disk.losePower() }
            for index in roles.indices where players[index]?.isOver != false && random.oneIn(10) { start(index) }
            if !processes.step() { world.truth.lie("nobody can go on") }
        }
        endInPeace()
    }

    private mutating func start(_ index: Int) {
        let (world, seed, deletes, drops) = (world, random.next(), weather.deletes, weather.drops)
        let faults = FaultPlan(
            drawnFrom: &random, within: 80, kills: weather.kills && random.oneIn(2),
            powerLoss: weather.powerLosses && random.oneIn(4), errors: weather.errors)
        players[index] =
            switch roles[index] {
            case .producer(let id):
                processes.start("producer \(index)", faults) { world.produce($0, seed, id: id) }
            case .reader:
                processes.start("reader \(index)", faults) { world.consume($0, seed) }
            case .administrator:
                processes.start("administrator", faults) {
                    world.administer($0, seed, deletes: deletes, drops: drops)
                }
            }
    }

    /// Some finish what they do, some do not; then everybody sees the same.
    private mutating func endInPeace() {
        let last = processes.turns + 2000
        while random.oneIn(2) == false, processes.turns < last, !processes.processes.isEmpty, !isWrong {
            time.advance(milliseconds: 5)
            if !processes.step() { world.truth.lie("nobody can go on") }
        }
        processes.kill()
        if weather.powerLosses, random.oneIn(2) { disk.losePower() }
        for index in roles.indices {
            guard case .producer(let id) = roles[index], random.oneIn(2) else { continue }
            let seed = random.next()
            alone("producer \(index)") { process, world in world.produce(process, seed, id: id, publishes: 2) }
        }
        for reader in ["first", "second"] {
            alone(reader) { process, world in world.readAll(process) }
        }
    }

    /// A process that nothing happens to, from its start to its end.
    private mutating func alone(_ name: String, _ body: @escaping @Sendable (SimulatedProcess, TopicWorld) -> Void) {
        let world = world
        let process = processes.start(name, .none) { body($0, world) }
        while !process.isOver, !isWrong {
            time.advance(milliseconds: 5)
            if !processes.step() { world.truth.lie("nobody can go on") }
        }
    }
}

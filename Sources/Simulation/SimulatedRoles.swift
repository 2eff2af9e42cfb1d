// Roles that processes of one machine play while it fails: the frame of simulations of several processes. Whoever plays a
// role dies or ends, and some time later another process plays it. What it does, and what must hold, is the simulation's.

import HostSystem

/// Knows what must hold.
protocol SimulationTruth: AnyObject, Sendable {
    /// The first promise that was broken.
    var lie: String? { get }
    func lie(_ text: String)
}

struct SimulatedRoles {
    /// What may happen in a seed's run: fewer kinds at a time go deeper.
    struct Weather {
        var kills: Bool
        var powerLosses: Bool
        var errors: Bool
        var stops: Bool

        init(_ random: inout SplitMix64) {
            kills = random.oneIn(2)
            powerLosses = random.oneIn(2)
            errors = random.oneIn(3)
            stops = random.oneIn(2)
        }
    }

    struct Pace {
        /// Less than this passes in a turn.
        var turnMilliseconds: Int
        /// Somebody sets the wall clock now and then.
        var shiftsClock: Bool
        /// In how many turns the power goes once by itself.
        var turnsPerPowerLoss: Int
        /// Of a process, within which faults strike.
        var operations: Int
    }

    private struct Role {
        var name: String
        var play: @Sendable (SimulatedProcess, UInt64) -> Void
    }

    private let time: SimulatedTime
    private let disk: SimulatedDisk
    private let truth: any SimulationTruth
    private let weather: Weather
    private let pace: Pace
    private var processes: SimulatedProcesses
    private var roles: [Role] = []
    /// By role: who plays it now.
    private var players: [SimulatedProcess?] = []
    /// The power goes when others have built on what somebody left who died.
    private var powerLossTurn = Int.max

    init(
        _ random: inout SplitMix64, _ disk: SimulatedDisk, _ time: SimulatedTime, _ truth: any SimulationTruth,
        _ weather: Weather, _ pace: Pace
    ) {
        self.disk = disk
        self.time = time
        self.truth = truth
        self.weather = weather
        self.pace = pace
        processes = SimulatedProcesses(disk, &random, stops: weather.stops)
    }

    /// - Parameter play: what a process does, with chances of its own.
    mutating func add(_ name: String, _ play: @escaping @Sendable (SimulatedProcess, _ seed: UInt64) -> Void) {
        roles.append(Role(name: name, play: play))
        players.append(nil)
    }

    var turns: Int { processes.turns }
    private var isWrong: Bool { truth.lie != nil }

    /// All roles are played, until the given turn; then nobody lives, and what was not synced may be gone.
    mutating func play(untilTurn end: Int, _ random: inout SplitMix64) {
        while turns < end, !isWrong {
            time.advance(milliseconds: Int64(random.below(pace.turnMilliseconds)))
            if pace.shiftsClock, random.oneIn(100) {
                time.shiftWall(milliseconds: Int64(random.below(20_000)) - 10_000)
            }
            if weather.powerLosses, random.oneIn(pace.turnsPerPowerLoss) || turns >= powerLossTurn {
                disk.losePower()
                powerLossTurn = .max
            }
            for index in roles.indices where players[index]?.isOver != false && random.oneIn(10) {
                start(index, &random)
            }
            step()
        }
        processes.kill()
        if weather.powerLosses, random.oneIn(2) { disk.losePower() }
    }

    private mutating func start(_ index: Int, _ random: inout SplitMix64) {
        if players[index]?.files.isKilled == true, random.oneIn(2) {
            powerLossTurn = min(powerLossTurn, turns + random.below(pace.turnsPerPowerLoss >> random.below(5)))
        }
        let (role, seed) = (roles[index], random.next())
        let faults = FaultPlan(
            drawnFrom: &random, within: pace.operations, kills: weather.kills && random.oneIn(2),
            powerLoss: weather.powerLosses && random.oneIn(4), errors: weather.errors)
        players[index] = processes.start(role.name, faults) { role.play($0, seed) }
    }

    private mutating func step() {
        if !processes.step() { truth.lie("nobody can go on") }
    }

    /// A process that nothing happens to, from its start to its end.
    mutating func alone(_ name: String, _ body: @escaping @Sendable (SimulatedProcess) -> Void) {
        guard !isWrong else { return }
        let process = processes.start(name, .none, body)
        while !process.isOver, !isWrong {
            time.advance(milliseconds: Int64(max(1, pace.turnMilliseconds / 4)))
            step()
        }
        if isWrong { processes.kill() }
    }
}

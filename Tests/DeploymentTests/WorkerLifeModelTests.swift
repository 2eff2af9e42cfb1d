import Deployment
import Testing

/// Every life of at most so many events, with a process that starts, ends and is adopted as it likes.
@Suite struct WorkerLifeModelTests {
    /// The life, and what is true outside of it.
    private struct World: Hashable {
        var life: WorkerLife
        /// The worker's process is there.
        var isAlive = false
        /// What somebody asked for last.
        var isWanted: Bool
    }

    private enum Ask: CaseIterable {
        case start, stop, kill
    }

    private static let endings: [WorkerEnding] = [.exit(0), .exit(1), .exit(4), .exit(70), .signal(9), .unseen]

    private static var policy: RestartPolicy {
        var policy = RestartPolicy()
        policy.crashLoopEnds = 3
        return policy
    }

    /// All worlds that an event leads to: what is done about it has several outcomes.
    private static func next(_ world: World, _ event: WorkerLife.Event, at now: Int64 = 0) throws -> [World] {
        var world = world
        let actions = world.life.handle(event, now: now, random: 0)
        var worlds = [world]
        for action in actions { worlds = try worlds.flatMap { try perform(action, $0) } }
        for world in worlds {
            switch world.life.state {
            case .running, .stopping, .killing: try #require(world.isAlive, "\(event): \(world.life.state)")
            case .waiting, .resting: try #require(!world.isAlive, "\(event): \(world.life.state)")
            case .looking, .starting: Issue.record("\(event): nobody answers \(world.life.state)")
            }
            if case .running = world.life.state { try #require(world.isWanted) }
            if case .waiting = world.life.state { try #require(world.isWanted) }
        }
        return worlds
    }

    private static func perform(_ action: WorkerLife.Action, _ world: World) throws -> [World] {
        switch action {
        case .look:
            guard world.isAlive else {
                // Somebody may have started it by hand.
                var other = world
                other.isAlive = true
                return try answer(world, .free) + answer(other, .heldBySomebody) + answer(world, .cannotLook)
            }
            return try answer(world, .heldBySomebody)
        case .start:
            try #require(!world.isAlive, "two at once")
            try #require(world.isWanted, "unwanted")
            var started = world
            started.isAlive = true
            return try answer(started, .started) + answer(world, .notStarted(code: 11))
                + answer(world, .notStarted(code: 2))
        case .terminate, .kill:
            try #require(world.isAlive)
            return [world]
        case .tellRestart, .tellRest:
            try #require(!world.isAlive)
            return [world]
        }
    }

    private static func answer(_ world: World, _ event: WorkerLife.Event) throws -> [World] {
        var world = world
        let actions = world.life.handle(event, now: 0, random: 0)
        var worlds = [world]
        for action in actions { worlds = try worlds.flatMap { try perform(action, $0) } }
        return worlds
    }

    private static func successors(_ world: World) throws -> [World] {
        var all: [World] = []
        for ask in Ask.allCases {
            var asked = world
            asked.isWanted = ask == .start
            switch ask {
            case .start: all += try next(asked, .startWanted)
            case .stop: all += try next(asked, .stopWanted(withinMilliseconds: 5))
            case .kill: all += try next(asked, .killWanted)
            }
        }
        if world.isAlive {
            var ended = world
            ended.isAlive = false
            for ending in endings { all += try next(ended, .ended(ending, checkpoint: nil)) }
        }
        if let deadline = world.life.deadline { all += try next(world, .timeIsUp, at: deadline) }
        // Events that come too late, or twice, change nothing.
        let stale: [WorkerLife.Event] = [
            .started, .free, .heldBySomebody, .cannotLook, .notStarted(code: 2), .timeIsUp,
        ]
        for event in stale where world.life.deadline == nil || event != .timeIsUp {
            var life = world.life
            let actions = life.handle(event, now: 0, random: 0)
            try #require(actions.isEmpty && life == world.life, "\(event) in \(world.life.state)")
        }
        return all
    }

    @Test func noWorkerIsStartedTwiceOrUnwantedOrForgotten() throws {
        var seen: Set<World> = []
        for isWanted in [true, false] {
            let begin = World(life: WorkerLife(isWanted: isWanted, policy: Self.policy), isWanted: isWanted)
            for world in try Self.perform(.look, begin) { seen.insert(world) }
        }
        var edge = Array(seen)
        for _ in 0..<7 {
            var following: [World] = []
            for world in edge {
                for next in try Self.successors(world) where seen.insert(next).inserted { following.append(next) }
            }
            edge = following
        }
        #expect(seen.count > 400)
        for world in seen { try Self.comesToRest(world) }
    }

    /// Whoever is stopped stops, by itself or by force.
    private static func comesToRest(_ world: World) throws {
        var world = world
        world.isWanted = false
        for stopped in try next(world, .stopWanted(withinMilliseconds: 5)) {
            var stopped = stopped
            if stopped.life.rest != nil { continue }
            if let deadline = stopped.life.deadline {
                #expect(stopped.life.handle(.timeIsUp, now: deadline, random: 0) == [.kill])
            }
            try #require(stopped.life.state == .killing)
            _ = stopped.life.handle(.ended(.signal(9), checkpoint: nil), now: 0, random: 0)
            #expect(stopped.life.rest == .stopped)
        }
    }
}

import HostSystem

// Who goes next. Fair chance alone would hardly ever leave one subtask far behind the others, so a seed also draws a habit.

struct SimulatedSchedule {
    private enum Habit {
        case fair
        /// Whoever goes, goes on for a while.
        case bursts
        /// One of them hardly ever has its turn.
        case oneIsSlow(Int)
        /// The first of those that can go.
        case inOrder
        /// The last of the subtasks that can go.
        case backwards
    }

    private var random: SplitMix64
    private let habit: Habit
    private let pauseMilliseconds: Int
    private var burst = 0
    private var last = 0

    init(_ random: inout SplitMix64) {
        self.random = SplitMix64(seed: random.next())
        switch random.below(7) {
        case 0: habit = .inOrder
        case 1: habit = .backwards
        case 2, 3: habit = .bursts
        case 4: habit = .oneIsSlow(random.below(16))
        default: habit = .fair
        }
        pauseMilliseconds = [0, 1, 10, 400][random.below(4)]
    }

    /// One of the candidates, which are numbers that stay theirs.
    mutating func choose(_ candidates: [Int]) -> Int {
        if random.oneIn(16) { return candidates[random.below(candidates.count)] }
        switch habit {
        case .fair: return candidates[random.below(candidates.count)]
        case .inOrder: return candidates[0]
        case .backwards: return candidates.last { $0 < SimulatedRunner.coordinatorTurn } ?? candidates[0]
        case .bursts:
            burst -= 1
            if burst <= 0 || !candidates.contains(last) {
                burst = 1 + random.below(30)
                last = candidates[random.below(candidates.count)]
            }
            return last
        case .oneIsSlow(let slow):
            let others = candidates.filter { $0 != slow }
            return others.isEmpty ? slow : others[random.below(others.count)]
        }
    }

    /// How far somebody sets the wall clock now; nearly always nobody does.
    mutating func clockShift() -> Int64 {
        random.oneIn(500) ? Int64(random.below(20_000)) - 10_000 : 0
    }

    /// How much time passes now.
    mutating func pause() -> Int64 {
        guard pauseMilliseconds > 0, random.oneIn(4) else { return 0 }
        return Int64(random.below(pauseMilliseconds + 1))
    }
}

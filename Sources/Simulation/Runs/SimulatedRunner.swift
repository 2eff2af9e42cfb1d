import Dataflow
import HostSystem
import KeyedState

// Runs an execution on one thread: its subtasks, the coordinator and the background take turns as the schedule says.
//
// A subtask that has said "blocked" goes on when its doorbell was rung, as on a thread of its own: a ring that is forgotten
// is a run in which nobody can go on.

final class SimulatedRunner: ExecutionRunner {
    private static let mostSteps = 400_000
    static let coordinatorTurn = 1000
    private static let backgroundTurn = 1001

    private let time: SimulatedTime
    private let files: SimulatedFileSystem
    private let background: SimulatedBackground
    private let events: EventQueue
    private var schedule: SimulatedSchedule
    /// Turns until somebody asks for a last checkpoint; nil: nobody does.
    private let turnsBeforeStop: Int?
    /// Between being told to read nothing, and to go on; nil: nobody says so.
    private let turnsBetweenPauses: Int?
    private let parallelism: Int
    /// It went on with another parallelism than the last checkpoint was made with.
    private(set) var hasRescaled = false
    /// It went on with the same one, and has published all that was committed before.
    private(set) var hasGoneOn = false
    /// Why the run can have no good end.
    private(set) var violation: String?

    /// Who has made progress how often, lately.
    private var recent: [String: Int] = [:]

    private enum Standing { case ready, blocked, gone }
    private var standing: [Standing] = []

    init(
        files: SimulatedFileSystem, time: SimulatedTime, background: SimulatedBackground, events: EventQueue,
        schedule: SimulatedSchedule, parallelism: Int, turnsBeforeStop: Int?, turnsBetweenPauses: Int? = nil
    ) {
        self.turnsBetweenPauses = turnsBetweenPauses
        self.files = files
        self.time = time
        self.background = background
        self.events = events
        self.schedule = schedule
        self.parallelism = parallelism
        self.turnsBeforeStop = turnsBeforeStop
    }

    func run(_ execution: JobExecution, from record: CheckpointRecord?) throws(JobFailure) -> BarrierKind {
        defer { execution.close() }
        let isSame = record.map { $0.parallelism == parallelism } ?? true
        if !isSame { hasRescaled = true }
        try execution.start(from: record)
        if isSame { hasGoneOn = true }
        standing = execution.subtasks.map { _ in .ready }
        for turn in 0..<Self.mostSteps {
            if files.isDead { throw Self.death }
            if turn % 10_000 == 0 { recent.removeAll() }
            if turn == turnsBeforeStop { events.post(.stopRequested) }
            if let turnsBetweenPauses, turn % turnsBetweenPauses == 0 {
                events.post(.paceRequested(isPaused: turn / turnsBetweenPauses % 2 == 1) { _ in })
            }
            time.advance(milliseconds: schedule.pause())
            time.shiftWall(milliseconds: schedule.clockShift())
            if let kind = try takeTurn(execution) { return kind }
        }
        let busy = recent.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        violation = "after \(Self.mostSteps) turns the run has not ended; who has made progress lately: \(busy)"
        throw Self.death
    }

    static let death = JobFailure(.world, "the process is dead")

    private func takeTurn(_ execution: JobExecution) throws(JobFailure) -> BarrierKind? {
        var candidates = ready(execution.subtasks)
        let othersWait = candidates.isEmpty && !background.hasWork
        candidates.append(Self.coordinatorTurn)
        if background.hasWork { candidates.append(Self.backgroundTurn) }
        switch schedule.choose(candidates) {
        case Self.backgroundTurn: background.step()
        case Self.coordinatorTurn:
            switch try execution.step() {
            case .madeProgress: recent["coordinator", default: 0] += 1
            case .ended(let kind): return kind
            case .wait(let until):
                if othersWait, ready(execution.subtasks).isEmpty, !background.hasWork { try sleep(until, execution) }
            }
        case let index: step(execution.subtasks[index], index)
        }
        return nil
    }

    /// Those whose turn may come.
    private func ready(_ subtasks: [AssembledSubtask]) -> [Int] {
        subtasks.indices.filter { index in
            if standing[index] == .blocked, subtasks[index].control.doorbell.poll() { standing[index] = .ready }
            return standing[index] == .ready
        }
    }

    /// A failure is told as a thread would tell it.
    private func step(_ assembled: AssembledSubtask, _ index: Int) {
        do throws(JobFailure) {
            switch try assembled.subtask.step() {
            case .madeProgress: recent[assembled.subtask.name, default: 0] += 1
            case .blocked: standing[index] = .blocked
            case .finished: standing[index] = .gone
            }
        } catch {
            standing[index] = .gone
            events.post(.failed(error))
        }
    }

    /// Nobody can go on before this time.
    private func sleep(_ until: Int64?, _ execution: JobExecution) throws(JobFailure) {
        let now = time.monotonicNanoseconds()
        guard let until else {
            let names = execution.subtasks.indices.filter { standing[$0] == .blocked }.map {
                execution.subtasks[$0].subtask.name
            }
            violation = "nobody can go on; blocked: " + names.joined(separator: ", ")
            throw Self.death
        }
        time.advance(milliseconds: max(1, (until - now + 999_999) / 1_000_000))
    }
}

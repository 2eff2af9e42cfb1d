// Processes of one machine beside each other. Each has a thread of its own, and only the one whose turn it is moves: it may
// lose the turn before any operation on files, and always does while somebody else holds a lock that it waits for. A
// process that is stopped has no turn until it is continued, whatever it holds. Nothing runs at the same time, so that a
// seed decides it all.

import Dataflow
import HostSystem

/// `@unchecked Sendable`: whoever has the turn is the only one to touch anything; doorbells hand it over.
final class SimulatedProcess: @unchecked Sendable {
    let name: String
    let files: SimulatedFileSystem
    private let turn = Doorbell()
    private let back = Doorbell()
    private var thread: WorkerThread?
    /// Operations that it may still do in this turn.
    private var left = 0
    /// The path of the lock that it waits for.
    fileprivate private(set) var awaited: String?
    private(set) var isOver = false
    /// It has no turn before.
    fileprivate var sleepsUntil = 0
    fileprivate var now = 0

    fileprivate init(
        _ name: String, _ files: SimulatedFileSystem, _ body: @escaping @Sendable (SimulatedProcess) -> Void
    ) {
        self.name = name
        self.files = files
        files.beforeOperation { [unowned self] lock in pause(lock) }
        thread = WorkerThread(name: "simulated") { [unowned self] in
            turn.wait()
            body(self)
            isOver = true
            back.ring()
        }
    }

    /// Called by the process itself.
    private func pause(_ lock: String?) {
        guard !isOver, !files.isDead else { return }
        awaited = lock
        left -= 1
        if lock == nil, left > 0 { return }
        giveTurnBack()
        awaited = nil
    }

    /// The process gives its turn back, and has none for so many.
    func rest(turns: Int) {
        guard !files.isDead else { return }
        sleepsUntil = now + turns
        giveTurnBack()
    }

    private func giveTurnBack() {
        back.ring()
        turn.wait()
    }

    fileprivate func go(_ operations: Int, at now: Int) {
        left = operations
        self.now = now
        turn.ring()
        back.wait()
        if isOver { thread?.join() }
    }
}

struct SimulatedProcesses {
    private let disk: SimulatedDisk
    private var random: SplitMix64
    /// How many operations a turn has, more or less.
    private let pace: Int
    private let stops: Bool
    private(set) var processes: [SimulatedProcess] = []
    private(set) var turns = 0

    /// - Parameter stops: some are stopped now and then, and continued late.
    init(_ disk: SimulatedDisk, _ random: inout SplitMix64, stops: Bool) {
        self.disk = disk
        self.random = SplitMix64(seed: random.next())
        self.stops = stops
        pace = [1, 3, 10, 40][random.below(4)]
    }

    mutating func start(
        _ name: String, _ faults: FaultPlan, _ body: @escaping @Sendable (SimulatedProcess) -> Void
    ) -> SimulatedProcess {
        let process = SimulatedProcess(name, disk.start(faults), body)
        processes.append(process)
        return process
    }

    /// Somebody goes on for a while. False: nobody ever can.
    mutating func step() -> Bool {
        processes.removeAll(where: \.isOver)
        turns += 1
        guard !processes.isEmpty else { return true }
        var ready = runnable
        if ready.isEmpty {
            guard let next = processes.filter({ $0.sleepsUntil > turns }).map(\.sleepsUntil).min() else { return false }
            turns = next
            ready = runnable
            if ready.isEmpty { return true }
        }
        let chosen = ready[random.below(ready.count)]
        chosen.go(1 + random.below(2 * pace), at: turns)
        if chosen.isOver {
            processes.removeAll { $0 === chosen }
        } else if stops, random.oneIn(20) {
            chosen.sleepsUntil = turns + 20 + random.below(200)
        }
        return true
    }

    /// Those that are not stopped, and whose lock is free; the dead, who find out.
    private var runnable: [SimulatedProcess] {
        processes.filter { process in
            if process.files.isDead { return true }
            return process.sleepsUntil <= turns && process.awaited.map { !disk.isLocked($0) } ?? true
        }
    }

    /// Ends them all.
    mutating func kill() {
        for process in processes {
            process.files.kill()
            while !process.isOver { process.go(1, at: turns) }
        }
        processes.removeAll()
    }
}

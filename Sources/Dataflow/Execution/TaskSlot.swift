// One thread, and what runs on it: of every vertex the subtask with the slot's index, so that a job takes as many threads
// as it is parallel. The subtask that is furthest from the sources goes first: rows are used up while the cache still has
// them, and little waits in channels.

import Synchronization

/// The subtasks on their way to the thread that will own them, and then the loop of that thread.
///
/// `@unchecked Sendable`: made by the thread that built the subtasks, which touches neither them nor their links again
/// before the new thread has been joined.
final class TaskSlot: @unchecked Sendable {
    private enum Standing { case ready, blocked, gone }

    let index: Int
    private let subtasks: [AssembledSubtask]
    private let doorbell: Doorbell
    private let events: EventQueue
    private var standing: [Standing]
    /// A `ThreadWeight`.
    private let wantedWeight = Atomic<UInt8>(ThreadWeight.full.rawValue)

    /// - Parameters:
    ///   - index: of its subtasks among their parallel ones.
    ///   - subtasks: those that are fed behind those that feed.
    ///   - doorbell: rings with that of each subtask.
    init(_ index: Int, _ subtasks: [AssembledSubtask], doorbell: Doorbell, events: EventQueue) {
        self.index = index
        self.subtasks = subtasks
        self.doorbell = doorbell
        self.events = events
        standing = subtasks.map { _ in .ready }
    }

    /// What the thread that runs this is to weigh, from its next step on.
    func weigh(_ weight: ThreadWeight) {
        wantedWeight.store(weight.rawValue, ordering: .relaxed)
        doorbell.ring()
    }

    /// Steps until all are finished, one has failed, or the run is cancelled; or until its thread, which has a full weight
    /// at first, is to weigh more again: then another is asked for.
    func run() {
        var weight = ThreadWeight.full
        do throws(JobFailure) {
            var hasLooked = false
            while !isCancelled, standing.contains(where: { $0 != .gone }) {
                if wantedWeight.load(ordering: .relaxed) != weight.rawValue {
                    if weight == .little { return events.post(.threadWanted(slot: index)) }
                    WorkerThread.lowerWeight()
                    weight = .little
                }
                wakeThoseRung()
                if let next = standing.lastIndex(of: .ready) {
                    if try step(next) { hasLooked = false }
                } else if hasLooked {
                    doorbell.wait()
                } else {
                    // Channels wake for some batches at a time: who would sleep takes the first of them.
                    hasLooked = true
                    for index in standing.indices where standing[index] == .blocked { standing[index] = .ready }
                }
            }
        } catch {
            events.post(.failed(error))
        }
    }

    private var isCancelled: Bool { subtasks.contains { $0.control.isCancelled } }

    private func wakeThoseRung() {
        for index in standing.indices where standing[index] == .blocked && subtasks[index].control.doorbell.poll() {
            standing[index] = .ready
        }
    }

    /// - Returns: whether it made progress.
    private func step(_ index: Int) throws(JobFailure) -> Bool {
        switch try subtasks[index].subtask.step() {
        case .madeProgress: return true
        case .blocked: standing[index] = .blocked
        case .finished: standing[index] = .gone
        }
        return false
    }
}

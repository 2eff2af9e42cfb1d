// The threads of a run's task slots, and what they weigh against all other threads of the machine: those of a version that
// is not live weigh little.
//
// A thread lowers its own weight, and may not raise it again: that takes a right that users do not have. Nor may it start a
// thread that weighs more. So a slot that is to weigh more leaves its thread between two steps, where nothing of it is on
// the stack, and the thread that runs the job, which always has its full weight, gives it a new one.

final class SlotThreads {
    private let slots: [TaskSlot]
    private var threads: [WorkerThread] = []
    private var weight: ThreadWeight

    init(_ slots: [TaskSlot], _ weight: ThreadWeight) {
        self.slots = slots
        self.weight = weight
        for slot in slots { slot.weigh(weight) }
        threads = slots.map(Self.thread)
    }

    private static func thread(_ slot: TaskSlot) -> WorkerThread {
        WorkerThread(name: "TaskSlot \(slot.index + 1)") { slot.run() }
    }

    /// All do so soon: nobody is waited for.
    func weigh(_ wanted: ThreadWeight) {
        guard wanted != weight else { return }
        weight = wanted
        for slot in slots { slot.weigh(wanted) }
    }

    /// The slot has left its thread.
    func goOn(slot: Int) {
        threads[slot].join()
        threads[slot] = Self.thread(slots[slot])
    }

    func join() { threads.forEach { $0.join() } }
}

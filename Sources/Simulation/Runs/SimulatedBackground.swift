import Dataflow
import Glibc
import Synchronization

// The work beside the thread that commits. It has a thread of its own that moves only while it has the turn, and gives the
// turn back before each change of the disk, so that a seed decides what happens in between. Nothing runs at the same time,
// so nothing is left to chance.
//
// `@unchecked Sendable`: whoever has the turn is the only one to touch anything; doorbells hand it over.

final class SimulatedBackground: BackgroundRunner, @unchecked Sendable {
    private var works: [SimulatedWork] = []

    func launch(_ name: String, _ body: sending @escaping () -> Void) -> any BackgroundWork {
        let work = SimulatedWork(name, body)
        works.append(work)
        return work
    }

    var hasWork: Bool { works.contains { !$0.isDone } }

    /// Goes on with the oldest work, up to its next change of the disk.
    func step() {
        works.removeAll(where: \.isDone)
        works.first?.step()
    }

    /// Called before every change of the disk, by whoever makes it.
    func pause() { works.first { $0.isCurrentThread }?.giveTurnBack() }
}

private final class SimulatedWork: BackgroundWork, @unchecked Sendable {
    private let turn = Doorbell()
    private let back = Doorbell()
    private var thread: WorkerThread?
    private var threadID: pthread_t?
    private(set) var isDone = false

    init(_ name: String, _ body: sending @escaping () -> Void) {
        thread = WorkerThread(name: name) { [unowned self] in
            turn.wait()
            threadID = pthread_self()
            body()
            isDone = true
            back.ring()
        }
    }

    var isCurrentThread: Bool { threadID == pthread_self() && !isDone }

    func step() {
        turn.ring()
        back.wait()
        if isDone { thread?.join() }
    }

    func giveTurnBack() {
        back.ring()
        turn.wait()
    }

    func join() {
        while !isDone { step() }
    }
}

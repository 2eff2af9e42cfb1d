import CommitLog
import HostSystem
import KeyedState

// Runs a job graph to its end: builds the subtasks, restores them, commits checkpoint 0 of a new run, starts a thread per
// subtask, and then does what the coordinator says until the last checkpoint stands. The calling thread commits.

/// Whoever shows a run. Called on the thread that runs the job.
package protocol RunObserver: AnyObject {
    /// Something a user should know and need not act on.
    func notice(_ text: String)
    func started(_ metrics: JobMetrics)
    /// Called some ten times a second.
    func tick(_ metrics: JobMetrics)
    func committed(_ checkpoint: UInt64, _ metrics: JobMetrics)
}

package final class JobExecution {
    private struct Worker {
        var subtask: Subtask
        var links: [ChainLink]
        var control: SubtaskControl
        var isSource: Bool
    }

    private static let tickMilliseconds: Int64 = 100

    private let graph: JobGraph
    private let settings: JobSettings
    private let committer: EpochCommitter
    private let store: StateStore
    private let files: any FileSystem
    private let time: any TimeSource
    private let identity: RunIdentity
    private let observer: any RunObserver
    private let metrics = JobMetrics()
    private let events: EventQueue
    private var materialiser: WorkerThread?

    package init(
        graph: JobGraph, settings: JobSettings, identity: RunIdentity, committer: EpochCommitter, store: StateStore,
        files: any FileSystem, time: any TimeSource, events: EventQueue, observer: any RunObserver
    ) {
        self.graph = graph
        self.settings = settings
        self.identity = identity
        self.committer = committer
        self.store = store
        self.files = files
        self.time = time
        self.events = events
        self.observer = observer
    }

    /// - Parameter resumed: the record of the last checkpoint; nil for a new run.
    /// - Returns: how the run ended: `.end`, or `.stop` where it may go on.
    package func run(from resumed: CheckpointRecord?) throws(JobFailure) -> BarrierKind {
        let notices = NoticeBoard()
        let workers = try build(notices)
        try restore(workers, from: resumed)
        if resumed == nil { try commitCheckpointZero(workers) }
        notices.takeAll().forEach(observer.notice)
        observer.started(metrics)
        var threads: [WorkerThread] = []
        defer {
            for worker in workers { worker.control.cancel() }
            threads.forEach { $0.join() }
            materialiser?.join()
        }
        for worker in workers { threads.append(start(worker)) }
        let kind = try coordinate(workers, next: (resumed?.number ?? 0) + 1, notices)
        observer.tick(metrics)
        return kind
    }

    // MARK: Building

    private func build(_ notices: NoticeBoard) throws(JobFailure) -> [Worker] {
        let controls = graph.vertices.map { _ in SubtaskControl() }
        var inputs = graph.vertices.map { _ in [Channel]() }
        var outputs = inputs
        for (index, vertex) in graph.vertices.enumerated() {
            for input in vertex.inputs {
                precondition(input < index, "a vertex reads from lower-numbered ones")
                let channel = Channel(producer: controls[input].doorbell, consumer: controls[index].doorbell)
                inputs[index].append(channel)
                outputs[input].append(channel)
            }
        }
        let budget = MemoryBudget(limitBytes: settings.memoryBytes)
        var workers: [Worker] = []
        for (index, vertex) in graph.vertices.enumerated() {
            let context = LinkContext(
                files: files, time: time, metrics: metrics, run: identity, subtask: 0, settings: settings,
                notice: { notices.post($0) })
            var links: [ChainLink] = []
            for description in vertex.links { links.append(try description.makeLink(context)) }
            let events = events
            let subtask = Subtask(
                name: vertex.name, index: UInt32(index), inputs: inputs[index], links: links, outputs: outputs[index],
                control: controls[index], budget: budget, metrics: metrics, time: time, report: { events.post($0) })
            workers.append(
                Worker(subtask: subtask, links: links, control: controls[index], isSource: vertex.inputs.isEmpty))
        }
        return workers
    }

    private func restore(_ workers: [Worker], from record: CheckpointRecord?) throws(JobFailure) {
        for worker in workers {
            for link in worker.links {
                switch link {
                case .source(let source, let operatorID): try source.restore(from: part(operatorID, of: record))
                case .transform: break
                case .keyed(let keyed): if record != nil { try restore(keyed) }
                case .sink(let sink): try sink.open(from: part(sink.operatorID, of: record))
                }
            }
        }
    }

    private func part(_ operatorID: UInt32, of record: CheckpointRecord?) -> [UInt8]? {
        record?.part(of: operatorID, subtask: Subtask.parallelIndex)
    }

    private func restore(_ keyed: any KeyedOperator) throws(JobFailure) {
        do throws(StateError) {
            try store.restore(operatorID: keyed.operatorID) { (_, key, value) throws(CorruptBytes) in
                try keyed.restore(key: key, value: value)
            }
        } catch {
            throw JobFailure.state(error)
        }
        do throws(CorruptBytes) {
            try keyed.finishRestore()
        } catch {
            throw JobFailure(
                .damage, "the state of operator \(keyed.operatorID) is not what this version writes",
                detail: "expected \(error.expected)",
                hint: "restore the data directory from a copy, or start over with --fresh")
        }
    }

    /// Empty state and the sinks' ends, committed before the first row is written.
    private func commitCheckpointZero(_ workers: [Worker]) throws(JobFailure) {
        let barrier = Barrier(checkpoint: 0, kind: .periodic)
        var parts: [CheckpointRecord.OperatorPart] = []
        for worker in workers {
            for link in worker.links {
                switch link {
                case .source(let source, let operatorID):
                    parts.append(
                        .init(operatorID: operatorID, subtask: Subtask.parallelIndex, bytes: try source.position()))
                case .sink(let sink):
                    parts.append(
                        .init(
                            operatorID: sink.operatorID, subtask: Subtask.parallelIndex,
                            bytes: try sink.prepare(barrier)))
                case .transform, .keyed: break
                }
            }
        }
        try committer.commit(number: 0, ending: .running, parts: parts, changes: [])
        for worker in workers {
            for case .sink(let sink) in worker.links { try sink.committed(barrier) }
        }
    }

    /// From here on the subtask, with all its links, belongs to its thread.
    private func start(_ worker: Worker) -> WorkerThread {
        let lease = SubtaskLease(subtask: worker.subtask, control: worker.control, events: events)
        return WorkerThread(name: worker.subtask.name) { lease.run() }
    }

    // MARK: Running

    private func coordinate(
        _ workers: [Worker], next: UInt64, _ notices: NoticeBoard
    ) throws(JobFailure) -> BarrierKind {
        var coordinator = EpochCoordinator(
            subtasks: workers.map(\.subtask.index), sources: workers.filter(\.isSource).map(\.subtask.index),
            nextCheckpoint: next, fixedIntervalNanoseconds: settings.checkpointIntervalNanoseconds,
            minimumPauseNanoseconds: settings.minimumPauseNanoseconds,
            exhaustedKind: settings.readsWhatIsThere ? .stop : .end, nowNanoseconds: time.monotonicNanoseconds())
        var nextTick = time.monotonicNanoseconds()
        while true {
            let now = time.monotonicNanoseconds()
            if now >= nextTick {
                notices.takeAll().forEach(observer.notice)
                observer.tick(metrics)
                nextTick = now + Self.tickMilliseconds * 1_000_000
            }
            let rowsRead = metrics.rowsIn.load(ordering: .relaxed)
            switch coordinator.next(nowNanoseconds: now, rowsRead: rowsRead) {
            case .request(let barrier):
                for worker in workers where worker.isSource { worker.control.request(barrier) }
            case .commit(let barrier, let snapshots):
                try commit(barrier, snapshots, workers, &coordinator)
            case .wait(let until):
                let wake = min(until ?? nextTick, nextTick)
                for event in events.take(timeoutMilliseconds: max(1, (wake - now + 999_999) / 1_000_000)) {
                    try handle(event, &coordinator)
                }
            case .ended(let kind): return kind
            }
        }
    }

    private func handle(_ event: SubtaskEvent, _ coordinator: inout EpochCoordinator) throws(JobFailure) {
        switch event {
        case .exhausted(let subtask): coordinator.exhausted(subtask)
        case .epochWanted: coordinator.wantEpoch()
        case .handedOver(let subtask, let checkpoint, let snapshot):
            coordinator.handedOver(subtask, checkpoint: checkpoint, snapshot)
        case .finished(let subtask): coordinator.finished(subtask)
        case .failed(let failure): throw failure
        case .stopRequested: coordinator.stop()
        case .materialised:
            materialiser?.join()
            materialiser = nil
        }
    }

    private func commit(
        _ barrier: Barrier, _ snapshots: [SubtaskSnapshot], _ workers: [Worker], _ coordinator: inout EpochCoordinator
    ) throws(JobFailure) {
        let start = time.monotonicNanoseconds()
        let ending: RunEnding =
            switch barrier.kind {
            case .periodic: .running
            case .end: .finished
            case .stop: settings.readsWhatIsThere && coordinator.isAllRead ? .drained : .stopped
            }
        try committer.commit(
            number: barrier.checkpoint, ending: ending, parts: snapshots.flatMap(\.parts),
            changes: snapshots.flatMap(\.changes))
        for worker in workers { worker.control.commit(barrier.checkpoint) }
        let now = time.monotonicNanoseconds()
        metrics.committed(durationNanoseconds: now - start, atNanoseconds: now)
        coordinator.committed(durationNanoseconds: now - start, nowNanoseconds: now)
        observer.committed(barrier.checkpoint, metrics)
        materialiseIfDue()
    }

    private func materialiseIfDue() {
        guard materialiser == nil, store.isMaterialisationDue else { return }
        let (store, events) = (store, events)
        materialiser = WorkerThread(name: "materialise") {
            do throws(StateError) {
                try store.materialise()
                FaultPoint.afterMaterialise.reached()
                events.post(.materialised)
            } catch {
                events.post(.failed(JobFailure.state(error)))
            }
        }
    }
}

/// A subtask on its way to the thread that will own it.
///
/// `@unchecked Sendable`: made by the thread that built the subtask, which touches neither it nor its links again before
/// the new thread has been joined.
private final class SubtaskLease: @unchecked Sendable {
    private let subtask: Subtask
    private let control: SubtaskControl
    private let events: EventQueue

    init(subtask: Subtask, control: SubtaskControl, events: EventQueue) {
        self.subtask = subtask
        self.control = control
        self.events = events
    }

    /// The run loop: steps until finished, failed or cancelled.
    func run() {
        do throws(JobFailure) {
            while !control.isCancelled {
                switch try subtask.step() {
                case .madeProgress: continue
                case .blocked: control.doorbell.wait()
                case .finished: return
                }
            }
        } catch {
            events.post(.failed(error))
        }
    }
}

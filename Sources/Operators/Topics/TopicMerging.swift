import CommitLog
import Dataflow
import HostSystem
import Synchronization

/// Merges small frames of a topic's full segments beside those who write it: a thread of little weight, one at most in a
/// process, which reads and writes files that no writer touches. The writer puts in place what it has made.
final class TopicMerging: Sendable {
    private struct State {
        var work: (any BackgroundWork)?
        var partition = 0
        var result: MergeResult?
        /// Partitions in which a merge went wrong: this writer merges there no more.
        var isOver: Set<Int> = []
    }

    private let schemas: [TopicSchema]
    private let background: any BackgroundRunner
    private let state = Mutex(State())

    init(_ topic: Topic, _ background: any BackgroundRunner) {
        schemas = topic.schemas
        self.background = background
    }

    /// Puts in place what is done, and begins what is due, in partitions that are held.
    /// - Errors: of the merge that is done. The segment stays as it was.
    func goOn(_ partitions: [WrittenPartition]) throws(LogError) {
        try state.withLock { (state) throws(LogError) in
            if let result = state.result {
                guard result.isThere, partitions[state.partition].isHeld else { return }
                try Self.take(&state, partitions)
            }
            begin(&state, partitions)
        }
    }

    /// Waits for what goes on. Returns which partition it is of; nil: nothing goes on.
    func wait() -> Int? {
        state.withLock { state in
            state.work?.join()
            return state.result == nil ? nil : state.partition
        }
    }

    /// What goes on is broken off, and has ended when this returns.
    func abandon() {
        state.withLock { state in
            state.result?.abandon()
            state.work?.join()
            state.work = nil
            state.result = nil
        }
    }

    private static func take(_ state: inout State, _ partitions: [WrittenPartition]) throws(LogError) {
        state.work?.join()
        let outcome = state.result?.outcome
        state.work = nil
        state.result = nil
        switch outcome {
        case .success(let merged): try partitions[state.partition].take(merged)
        case .failure(let error):
            state.isOver.insert(state.partition)
            throw error
        case nil: break
        }
    }

    private func begin(_ state: inout State, _ partitions: [WrittenPartition]) {
        for number in partitions.indices where !state.isOver.contains(number) {
            guard let due = partitions[number].dueMerge() else { continue }
            let result = MergeResult()
            let schemas = schemas
            guard let work = background.launchIfIdle("merge", { result.run(due, schemas) }) else { return }
            state.work = work
            state.result = result
            state.partition = number
            return
        }
    }
}

/// What a merge comes to, told from thread to thread.
private final class MergeResult: Sendable {
    private let isAbandoned = Atomic<Bool>(false)
    private let found = Mutex<Result<MergedSegment?, LogError>?>(nil)

    var outcome: Result<MergedSegment?, LogError>? { found.withLock { $0 } }
    var isThere: Bool { found.withLock { $0 != nil } }

    func abandon() { isAbandoned.store(true, ordering: .relaxed) }

    func run(_ due: SegmentMerge, _ schemas: [TopicSchema]) {
        let outcome: Result<MergedSegment?, LogError>
        do throws(LogError) {
            outcome = .success(
                try due.run(isAbandoned: { isAbandoned.load(ordering: .relaxed) }) { frames in
                    // Others may have written with columns that were added since: such frames stay as they are.
                    let isKnown = frames.allSatisfy { Int($0.schemaID) < schemas.count }
                    return isKnown ? try TopicFrame.merge(frames, schemas) : frames
                })
        } catch {
            outcome = .failure(error)
        }
        found.withLock { $0 = outcome }
    }
}

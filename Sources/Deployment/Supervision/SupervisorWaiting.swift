import Dataflow
import HostSystem
import Synchronization

// The supervisor's commands for threads that may be kept waiting. They need none of Swift's shared threads, of which there
// are as many as cores: those may be waiting here themselves.

extension Supervisor {
    /// As `stop(_:within:)`, of all of these at once.
    package func stopAll(_ ids: [VersionID], withinMilliseconds bound: Int64) -> [Result<
        WorkerStatus, SupervisionError
    >] {
        let answers = ids.map { id in
            let answer = Answer<Result<WorkerStatus, SupervisionError>>()
            post(.stop(id, withinMilliseconds: bound) { answer.give($0) })
            return answer
        }
        return answers.map { $0.wait() }
    }

    /// As `kill(_:)`.
    package func killAndWait(_ id: VersionID) throws(SupervisionError) -> any FileLock {
        let answer = Answer<Result<any FileLock, SupervisionError>>()
        post(.kill(id) { answer.give($0) })
        return try answer.wait().get()
    }

    /// As `close()`.
    package func closeAndWait() {
        let answer = Answer<Bool>()
        post(.close { answer.give(true) })
        _ = answer.wait()
    }
}

/// What one thread waits for, and another gives, once.
final class Answer<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)
    private let bell = Doorbell()

    func give(_ value: Value) {
        content.withLock { $0 = value }
        bell.ring()
    }

    func wait() -> Value {
        while true {
            if let value = content.withLock({ $0 }) { return value }
            bell.wait()
        }
    }
}

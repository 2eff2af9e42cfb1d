import Dataflow
import Synchronization

/// An answer that one thread waits for and another gives, once.
final class Reply: Sendable {
    private let answer = Mutex<Result<String, JobFailure>?>(nil)
    private let doorbell = Doorbell()

    func give(_ result: Result<String, JobFailure>) {
        answer.withLock { $0 = result }
        doorbell.ring()
    }

    func wait() -> Result<String, JobFailure> {
        while true {
            if let result = answer.withLock({ $0 }) { return result }
            doorbell.wait()
        }
    }
}

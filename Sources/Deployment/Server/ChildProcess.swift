import Glibc

extension WorkerSpecification {
    /// Starts the process, and waits for its end.
    func run() -> WorkerEnding {
        switch spawn() {
        case .failure(let failure): return .notStarted(failure.code)
        case .success(let process):
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 {
                guard errno == EINTR else { return .unseen }
            }
            return status & 0x7F == 0 ? .exit((status >> 8) & 0xFF) : .signal(status & 0x7F)
        }
    }
}

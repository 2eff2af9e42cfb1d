import Glibc
import HostSystem

/// Follows a version until it is where it is wanted.
struct VersionWatch {
    let server: DeploymentClient
    let job: String
    let goal: VersionGoal
    /// Milliseconds from now on; nil: none.
    var deadline: Int64? = 600_000
    private var view: LiveView
    private let time = SystemTime()

    /// A server that is started again is waited for.
    private static let longestAbsence: Int64 = 15_000_000_000

    init(server: DeploymentClient, job: String, goal: VersionGoal, view: LiveView.Place) {
        self.server = server
        self.job = job
        self.goal = goal
        self.view = LiveView(view)
    }

    /// - Returns: what was reached.
    /// - Errors: it cannot be reached any more, or not in time.
    mutating func run(version number: Int) throws(ToolFailure) -> String {
        let start = time.monotonicNanoseconds()
        var (lastAnswer, pause, state) = (start, Int32(20), "unknown")
        while true {
            let now = time.monotonicNanoseconds()
            if let status = try server.status(ifReached: job) {
                lastAnswer = now
                view.show(status, time: time)
                switch goal.outcome(job, number, status.version(number)) {
                case .reached(let text): return text
                case .missed(let message, let hint, let exitCode):
                    throw ToolFailure(message: message, hint: hint, exitCode: exitCode)
                case .notYet: state = status.version(number)?.state.rawValue ?? state
                }
            } else if now - lastAnswer > Self.longestAbsence {
                // Says that nobody is there.
                _ = try server.status(of: job)
            }
            if let deadline, now - start > deadline.multipliedClamping(by: 1_000_000) {
                let span = SpanText.text(milliseconds: Int(clamping: deadline))
                throw ToolFailure(
                    message: "\(job)@\(number) is \(state) after \(span), not \(goal.rawValue)",
                    hint: "it goes on; --timeout says how long to wait", exitCode: ToolFailure.late)
            }
            _ = poll(nil, 0, pause)
            pause = min(pause * 3 / 2, view.isLive ? 500 : 250)
        }
    }
}

extension Int64 {
    fileprivate func multipliedClamping(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

import CommitLog
import Dataflow
import HostSystem
import Operators

// The coordinator of a switch of versions. All that it relies on stands in the journal, so that it may die at any step, and
// another begin anew:
//
//   opening ──attempt──▶ waiting ──both stand at the cut──▶ differing ──differences published──▶ splicing ──▶ over
//                           └──────────── time is up, or others have decided it ─────────────────────────────▲
//
// The table of the old and of the new version are followed from the beginning, so that at the cut only the last changes are to
// be read. Differences of attempts that came to nothing are topics that no name reaches: `clean` removes them.

package final class VersionSwitch {
    package enum Phase: Equatable, Sendable {
        case opening
        case waiting(attempt: UInt64)
        case over(Outcome)
    }

    package enum Outcome: Equatable, Sendable {
        case spliced(attempt: UInt64)
        /// With what could not be done in time.
        case released(attempt: UInt64, reason: String)
    }

    private let job: String
    private let from: UInt32
    private let to: UInt32
    private let timeoutMilliseconds: UInt32
    private let withoutFrom: Bool
    private let log: CommitLogAccess
    private let comparisons: [TableComparison]
    private let random: any RandomSource
    private var deadlineNanoseconds: Int64 = .max
    package private(set) var phase = Phase.opening
    /// Of the difference that was published, by name.
    package private(set) var changedRows: [(name: String, count: Int)] = []
    /// From the attempt until both versions stood still, and then until the differences were published.
    package private(set) var standingNanoseconds: Int64 = 0
    package private(set) var comparingNanoseconds: Int64 = 0
    private var beganNanoseconds: Int64 = 0
    /// By name: prepared, and not yet published.
    private var differences: [TopicID: PublishedDifference] = [:]

    /// - Parameters:
    ///   - comparisons: of the keyed outputs that both versions have.
    ///   - withoutFrom: the live version is dead: its last commit is the cut.
    package init(
        _ job: String, from: UInt32, to: UInt32, timeoutMilliseconds: UInt32, withoutFrom: Bool = false,
        comparisons: [TableComparison], random: any RandomSource, in log: CommitLogAccess
    ) {
        self.job = job
        self.from = from
        self.to = to
        self.timeoutMilliseconds = timeoutMilliseconds
        self.withoutFrom = withoutFrom
        self.comparisons = comparisons
        self.random = random
        self.log = log
    }

    /// Does what can be done now.
    /// - Returns: false: what is waited for is in the journal.
    /// - Errors: `conflict` where the versions' roles do not allow it; anything else leaves the attempt to its time-out.
    package func step() throws(JobFailure) -> Bool {
        switch phase {
        case .opening:
            try clean()
            let position = try log.append(
                .attempt(
                    job: job, from: from, to: to, timeoutMilliseconds: timeoutMilliseconds, withoutFrom: withoutFrom))
            beganNanoseconds = log.time.monotonicNanoseconds()
            deadlineNanoseconds = beganNanoseconds + Int64(timeoutMilliseconds) * 1_000_000
            phase = .waiting(attempt: position.sequence)
            return true
        case .waiting(let number): return try goOn(number)
        case .over: return false
        }
    }

    private func goOn(_ number: UInt64) throws(JobFailure) -> Bool {
        let state = try log.settled()
        guard let deployment = state.deployments[job], let attempt = deployment.attempt, attempt.number == number,
            attempt.outcome == .open
        else {
            phase = .over(outcome(of: number, in: state))
            return true
        }
        guard isReady(deployment, attempt) else {
            // What takes time and needs no table is done while the versions come to stand.
            if try prepare(number) { return true }
            guard log.time.monotonicNanoseconds() >= deadlineNanoseconds else { return false }
            try release(number, "the versions did not meet within \(timeoutMilliseconds) ms")
            return true
        }
        standingNanoseconds = log.time.monotonicNanoseconds() - beganNanoseconds
        let differences = try publishDifferences(number, state)
        comparingNanoseconds = log.time.monotonicNanoseconds() - beganNanoseconds - standingNanoseconds
        try splice(number, differences)
        return true
    }

    /// Removes differences of attempts that came to nothing, and empty ones. Nothing depends on it.
    package func clean() throws(JobFailure) {
        let state = try log.settled()
        guard let deployment = state.deployments[job], deployment.openAttempt == nil else { return }
        let published = Set(state.topics.values.flatMap { $0.spans.map(\.topic) })
        for output in deployment.versions[from]?.outputs ?? [] {
            let prefix = TableComparison.differencePrefix(of: output.name)
            let left = state.topics.values.filter { $0.name.hasPrefix(prefix) && !published.contains($0.id) }
            for name in left.map(\.name).sorted() { try TopicAdmin.delete(name, in: log) }
        }
    }

    /// Both stand still where both have read the same.
    private func isReady(_ deployment: DeploymentState, _ attempt: DeploymentState.Attempt) -> Bool {
        guard let old = deployment.versions[from], let new = deployment.versions[to] else { return false }
        let isHeld = (attempt.withoutFrom || old.holds == attempt.number) && new.holds == attempt.number
        return isHeld && deployment.stands(from) && deployment.stands(to)
    }

    private func outcome(of number: UInt64, in state: JournalState) -> Outcome {
        if let attempt = state.deployments[job]?.attempt, attempt.number == number, attempt.outcome == .spliced {
            return .spliced(attempt: number)
        }
        return .released(
            attempt: number, reason: "a version that stood still for it gave it up, or another attempt came")
    }

    /// - Returns: false: there is nothing to prepare.
    private func prepare(_ number: UInt64) throws(JobFailure) -> Bool {
        guard differences.isEmpty, !comparisons.isEmpty else { return false }
        for comparison in comparisons {
            differences[comparison.nameID] = try comparison.makeDifference(attempt: number, random: random, in: log)
        }
        return true
    }

    /// - Returns: those that are not empty, by name.
    private func publishDifferences(_ number: UInt64, _ state: JournalState) throws(JobFailure) -> [TopicID: TopicID] {
        _ = try prepare(number)
        var published: [TopicID: TopicID] = [:]
        for comparison in comparisons {
            guard var difference = differences[comparison.nameID] else { continue }
            try comparison.advance(in: state)
            try comparison.publish(into: &difference)
            changedRows.append((comparison.name, difference.rowCount))
            if difference.rowCount > 0 { published[comparison.nameID] = difference.topic }
        }
        differences = [:]
        return published
    }

    private func splice(_ number: UInt64, _ differences: [TopicID: TopicID]) throws(JobFailure) {
        let state = try log.settled()
        let splices = state.splices(of: job, differences: differences)
        do throws(JournalError) {
            _ = try log.journal.append(.spliced(job: job, attempt: number, splices))
            phase = .over(.spliced(attempt: number))
        } catch {
            guard case .refused(.deployment) = error else { throw .journal(error) }
            // Decided meanwhile, or somebody has gone on: what was computed is not published.
            try release(number, "the live version went on while the difference was computed")
        }
    }

    package func release(_ number: UInt64, _ reason: String) throws(JobFailure) {
        do throws(JournalError) {
            _ = try log.journal.append(.released(job: job, attempt: number))
            phase = .over(.released(attempt: number, reason: reason))
        } catch {
            guard case .refused(.deployment(.attemptIsDecided)) = error else { throw .journal(error) }
            phase = .over(outcome(of: number, in: try log.settled()))
        }
    }
}

// What the processes of a deployment simulation do besides feeding it.

import CommitLog
import Dataflow
import Deployment
import HostSystem
import KeyedState

/// `@unchecked Sendable`: touched by who has the turn (`SimulatedProcesses`).
final class DeploymentTruth: SimulationTruth, @unchecked Sendable {
    private(set) var lie: String?
    /// That were seen in the journal.
    var switches = 0
    var isAllRead = false

    func lie(_ text: String) { lie = lie ?? text }
}

/// What all processes of a simulation have in common.
struct DeploymentWorld: Sendable {
    static let job = "job"

    let truth = DeploymentTruth()
    let jobs: TopicJobs
    let sql: [String]
    let versions: VersionedJob
    /// Of the versions.
    private let storages: [OrderedMapStorage]

    var versionCount: Int { versions.versions.count }

    init(_ random: inout SplitMix64, _ safeguards: Safeguards) {
        versions = JobGenerator.versions(2 + random.below(2), &random)
        sql = versions.versions.map { JobSQL.text($0) }
        storages = versions.versions.map { _ in OrderedMapStorage() }
        jobs = TopicJobs(&random, filling: versions.input, truth, safeguards)
    }

    func setUp(_ process: SimulatedProcess) {
        jobs.createInput(process)
        deploy(process, 0xD0_0001)
    }

    /// The next version, if there is one.
    func deploy(_ process: SimulatedProcess, _ seed: UInt64) {
        jobs.withLog(process) { log throws(JobFailure) in
            let state = try log.settled()
            let next = (state.deployments[Self.job]?.versions.count ?? 0) + 1
            guard next <= versionCount else { return process.rest(turns: 100) }
            guard let graph = jobs.plan(sql[next - 1], process) else { return }
            let plan = try VersionPlan(
                Self.job, DeployableJob(Self.job, graph), in: state, random: SimulatedRandom(seed: seed))
            try log.append(.deployed(plan.registration))
        }
    }

    /// - Parameter isLast: has time enough to read all that it may.
    func work(_ process: SimulatedProcess, _ number: UInt32, _ seed: UInt64, isLast: Bool) {
        var random = SplitMix64(seed: seed)
        let version = VersionName(Self.job, number)
        var conditions = jobs.conditions(&random)
        conditions.settings.version = version
        conditions.turnsBeforeStop = isLast ? 1500 : 50 + random.below(3000)
        var pauses = SplitMix64(seed: seed ^ 0x5ACE)
        if !isLast, pauses.oneIn(3) { conditions.turnsBetweenPauses = 20 + pauses.below(400) }
        let isDeployed = jobs.withLog(process) { log throws(JobFailure) in
            try log.settled().deployments[Self.job]?.versions[number] != nil
        }
        guard isDeployed == true else { return }
        let index = Int(number) - 1
        _ = jobs.run(
            sql[index], as: version.description, process, storages[index], conditions, seed: random.next())
    }

    func releaseWhatIsOpen(_ process: SimulatedProcess) {
        jobs.withLog(process) { log throws(JobFailure) in
            guard let attempt = try log.settled().deployments[Self.job]?.openAttempt else { return }
            try log.append(.released(job: Self.job, attempt: attempt.number))
        }
    }

    private func comparisons(
        from: UInt32, to: UInt32, _ state: JournalState, goingOnFrom former: [TableComparison], _ log: CommitLogAccess
    ) throws(JobFailure) -> [TableComparison] {
        var comparisons: [TableComparison] = []
        for output in state.deployments[Self.job]?.versions[to]?.outputs ?? [] {
            let comparison = try TableComparison(
                output.nameID, from: from, to: to, of: Self.job, in: state, memoryBytes: 1 << 30, goingOnFrom: former,
                log: log)
            if let comparison { comparisons.append(comparison) }
        }
        return comparisons
    }

    func switchVersions(_ process: SimulatedProcess, _ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        jobs.withLog(process, races: true) { log throws(JobFailure) in
            let state = try log.settled()
            guard let deployment = state.deployments[Self.job] else { return }
            let others = deployment.versions.keys.filter { $0 != deployment.live }.sorted()
            guard !others.isEmpty, deployment.versions[deployment.live]?.position != nil else {
                return process.rest(turns: 50)
            }
            let to = others[random.below(others.count)]
            guard let new = deployment.versions[to], new.position != nil else { return process.rest(turns: 50) }
            // What was followed for another switch may be gone on with.
            var earlier = SplitMix64(seed: seed ^ 0xF0_110)
            var comparisons: [TableComparison] = []
            for number in [others[earlier.below(others.count)], to] {
                comparisons = try self.comparisons(
                    from: deployment.live, to: number, state, goingOnFrom: comparisons, log)
                for comparison in comparisons where earlier.oneIn(2) { try comparison.advance(in: state) }
            }
            let change = VersionSwitch(
                Self.job, from: deployment.live, to: to,
                timeoutMilliseconds: UInt32([200, 5000, 100_000][random.below(3)]),
                withoutFrom: random.oneIn(6), comparisons: comparisons, random: SimulatedRandom(seed: random.next()),
                in: log)
            while true {
                if case .over = change.phase { return }
                if case .waiting(let number) = change.phase, random.oneIn(200) {
                    return try change.release(number, "no longer wanted")
                }
                if try !change.step() { process.rest(turns: 1 + random.below(30)) }
            }
        }
    }
}

// What the processes of a deployment simulation do. An error ends a process, if it is one that may be met.

import Columnar
import CommitLog
import Dataflow
import Deployment
import HostSystem
import KeyedState
import Operators
import StreamSQL

/// `@unchecked Sendable`: touched by who has the turn (`SimulatedProcesses`).
final class DeploymentTruth: @unchecked Sendable {
    private(set) var lie: String?
    /// That were seen in the journal.
    var switches = 0
    var isAllRead = false

    func lie(_ text: String) { lie = lie ?? text }
}

/// What all processes of a simulation have in common.
struct DeploymentWorld: Sendable {
    static let job = "job"
    private static let directory = "data"

    let time = SimulatedTime(milliseconds: ModelTimestamp.yearBegin + 100 * 86_400_000)
    let truth = DeploymentTruth()
    let sql: [String]
    let versions: VersionedJob
    private let safeguards: Safeguards
    private let rows: [[ModelValue]]
    private let partitions: Int
    /// Of the versions.
    private let storages: [OrderedMapStorage]
    private let journalRollBytes: Int
    private let segmentRollBytes: Int

    var versionCount: Int { versions.versions.count }

    init(_ random: inout SplitMix64, _ safeguards: Safeguards) {
        versions = JobGenerator.versions(2 + random.below(2), &random)
        sql = versions.versions.map { JobSQL.text($0) }
        storages = versions.versions.map { _ in OrderedMapStorage() }
        rows = InputGenerator.rows(random.below(120), of: versions.input, &random)
        partitions = 1 + random.below(3)
        journalRollBytes = random.oneIn(2) ? 2000 + random.below(8000) : 1 << 20
        segmentRollBytes = random.oneIn(3) ? 1 << 20 : 300 + random.below(4000)
        self.safeguards = safeguards
    }

    func open(_ files: SimulatedFileSystem) throws(JobFailure) -> CommitLogAccess {
        let directory = try DataDirectory(Self.directory, files: files)
        let journal: Journal
        do throws(JournalError) {
            journal = try Journal.open(
                directory: directory.journal, files: files, time: time, safeguards: safeguards,
                rollBytes: journalRollBytes)
        } catch {
            throw .journal(error)
        }
        var log = CommitLogAccess(journal: journal, directory: directory, time: time)
        log.segmentRollBytes = segmentRollBytes
        return log
    }

    func judge(_ error: JobFailure, _ process: SimulatedProcess) {
        if process.files.isDead || (error.kind == .world && process.files.metFaults) { return }
        truth.lie("\(process.name) fails: \(error.kind) \(error)")
    }

    // MARK: The feeder

    func setUp(_ process: SimulatedProcess) {
        let fields = InputTable.columns.map { Field($0.name, $0.type.dataType) }
        do throws(JobFailure) {
            let log = try open(process.files)
            let schema: TopicSchema
            do throws(TopicSchemaMistake) {
                schema = try TopicSchema(fields: fields)
            } catch {
                throw JobFailure(.conflict, "\(error)")
            }
            try TopicAdmin.create(
                versions.input.name, schema: schema, partitions: UInt32(partitions),
                random: SimulatedRandom(seed: UInt64(rows.count)), in: log)
        } catch {
            judge(error, process)
        }
        deploy(process, 0xD0_0001)
    }

    /// Publishes what was not published before: the producer has a name.
    func feed(_ process: SimulatedProcess, _ seed: UInt64, batches: Int) {
        var random = SplitMix64(seed: seed)
        do throws(JobFailure) {
            let background = SimulatedBackground()
            process.files.beforeChange { [weak background] in background?.pause() }
            var log = try open(process.files)
            log.background = background
            let producer = try TopicProducer(versions.input.name, id: "feeder", in: log)
            var batch = 0
            while batch < batches {
                let start = Int(producer.lastRecord ?? 0)
                let end = min(rows.count, start + 1 + random.below(12))
                if start == end { return }
                try producer.append(ModelBatch.batch(Array(rows[start..<end]), InputTable.columns.map(\.type)))
                try producer.publish(last: UInt64(end))
                while background.hasWork, random.oneIn(2) { background.step() }
                process.rest(turns: random.below(60))
                batch += 1
            }
        } catch {
            judge(error, process)
        }
    }

    // MARK: Deploying

    /// The next version, if there is one.
    func deploy(_ process: SimulatedProcess, _ seed: UInt64) {
        do throws(JobFailure) {
            let log = try open(process.files)
            let state = try log.settled()
            let next = (state.deployments[Self.job]?.versions.count ?? 0) + 1
            guard next <= versionCount else { return process.rest(turns: 100) }
            let graph: JobGraph
            do throws(EpochFailure) {
                graph = try planned(UInt32(next))
            } catch {
                return truth.lie("\(error)")
            }
            let plan = try VersionPlan(
                Self.job, DeployableJob(Self.job, graph), in: state, random: SimulatedRandom(seed: seed))
            try log.append(.deployed(plan.registration))
        } catch {
            judge(error, process)
        }
    }

    private func planned(_ number: UInt32) throws(EpochFailure) -> JobGraph {
        do throws(SQLError) {
            let text = sql[Int(number) - 1]
            return JobPlanner.plan(try analyze(Array(text.utf8), file: "job.sql").sinks)
        } catch {
            throw .violation("the job is refused: \(error.message) (\(error.place.map { "\($0)" } ?? "no place"))")
        }
    }

    // MARK: Versions

    /// - Parameter isLast: has time enough to read all that it may.
    func work(_ process: SimulatedProcess, _ number: UInt32, _ seed: UInt64, isLast: Bool) {
        var random = SplitMix64(seed: seed)
        var conditions = JobLife.Conditions(&random, [.parallelism], stops: false)
        conditions.settings.safeguards = safeguards
        conditions.settings.version = VersionName(Self.job, number)
        conditions.segmentRollBytes = segmentRollBytes
        conditions.journalRollBytes = journalRollBytes
        conditions.turnsBeforeStop = isLast ? 1500 : 50 + random.below(3000)
        var pauses = SplitMix64(seed: seed ^ 0x5ACE)
        if !isLast, pauses.oneIn(3) { conditions.turnsBetweenPauses = 20 + pauses.below(400) }
        do throws(EpochFailure) {
            guard try isDeployed(number, process) else { return }
            var life = JobLife(
                process.files, time, storages[Int(number) - 1], conditions, seed: random.next(),
                job: VersionName(Self.job, number).description)
            _ = try life.run(try planned(number))
        } catch {
            if process.files.isDead { return }
            switch error {
            case .violation(let text): truth.lie("\(process.name): \(text)")
            case .foreignFile(let path): truth.lie("\(process.name): a file stands in the way at \(path)")
            case .world: if !process.files.metFaults { truth.lie("\(process.name) fails without a fault") }
            }
        }
    }

    private func isDeployed(_ number: UInt32, _ process: SimulatedProcess) throws(EpochFailure) -> Bool {
        do throws(JobFailure) {
            return try open(process.files).settled().deployments[Self.job]?.versions[number] != nil
        } catch {
            judge(error, process)
            return false
        }
    }

    // MARK: Switching

    func releaseWhatIsOpen(_ process: SimulatedProcess) {
        do throws(JobFailure) {
            let log = try open(process.files)
            guard let attempt = try log.settled().deployments[Self.job]?.openAttempt else { return }
            try log.append(.released(job: Self.job, attempt: attempt.number))
        } catch {
            judge(error, process)
        }
    }

    func switchVersions(_ process: SimulatedProcess, _ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        do throws(JobFailure) {
            let log = try open(process.files)
            let state = try log.settled()
            guard let deployment = state.deployments[Self.job] else { return }
            let others = deployment.versions.keys.filter { $0 != deployment.live }.sorted()
            guard !others.isEmpty, deployment.versions[deployment.live]?.position != nil else {
                return process.rest(turns: 50)
            }
            let to = others[random.below(others.count)]
            guard let new = deployment.versions[to], new.position != nil else { return process.rest(turns: 50) }
            var comparisons: [TableComparison] = []
            for output in new.outputs {
                let comparison = try TableComparison(
                    output.nameID, from: deployment.live, to: to, of: Self.job, in: state, memoryBytes: 1 << 30,
                    log: log)
                if let comparison {
                    if random.oneIn(2) { try comparison.advance(in: state) }
                    comparisons.append(comparison)
                }
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
        } catch {
            // Another coordinator was quicker.
            if error.kind == .conflict { return }
            judge(error, process)
        }
    }
}

// What simulations of jobs on topics have in common: a feeder that fills a topic with rows that the reference model knows,
// and processes that run the jobs. An error ends a process, if it is one that may be met.

import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators

struct TopicJobs: Sendable {
    let log: SimulatedLog
    /// What the feeder fills.
    let input: InputTable
    let rows: [[ModelValue]]
    private let partitions: Int
    private let truth: any SimulationTruth

    init(
        _ random: inout SplitMix64, filling input: InputTable, _ truth: any SimulationTruth, _ safeguards: Safeguards
    ) {
        self.input = input
        self.truth = truth
        rows = InputGenerator.rows(random.below(120), of: input, &random)
        partitions = 1 + random.below(3)
        let time = SimulatedTime(milliseconds: ModelTimestamp.yearBegin + 100 * 86_400_000)
        log = SimulatedLog(&random, time, safeguards)
    }

    /// What a process does with the log.
    /// - Parameter races: with another process, which may be quicker.
    /// - Returns: nil where it has failed.
    @discardableResult
    func withLog<Result>(
        _ process: SimulatedProcess, _ background: SimulatedBackground? = nil, races: Bool = false,
        _ body: (CommitLogAccess) throws(JobFailure) -> Result
    ) -> Result? {
        do throws(JobFailure) {
            return try body(try log.open(process.files, background))
        } catch {
            if process.files.isDead || (error.kind == .world && process.files.metFaults) { return nil }
            if races, error.kind == .conflict { return nil }
            truth.lie("\(process.name) fails: \(error.kind) \(error)")
            return nil
        }
    }

    // MARK: The feeder

    func createInput(_ process: SimulatedProcess) {
        withLog(process) { log throws(JobFailure) in
            let schema: TopicSchema
            do throws(TopicSchemaMistake) {
                schema = try TopicSchema(fields: InputTable.columns.map { Field($0.name, $0.type.dataType) })
            } catch {
                preconditionFailure("\(error)")
            }
            try TopicAdmin.create(
                input.name, schema: schema, partitions: UInt32(partitions),
                random: SimulatedRandom(seed: UInt64(rows.count)), in: log)
        }
    }

    /// Publishes what was not published before: the producer has a name.
    func feed(_ process: SimulatedProcess, _ seed: UInt64, batches: Int = .max) {
        var random = SplitMix64(seed: seed)
        let background = SimulatedBackground()
        withLog(process, background) { log throws(JobFailure) in
            let producer = try TopicProducer(input.name, id: "feeder", in: log)
            var batch = 0
            while batch < batches {
                let start = Int(producer.lastRecord ?? 0)
                let end = min(rows.count, start + 1 + random.below(12))
                if start == end { return }
                try producer.append(ModelBatch.batch(Array(rows[start..<end]), InputTable.columns.map(\.type)))
                try producer.publish(last: UInt64(end))
                process.files.promised()
                while background.hasWork, random.oneIn(2) { background.step() }
                process.rest(turns: random.below(60))
                batch += 1
            }
        }
    }

    // MARK: Jobs

    func conditions(_ random: inout SplitMix64) -> JobLife.Conditions {
        var conditions = JobLife.Conditions(&random, [.parallelism], stops: false)
        conditions.settings.safeguards = log.safeguards
        conditions.segmentRollBytes = log.segmentRollBytes
        conditions.journalRollBytes = log.journalRollBytes
        return conditions
    }

    /// - Returns: nil where it is refused.
    func plan(_ sql: String, _ process: SimulatedProcess) -> JobGraph? {
        judged(process) { () throws(EpochFailure) in try JobLife.plan(sql) }
    }

    /// - Returns: nil where it has died or failed.
    func run(
        _ sql: String, as job: String, _ process: SimulatedProcess, _ storage: OrderedMapStorage,
        _ conditions: JobLife.Conditions, seed: UInt64
    ) -> RunResult? {
        let result = judged(process) { () throws(EpochFailure) in
            var life = JobLife(process.files, log.time, storage, conditions, seed: seed, job: job)
            return try life.run(try JobLife.plan(sql))
        }
        return result ?? nil
    }

    private func judged<Result>(
        _ process: SimulatedProcess, _ body: () throws(EpochFailure) -> Result
    ) -> Result? {
        do throws(EpochFailure) {
            return try body()
        } catch {
            if process.files.isDead { return nil }
            switch error {
            case .violation(let text): truth.lie("\(process.name): \(text)")
            case .foreignFile(let path): truth.lie("\(process.name): a file stands in the way at \(path)")
            case .world: if !process.files.metFaults { truth.lie("\(process.name) fails without a fault") }
            }
            return nil
        }
    }
}

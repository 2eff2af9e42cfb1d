// What the processes of a chain do: the feeder, each job, readers. An error ends a process, if it is one that may be met.

import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import StreamSQL

/// `@unchecked Sendable`: touched by who has the turn (`SimulatedProcesses`).
final class ChainTruth: @unchecked Sendable {
    let recordings: [TopicRecording]
    private var own: String?

    init(_ topics: [ShapeTopic]) { recordings = topics.map { TopicRecording($0) } }

    /// The first promise that was broken.
    var lie: String? { own ?? recordings.compactMap(\.lie).first }
    func lie(_ text: String) { own = own ?? text }
}

/// What all processes of a chain have in common.
struct ChainWorld: Sendable {
    private static let directory = "data"

    let time = SimulatedTime(milliseconds: ModelTimestamp.yearBegin + 100 * 86_400_000)
    let truth: ChainTruth
    let sql: [String]
    private let chain: JobChain
    private let safeguards: Safeguards
    private let rows: [[ModelValue]]
    private let partitions: Int
    /// Of the jobs.
    private let storages = [OrderedMapStorage(), OrderedMapStorage()]
    private let journalRollBytes: Int
    private let segmentRollBytes: Int

    init(_ random: inout SplitMix64, _ safeguards: Safeguards) {
        chain = JobGenerator.chain(&random)
        sql = chain.jobs.map { JobSQL.text($0) }
        truth = ChainTruth(chain.topics)
        rows = InputGenerator.rows(random.below(120), of: chain.input, &random)
        partitions = 1 + random.below(3)
        journalRollBytes = random.oneIn(2) ? 2000 + random.below(8000) : 1 << 20
        segmentRollBytes = random.oneIn(3) ? 1 << 20 : 300 + random.below(4000)
        self.safeguards = safeguards
    }

    private func open(_ files: SimulatedFileSystem) throws(JobFailure) -> CommitLogAccess {
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

    private func judge(_ error: JobFailure, _ process: SimulatedProcess) {
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
                chain.input.name, schema: schema, partitions: UInt32(partitions),
                random: SimulatedRandom(seed: UInt64(rows.count)), in: log)
        } catch {
            judge(error, process)
        }
    }

    /// Publishes what was not published before: the producer has a name.
    func feed(_ process: SimulatedProcess, _ seed: UInt64, batches: Int) {
        var random = SplitMix64(seed: seed)
        do throws(JobFailure) {
            let background = SimulatedBackground()
            process.files.beforeChange { [weak background] in background?.pause() }
            var log = try open(process.files)
            log.background = background
            let producer = try TopicProducer(chain.input.name, id: "feeder", in: log)
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

    // MARK: Jobs

    /// - Parameter isLast: reads all that is there, and must come to its end.
    func work(_ process: SimulatedProcess, _ number: Int, _ seed: UInt64, isLast: Bool) {
        var random = SplitMix64(seed: seed)
        var conditions = JobLife.Conditions(&random, [.parallelism], stops: false)
        conditions.settings.safeguards = safeguards
        conditions.settings.readsWhatIsThere = isLast || random.oneIn(4)
        conditions.segmentRollBytes = segmentRollBytes
        conditions.journalRollBytes = journalRollBytes
        if !isLast { conditions.turnsBeforeStop = 50 + random.below(1000) }
        do throws(EpochFailure) {
            guard try isThere(number == 0 ? chain.input.name : chain.topics[0].name, process) else { return }
            var life = JobLife(
                process.files, time, storages[number], conditions, seed: random.next(),
                job: number == 0 ? "first" : "second")
            let result = try life.run(try planned(number))
            if isLast, result != .stopped { truth.lie("\(process.name) ends with \(String(describing: result))") }
        } catch {
            if process.files.isDead { return }
            switch error {
            case .violation(let text): truth.lie("\(process.name): \(text)")
            case .foreignFile(let path): truth.lie("\(process.name): a file stands in the way at \(path)")
            case .world: if !process.files.metFaults { truth.lie("\(process.name) fails without a fault") }
            }
        }
    }

    private func isThere(_ topic: String, _ process: SimulatedProcess) throws(EpochFailure) -> Bool {
        do throws(JobFailure) {
            return try open(process.files).settled().topic(named: topic) != nil
        } catch {
            judge(error, process)
            return false
        }
    }

    private func planned(_ number: Int) throws(EpochFailure) -> JobGraph {
        do throws(SQLError) {
            return JobPlanner.plan(try analyze(Array(sql[number].utf8), file: "job.sql").sinks)
        } catch {
            throw .violation("the job is refused: \(error.message) (\(error.place.map { "\($0)" } ?? "no place"))")
        }
    }

    // MARK: Readers

    func follow(_ process: SimulatedProcess, _ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        do throws(JobFailure) {
            let recording = truth.recordings[random.below(2)]
            let log = try open(process.files)
            guard try log.settled().topic(named: recording.topic) != nil else { return }
            var reader = try RecordedReader(recording, in: log)
            for _ in 0..<(1 + random.below(20)) {
                try reader.read()
                process.rest(turns: random.below(60))
            }
        } catch {
            judge(error, process)
        }
    }

    /// Both topics against the model.
    func compare(_ process: SimulatedProcess) {
        let input = ModelInput([ModelFile(table: chain.input.number, rows: rows)])
        do throws(JobFailure) {
            let log = try open(process.files)
            for (job, recording) in zip(chain.jobs, truth.recordings) {
                var reader = try RecordedReader(recording, in: log)
                try reader.read()
                let model = RowModel(job, input)
                let expected = ChangelogTable(rows: model.outputs[0].map(\.values))
                guard recording.lie == nil, reader.table != expected else { continue }
                return recording.lie("it is not what it must be:\n\(reader.table.difference(to: expected))")
            }
        } catch {
            judge(error, process)
        }
    }
}

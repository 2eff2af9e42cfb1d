// What the processes of a chain do besides feeding it: each job, readers.

import CommitLog
import Dataflow
import HostSystem
import KeyedState

/// `@unchecked Sendable`: touched by who has the turn (`SimulatedProcesses`).
final class ChainTruth: SimulationTruth, @unchecked Sendable {
    let recordings: [TopicRecording]
    private var own: String?

    init(_ topics: [ShapeTopic]) { recordings = topics.map { TopicRecording($0) } }

    var lie: String? { own ?? recordings.compactMap(\.lie).first }
    func lie(_ text: String) { own = own ?? text }
}

/// What all processes of a chain have in common.
struct ChainWorld: Sendable {
    let truth: ChainTruth
    let jobs: TopicJobs
    let sql: [String]
    private let chain: JobChain
    /// Of the jobs.
    private let storages = [OrderedMapStorage(), OrderedMapStorage()]

    init(_ random: inout SplitMix64, _ safeguards: Safeguards) {
        chain = JobGenerator.chain(&random)
        sql = chain.jobs.map { JobSQL.text($0) }
        truth = ChainTruth(chain.topics)
        jobs = TopicJobs(&random, filling: chain.input, truth, safeguards)
    }

    /// - Parameter isLast: reads all that is there, and must come to its end.
    func work(_ process: SimulatedProcess, _ number: Int, _ seed: UInt64, isLast: Bool) {
        var random = SplitMix64(seed: seed)
        var conditions = jobs.conditions(&random)
        conditions.settings.readsWhatIsThere = isLast || random.oneIn(4)
        if !isLast { conditions.turnsBeforeStop = 50 + random.below(1000) }
        let source = number == 0 ? chain.input.name : chain.topics[0].name
        let isThere = jobs.withLog(process) { log throws(JobFailure) in try log.settled().topic(named: source) != nil }
        guard isThere == true else { return }
        let result = jobs.run(
            sql[number], as: ["first", "second"][number], process, storages[number], conditions, seed: random.next())
        if isLast, result != .stopped { truth.lie("\(process.name) ends with \(String(describing: result))") }
    }

    func follow(_ process: SimulatedProcess, _ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let recording = truth.recordings[random.below(2)]
        jobs.withLog(process) { log throws(JobFailure) in
            guard try log.settled().topic(named: recording.topic) != nil else { return }
            var reader = try RecordedReader(recording, in: log)
            for _ in 0..<(1 + random.below(20)) {
                try reader.read()
                process.rest(turns: random.below(60))
            }
        }
    }

    /// Both topics against the model.
    func compare(_ process: SimulatedProcess) {
        let input = ModelInput([ModelFile(table: chain.input.number, rows: jobs.rows)])
        jobs.withLog(process) { log throws(JobFailure) in
            for (job, recording) in zip(chain.jobs, truth.recordings) {
                var reader = try RecordedReader(recording, in: log)
                try reader.read()
                let model = RowModel(job, input)
                let expected = ChangelogTable(rows: model.outputs[0].map(\.values))
                guard recording.lie == nil, reader.table != expected else { continue }
                return recording.lie("it is not what it must be:\n\(reader.table.difference(to: expected))")
            }
        }
    }
}

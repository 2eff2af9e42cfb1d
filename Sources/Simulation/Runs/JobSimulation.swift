// Whole jobs under fire. One seed gives a job, its input, how often more input comes, and for each life of the process its
// parallelism, memory, schedule and faults; the real planner, subtasks, channels, operators, state store, part files and
// journal run it, on one thread and on a machine that fails. What is published is compared with `RowModel` after every
// life; when a run has come to its end it must be exactly that.
//
//     round 1            round 2              last round
//     input ─▶ lives ─▶  more input ─▶ lives ─▶ more input ─▶ lives ─▶ all input is read for good
//                │
//                └ each ends in a death, a failure, a stop, or with the round's input read (`--available-now`)

import Dataflow
import HostSystem
import KeyedState

package struct JobSimulation {
    package struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
        package var seed: UInt64
        package var life: Int
        package var description: String
        /// The job, as it was run.
        package var sql: String

        /// All that a reader needs to see it again.
        package var report: String {
            "seed \(seed), life \(life): \(description)\n\n\(sql)\nswift run -c release Soak --seed \(seed) --only jobs --trace"
        }
    }

    /// What may happen in this seed's run: fewer kinds at a time go deeper.
    private struct Weather {
        var kills: Bool
        var powerLosses: Bool
        var errors: Bool
        var stops: Bool
        var isCalm: Bool { !kills && !powerLosses && !errors }

        init(_ random: inout SplitMix64) {
            let isCalm = random.oneIn(5)
            powerLosses = !isCalm && random.oneIn(2)
            kills = !isCalm && (random.oneIn(2) || !powerLosses)
            errors = !isCalm && random.oneIn(3)
            stops = random.oneIn(4)
        }
    }

    private let seed: UInt64
    private let safeguards: Safeguards
    private let features: JobFeatures
    private let shape: JobShape
    private let sql: String
    private let files: [InputFile]
    private let rounds: Int
    private let weather: Weather
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private let time = SimulatedTime(milliseconds: ModelTimestamp.yearBegin + 100 * 86_400_000)
    private let storage = OrderedMapStorage()
    /// The parallelism has changed, and the process has died: the parts of a key's old subtask and those of its new one are
    /// renamed by two, so for a moment the later ones may be there without the earlier ones.
    private var mayBeHalfPublished = false
    /// As the run told when it finished; nil: its process died before it could.
    private var lateRows: Int?
    private var life = 0

    private init(seed: UInt64, safeguards: Safeguards, features: JobFeatures) {
        self.seed = seed
        self.safeguards = safeguards
        self.features = features
        random = SplitMix64(seed: seed)
        shape = JobGenerator.job(&random, features)
        // Drawn apart, so that a seed has the same job without.
        let wiring = features.contains(.wiring) && seed % 4 == 3 ? SplitMix64(seed: ~seed) : nil
        sql = JobSQL.text(shape, wiring: wiring)
        rounds = random.oneIn(2) ? 1 : 2 + random.below(2)
        files = InputGenerator.files(shape.tables, rounds: rounds, &random)
        weather = Weather(&random)
        disk = SimulatedDisk(seed: random.next())
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, features: JobFeatures = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = JobSimulation(seed: seed, safeguards: safeguards, features: features)
        do throws(EpochFailure) {
            try simulation.disk.traced(to: trace) { () throws(EpochFailure) in try simulation.run() }
            return nil
        } catch {
            let text =
                switch error {
                case .violation(let text): text
                case .foreignFile(let path): "a file stands in the way at \(path)"
                case .world: "without faults the worker fails"
                }
            return Violation(seed: seed, life: simulation.life, description: text, sql: simulation.sql)
        }
    }

    private mutating func run() throws(EpochFailure) {
        let graph = try JobLife.plan(sql)
        let files = files.map(\.model)
        let models = (0..<rounds).map { round in
            RowModel(shape, ModelInput(files, round: round, isFinal: round == rounds - 1))
        }
        let checker = JobChecker(shape, final: models[rounds - 1])
        for round in 0..<rounds {
            try write(round)
            try live(graph, round, checker)
            try look { (files) throws(EpochFailure) in
                try checker.checkComplete(files, models[round], isFinal: round == rounds - 1)
            }
        }
        let isCounted = !shape.sinks.contains { $0.relation.filtersWindows }
        if isCounted, let late = lateRows, late != models[rounds - 1].lateRows {
            throw .violation("\(late) late rows were counted, expected \(models[rounds - 1].lateRows)")
        }
        try checkNothingIsLeftToDo(graph, checker, models[rounds - 1])
    }

    // MARK: Input

    /// Brings the files to where they are in this round, durably: they belong to somebody else.
    private func write(_ round: Int) throws(EpochFailure) {
        let process = disk.start()
        defer { process.kill() }
        try onDisk { () throws(FileError) in
            for table in shape.tables { try process.makeDurableDirectories(table.folder) }
            for file in files where file.firstRound <= round {
                let handle = try process.open(file.path, .createIfMissing)
                defer { handle.close() }
                let size = try handle.size()
                try handle.write(Array(file.bytes[size..<file.visibleBytes[round]]), at: size)
                try handle.sync()
                try process.syncDirectory(file.table.folder)
            }
        }
    }

    // MARK: Lives

    /// Lives until the round's input is read: the last of them meets no faults.
    private mutating func live(_ graph: JobGraph, _ round: Int, _ checker: JobChecker) throws(EpochFailure) {
        let faulty = weather.isCalm && !weather.stops ? 0 : random.below(5)
        for _ in 0..<faulty {
            var conditions = JobLife.Conditions(&random, features, stops: weather.stops)
            conditions.faults = FaultPlan(
                drawnFrom: &random, within: 20 + random.below(200), kills: weather.kills,
                powerLoss: weather.powerLosses, errors: weather.errors)
            let isDone = try startLife(graph, conditions, round)
            if weather.powerLosses && random.oneIn(5) { disk.losePower() }
            try look { (files) throws(EpochFailure) in try checker.checkVisible(files, inOrder: !mayBeHalfPublished) }
            if isDone { return }
        }
        guard try startLife(graph, JobLife.Conditions(&random, features, stops: false), round) else {
            throw .violation("without faults, and without being asked to stop, the run stops")
        }
    }

    /// True where all of the round's input was read.
    private mutating func startLife(
        _ graph: JobGraph, _ conditions: JobLife.Conditions, _ round: Int
    ) throws(EpochFailure) -> Bool {
        life += 1
        var conditions = conditions
        conditions.settings.readsWhatIsThere = round < rounds - 1
        conditions.settings.safeguards = safeguards
        let process = disk.start(conditions.faults)
        defer { process.kill() }
        var life = JobLife(process, time, storage, conditions, seed: random.next())
        let result = try life.run(graph)
        mayBeHalfPublished = life.hasRescaled || (mayBeHalfPublished && !life.hasGoneOn)
        if result == .finished { lateRows = life.commits.lateRows }
        switch result {
        case .finished, .alreadyFinished: return true
        case .stopped: return !life.wasAskedToStop
        case nil: return false
        }
    }

    /// A finished job that is started again changes nothing.
    private mutating func checkNothingIsLeftToDo(
        _ graph: JobGraph, _ checker: JobChecker, _ model: RowModel
    ) throws(EpochFailure) {
        life += 1
        let process = disk.start()
        defer { process.kill() }
        var life = JobLife(
            process, time, storage, JobLife.Conditions(&random, features, stops: false), seed: random.next())
        guard try life.run(graph) == .alreadyFinished else { throw .violation("a finished job is run once more") }
        try checker.checkComplete(process, model, isFinal: true)
    }

    /// As somebody sees it who watches the folders.
    private func look(_ body: (SimulatedFileSystem) throws(EpochFailure) -> Void) throws(EpochFailure) {
        let files = disk.start()
        defer { files.kill() }
        try body(files)
    }
}

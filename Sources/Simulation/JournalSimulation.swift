// Several writers share a journal on one machine that fails. Each has a job of its own and commits checkpoint after
// checkpoint. The checker keeps every history that may have come to stand: an acknowledged entry is in all of them, one
// whose append failed is in some, until anybody is told what the journal says; from then on that is the only one.

import CommitLog
import Glibc
import HostSystem

package struct JournalSimulation {
    package struct Violation: Error, CustomStringConvertible, Sendable {
        package var seed: UInt64
        package var step: Int
        package var description: String
    }

    private struct Writer {
        var job: String
        var files: SimulatedFileSystem
        var journal: Journal?
        /// What the journal last said; nil after an error.
        var state: JournalState?
    }

    /// What a history comes to.
    private struct History: Equatable {
        var end: UInt64 = 0
        var jobs: [String: JournalState.LiveRun] = [:]

        init() {}

        init(_ state: JournalState) {
            end = state.end
            jobs = state.jobs
        }

        func followed(by body: JournalEntry.Body) -> History {
            var next = self
            next.end += 1
            switch body {
            case .checkpoint(let job, let run, let checkpoint, _):
                next.jobs[job] = JournalState.LiveRun(run: run, last: checkpoint)
            case .abandoned(let job, _):
                next.jobs[job] = nil
            default:
                break
            }
            return next
        }
    }

    private static let directory = "data/journal"

    private let seed: UInt64
    private let safeguards: Safeguards
    private let rollBytes: Int
    /// Rot strikes once, where later entries prove it.
    private var rots: Bool
    private var hasRotten = false
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private let time = SimulatedTime()
    private var writers: [Writer] = []
    private var histories = [History()]
    private var step = 0
    private var nextChecksum: UInt64 = 1

    private init(seed: UInt64, safeguards: Safeguards) {
        self.seed = seed
        self.safeguards = safeguards
        random = SplitMix64(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        rollBytes = 200 + random.below(1200)
        rots = random.oneIn(4)
    }

    /// Runs the seed's schedule. Returns what went wrong, nil where nothing did; `trace` is called with what was done.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = JournalSimulation(seed: seed, safeguards: safeguards)
        if trace != nil { simulation.disk.startTracing() }
        defer { trace?(simulation.disk.trace) }
        do throws(Violation) {
            try simulation.run()
            return nil
        } catch {
            return error
        }
    }

    private func violation(_ text: String) -> Violation { Violation(seed: seed, step: step, description: text) }

    private mutating func run() throws(Violation) {
        for i in 0..<(1 + random.below(3)) {
            writers.append(Writer(job: "job-\(i)", files: disk.start(plan())))
        }
        while step < 40 {
            step += 1
            time.advance(milliseconds: Int64(random.below(100)) - 20)
            if random.oneIn(30) { disk.losePower() }
            if random.oneIn(20) { writers[random.below(writers.count)].files.kill() }
            if rots && random.oneIn(10) { rot() }
            try act(random.below(writers.count))
            if hasRotten && histories.isEmpty { return }
        }
        for i in writers.indices { writers[i] = Writer(job: writers[i].job, files: disk.start()) }
        for i in writers.indices where !histories.isEmpty {
            step += 1
            try act(i)
            guard histories.isEmpty || writers[i].state != nil else {
                throw violation("without a fault the journal does not open")
            }
        }
    }

    private mutating func plan() -> FaultPlan {
        FaultPlan(
            drawnFrom: &random, within: 40, kills: random.oneIn(2), powerLoss: random.oneIn(2),
            errors: random.oneIn(2))
    }

    private mutating func act(_ i: Int) throws(Violation) {
        if writers[i].files.isDead { writers[i] = Writer(job: writers[i].job, files: disk.start(plan())) }
        do throws(JournalError) {
            guard let journal = writers[i].journal else {
                let journal = try Journal.open(
                    directory: JournalSimulation.directory, files: writers[i].files, time: time,
                    safeguards: safeguards, rollBytes: rollBytes)
                writers[i].journal = journal
                try settle(i, journal)
                return
            }
            guard let state = writers[i].state, !random.oneIn(4) else { return try settle(i, journal) }
            let body = nextEntry(i, state)
            try append(body, journal, i)
        } catch {
            writers[i].state = nil
            try judge(error)
        }
        if let violation = found { throw violation }
    }

    /// Set by the steps below, which throw the journal's errors only.
    private var found: Violation?

    private mutating func settle(_ i: Int, _ journal: Journal) throws(JournalError) {
        let state = try journal.settle()
        writers[i].state = state
        let said = History(state)
        guard histories.contains(said) else {
            found = violation("the journal says \(said), which is none of \(histories)")
            return
        }
        histories = [said]
    }

    private mutating func append(
        _ body: JournalEntry.Body, _ journal: Journal, _ i: Int
    ) throws(JournalError) {
        do throws(JournalError) {
            let position = try journal.append(body)
            let before = histories.filter { $0.end == position.sequence }
            if before.isEmpty { found = violation("entry \(position.sequence) stands behind none of \(histories)") }
            histories = before.map { $0.followed(by: body) }
            writers[i].state = nil
        } catch .refused(let refusal) {
            found = violation("refused, though it is the job's only writer: \(refusal)")
        } catch {
            histories += histories.map { $0.followed(by: body) }.filter { !histories.contains($0) }
            throw error
        }
    }

    private mutating func nextEntry(_ i: Int, _ state: JournalState) -> JournalEntry.Body {
        let job = writers[i].job
        nextChecksum += 1
        guard let live = state.jobs[job] else {
            let run = RunID(high: random.next(), low: random.next())
            return .checkpoint(job: job, run: run, CommittedCheckpoint(number: 0, recordChecksum: nextChecksum))
        }
        if random.oneIn(8) { return .abandoned(job: job, run: live.run) }
        let next = CommittedCheckpoint(number: live.last.number + 1, recordChecksum: nextChecksum)
        return .checkpoint(job: job, run: live.run, next)
    }

    private mutating func judge(_ error: JournalError) throws(Violation) {
        switch error {
        case .refused, .unsupportedVersion:
            throw violation("\(error)")
        case .damaged:
            guard hasRotten else { throw violation("damage, though nothing has rotten: \(error)") }
            histories = []
        case .file(let file) where file.code == EDEADLK || file.code == EEXIST || file.code == ENOENT:
            throw violation("\(error)")
        case .file, .syncFailed: break
        }
    }

    /// One byte in the first half of the newest file, where at least one later entry is durable.
    private mutating func rot() {
        let files = disk.start()
        defer { files.kill() }
        do throws(FileError) {
            guard try files.exists(JournalSimulation.directory) else { return }
            let names = try files.list(JournalSimulation.directory).filter { $0.hasSuffix(".journal") }
            guard let newest = names.max() else { return }
            let path = FilePath.join(JournalSimulation.directory, newest)
            let size = try files.status(path)?.sizeBytes ?? 0
            guard size > 600 else { return }
            disk.rot(path, at: random.below(size - 400), mask: UInt8(1 + random.below(255)))
            rots = false
            hasRotten = true
        } catch {
            found = violation("\(error)")
        }
    }
}

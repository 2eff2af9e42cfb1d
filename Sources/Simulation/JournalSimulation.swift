// Several writers and readers share a journal on one machine that fails. Each writer has a job of its own, and all have
// topics in common: they create them, publish in them alone, as producers or with checkpoints, change and delete them; and in
// some runs a deployed job, whose versions they register, commit for, switch and retire.
// Appends are done in their two halves, and while one writer is at the disk another may come in between at any change. What
// anybody is told is judged by `JournalTruth`.

import CommitLog
import Glibc
import HostSystem
import Synchronization

package struct JournalSimulation {
    package struct Violation: Error, CustomStringConvertible, Sendable {
        package var seed: UInt64
        package var step: Int
        package var description: String
    }

    private struct Writer {
        var name: String
        var files: SimulatedFileSystem
        var journal: Journal?
        /// What the journal last said; nil after an error.
        var state: JournalState?
        /// Written, and not known to be durable.
        var placed: (PlacedEntry, JournalEntry.Body)?
    }

    private struct Reader {
        var files: SimulatedFileSystem
        var reader: JournalReader?
    }

    private let seed: UInt64
    private let safeguards: Safeguards
    private let rollBytes: Int
    /// Rot strikes once, where later entries prove it.
    private var rots: Bool
    private var isOver = false
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private let time = SimulatedTime()
    private var writers: [Writer] = []
    private var readers: [Reader] = []
    private var truth: JournalTruth
    private var bodies: JournalBodies
    private var step = 0

    private init(seed: UInt64, safeguards: Safeguards) {
        self.seed = seed
        self.safeguards = safeguards
        random = SplitMix64(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        rollBytes = 200 + random.below(2400)
        rots = random.oneIn(4)
        bodies = JournalBodies(&random)
        truth = JournalTruth(disk, time)
    }

    /// Runs the seed's schedule. Returns what went wrong, nil where nothing did; `trace` is called with what was done.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = JournalSimulation(seed: seed, safeguards: safeguards)
        do throws(JournalTruth.Lie) {
            try simulation.disk.traced(to: trace) { () throws(JournalTruth.Lie) in try simulation.run() }
            return nil
        } catch {
            return Violation(seed: seed, step: simulation.step, description: error.description)
        }
    }

    private mutating func run() throws(JournalTruth.Lie) {
        for i in 0..<(1 + random.below(3)) { writers.append(Writer(name: "job-\(i)", files: disk.start(plan()))) }
        for _ in 0..<random.below(3) { readers.append(Reader(files: disk.start())) }
        while step < 60, !isOver {
            step += 1
            time.advance(milliseconds: Int64(random.below(100)) - 20)
            if random.oneIn(40) { disk.losePower() }
            if random.oneIn(25) { writers[random.below(writers.count)].files.kill() }
            if rots, random.oneIn(10), try truth.rot(&random) { rots = false }
            if !readers.isEmpty, random.oneIn(3) {
                try read(random.below(readers.count))
            } else {
                try act(random.below(writers.count))
            }
            try truth.check()
        }
        if !isOver { try endInPeace() }
    }

    /// Whatever the dead have left, a reader comes to the end alone; and so do the writers.
    private mutating func endInPeace() throws(JournalTruth.Lie) {
        for writer in writers { writer.files.kill() }
        if truth.isRotten { return }
        readers = [Reader(files: disk.start())]
        if try truth.written().isEmpty { return }
        for _ in 0..<6 {
            time.advance(milliseconds: 200)
            try read(0, limit: .max)
        }
        let count = try truth.written().count
        guard readers[0].reader?.place.sequence == UInt64(count) else {
            throw JournalTruth.Lie(description: "a reader never comes to the end, entry \(count)")
        }
        for i in writers.indices {
            writers[i] = Writer(name: writers[i].name, files: disk.start())
            for _ in 0..<3 { try act(i) }
            guard writers[i].journal != nil else {
                throw JournalTruth.Lie(description: "without a fault the journal does not open")
            }
            try truth.check()
        }
    }

    private mutating func plan() -> FaultPlan {
        FaultPlan(
            drawnFrom: &random, within: 40, kills: random.oneIn(2), powerLoss: random.oneIn(2),
            errors: random.oneIn(2))
    }

    // MARK: Readers

    private mutating func read(_ i: Int, limit: Int? = nil) throws(JournalTruth.Lie) {
        if readers[i].files.isDead { readers[i] = Reader(files: disk.start()) }
        do throws(JournalError) {
            if readers[i].reader == nil {
                let from = random.below(truth.told.count + 1)
                readers[i].reader = try JournalReader.open(
                    directory: JournalTruth.directory, files: readers[i].files, time: time, safeguards: safeguards,
                    from: random.oneIn(2) ? nil : JournalPlace(sequence: UInt64(from)))
            }
            guard let reader = readers[i].reader else { return }
            let place = reader.place.sequence
            let given = try reader.next(limit: limit ?? 1 + random.below(5))
            truth.gave(given, from: place)
        } catch {
            readers[i].reader = nil
            try judge(error)
        }
        if let lie = truth.lie { throw lie }
    }

    // MARK: Writers

    private mutating func act(_ i: Int) throws(JournalTruth.Lie) {
        if writers[i].files.isDead { writers[i] = Writer(name: writers[i].name, files: disk.start(plan())) }
        var attempted: JournalEntry.Body?
        do throws(JournalError) {
            guard let journal = writers[i].journal else {
                writers[i].journal = try Journal.open(
                    directory: JournalTruth.directory, files: writers[i].files, time: time,
                    safeguards: safeguards, rollBytes: rollBytes)
                return try settle(i)
            }
            if let (entry, body) = writers[i].placed {
                writers[i].placed = nil
                attempted = body
                let stands = try interrupted(by: i) { () throws(JournalError) in try journal.makeDurable(entry) }
                writers[i].state = nil
                if stands {
                    truth.acknowledged(body, entry.position)
                    writers[i].files.promised()
                }
            } else if let state = writers[i].state, !random.oneIn(4) {
                let body = bodies.next(writers[i].name, state, &random)
                attempted = body
                truth.tries(body)
                let entry = try interrupted(by: i) { () throws(JournalError) in try journal.place(body) }
                writers[i].placed = (entry, body)
            } else {
                try settle(i)
            }
        } catch {
            if case .refused = error {
            } else {
                writers[i].placed = nil
                if let attempted { truth.failed(attempted) }
            }
            writers[i].state = nil
            try judge(error)
        }
        if let lie = truth.lie { throw lie }
    }

    private mutating func settle(_ i: Int) throws(JournalError) {
        guard let journal = writers[i].journal else { return }
        let state = try journal.settle()
        writers[i].state = state
        truth.said(state)
    }

    /// Runs a half of an append, during which another writer may do one.
    private mutating func interrupted<Result>(
        by i: Int, _ body: () throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        let others = writers.indices.filter { $0 != i && writers[$0].journal != nil && !writers[$0].files.isDead }
        guard !others.isEmpty, random.oneIn(2), let journal = writers[others[random.below(others.count)]].journal,
            let j = others.first(where: { writers[$0].journal === journal }), let state = writers[j].state
        else { return try body() }
        let half: JournalInterruption.Half =
            if let placed = writers[j].placed {
                .makeDurable(placed.0, placed.1)
            } else {
                .place(bodies.next(writers[j].name, state, &random))
            }
        if case .place(let body) = half { truth.tries(body) }
        let other = JournalInterruption(journal, half, at: random.below(12))
        writers[i].files.beforeChange { other.come() }
        writers[i].files.afterChange { other.come() }
        defer {
            writers[i].files.beforeChange(nil)
            writers[i].files.afterChange(nil)
        }
        let result: Swift.Result<Result, JournalError>
        do throws(JournalError) { result = .success(try body()) } catch { result = .failure(error) }
        // Whatever happened was told to one before the other.
        if let outcome = other.outcome { take(outcome, j) }
        return try result.get()
    }

    private mutating func take(_ outcome: JournalInterruption.Outcome, _ j: Int) {
        switch outcome {
        case .placed(let entry, let body):
            writers[j].placed = (entry, body)
        case .stands(let entry, let body):
            writers[j].placed = nil
            writers[j].state = nil
            truth.acknowledged(body, entry.position)
        case .void:
            writers[j].placed = nil
            writers[j].state = nil
        case .failed(.file(let error)) where error.code == EDEADLK:
            // It would have waited, and finds things as they were.
            break
        case .failed(let error):
            if case .refused = error {} else { writers[j].placed = nil }
            writers[j].state = nil
            do throws(JournalTruth.Lie) {
                try judge(error)
            } catch {
                let lie = error
                truth.judge { (_) throws(JournalTruth.Lie) in throw lie }
            }
        }
    }

    // MARK: Judging

    private mutating func judge(_ error: JournalError) throws(JournalTruth.Lie) {
        switch error {
        case .refused(let refusal):
            guard bodies.mayBeRefused(refusal) else {
                throw JournalTruth.Lie(description: "refused, though it is the job's only writer: \(refusal)")
            }
        case .unsupportedVersion:
            throw JournalTruth.Lie(description: "\(error)")
        case .damaged:
            guard truth.isRotten else {
                throw JournalTruth.Lie(description: "damage, though nothing has rotten: \(error)")
            }
            isOver = true
        case .file(let file) where file.code == EDEADLK || file.code == EEXIST || file.code == ENOENT:
            throw JournalTruth.Lie(description: "\(error)")
        case .file, .syncFailed: break
        }
    }
}

/// What another writer does while one is at the disk, at the n-th moment before or after a change.
private final class JournalInterruption: Sendable {
    enum Half: Sendable {
        case place(JournalEntry.Body)
        case makeDurable(PlacedEntry, JournalEntry.Body)
    }

    enum Outcome: Sendable {
        case placed(PlacedEntry, JournalEntry.Body)
        case stands(PlacedEntry, JournalEntry.Body)
        case void
        case failed(JournalError)
    }

    private let journal: Journal
    private let half: Half
    private let memory: Mutex<(left: Int, outcome: Outcome?)>

    init(_ journal: Journal, _ half: Half, at moment: Int) {
        self.journal = journal
        self.half = half
        memory = Mutex((moment, nil))
    }

    var outcome: Outcome? { memory.withLock { $0.outcome } }

    func come() {
        let isTime = memory.withLock { memory in
            memory.left -= 1
            return memory.left == -1
        }
        guard isTime else { return }
        let outcome: Outcome
        do throws(JournalError) {
            switch half {
            case .place(let body): outcome = .placed(try journal.place(body), body)
            case .makeDurable(let entry, let body):
                outcome = try journal.makeDurable(entry) ? .stands(entry, body) : .void
            }
        } catch {
            outcome = .failed(error)
        }
        memory.withLock { $0.outcome = outcome }
    }
}

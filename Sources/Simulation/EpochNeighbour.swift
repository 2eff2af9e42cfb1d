import CommitLog
import HostSystem

/// Another process that commits to the same journal, and dies now and then.
struct EpochNeighbour {
    private static let job = "neighbour"

    private let disk: SimulatedDisk
    private let time: SimulatedTime
    private let safeguards: Safeguards
    private let rollBytes: Int
    private var files: SimulatedFileSystem
    private var journal: Journal?

    init(disk: SimulatedDisk, time: SimulatedTime, safeguards: Safeguards, rollBytes: Int) {
        self.disk = disk
        self.time = time
        self.safeguards = safeguards
        self.rollBytes = rollBytes
        files = disk.start()
    }

    /// Settles the journal, or appends the job's next checkpoint.
    mutating func act(_ random: inout SplitMix64, _ fails: Bool) throws(EpochFailure) {
        if files.isDead || journal == nil {
            let plan =
                fails
                ? FaultPlan(drawnFrom: &random, within: 12, kills: true, powerLoss: false, errors: true)
                : FaultPlan.none
            files = disk.start(plan)
            journal = nil
        }
        do throws(EpochFailure) {
            let journal = try opened()
            self.journal = journal
            let state = try onJournal { () throws(JournalError) in try journal.settle() }
            if random.oneIn(2) { return }
            let live = state.jobs[EpochNeighbour.job]
            let run = live?.run ?? RunID(high: random.next(), low: random.next())
            let next = CommittedCheckpoint(
                number: live.map { $0.last.number + 1 } ?? 0, recordChecksum: random.next())
            _ = try onJournal { () throws(JournalError) in
                try journal.append(.checkpoint(job: EpochNeighbour.job, run: run, next))
            }
        } catch .world {
            journal = nil
        } catch {
            throw error
        }
    }

    private func opened() throws(EpochFailure) -> Journal {
        if let journal { return journal }
        return try onJournal { () throws(JournalError) in
            try Journal.open(
                directory: "data/journal", files: files, time: time, safeguards: safeguards, rollBytes: rollBytes)
        }
    }
}

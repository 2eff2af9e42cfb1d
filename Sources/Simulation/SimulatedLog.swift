import CommitLog
import Dataflow
import HostSystem

/// The data directory that all processes of a simulation share.
struct SimulatedLog: Sendable {
    let time: SimulatedTime
    let safeguards: Safeguards
    let journalRollBytes: Int
    let segmentRollBytes: Int

    init(_ random: inout SplitMix64, _ time: SimulatedTime, _ safeguards: Safeguards) {
        self.time = time
        self.safeguards = safeguards
        journalRollBytes = random.oneIn(2) ? 1000 + random.below(8000) : 1 << 20
        segmentRollBytes = random.oneIn(3) ? 1 << 20 : 200 + random.below(4000)
    }

    /// - Parameter background: of a process that writes; it goes on in steps.
    func open(
        _ files: SimulatedFileSystem, _ background: SimulatedBackground? = nil
    ) throws(JobFailure) -> CommitLogAccess {
        if let background { files.beforeChange { [weak background] in background?.pause() } }
        let directory = try DataDirectory("data", files: files)
        let journal: Journal
        do throws(JournalError) {
            journal = try Journal.open(
                directory: directory.journal, files: files, time: time, safeguards: safeguards,
                rollBytes: journalRollBytes)
        } catch {
            throw .journal(error)
        }
        var log = CommitLogAccess(journal: journal, directory: directory, time: time)
        if let background { log.background = background }
        log.segmentRollBytes = segmentRollBytes
        return log
    }
}

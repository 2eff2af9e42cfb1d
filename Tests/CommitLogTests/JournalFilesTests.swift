import CommitLog
import HostSystem
import TestSupport
import Testing

/// The journal on real files, where writers really wait for each other.
@Suite struct JournalFilesTests {
    @Test func writersTakeTurns() async throws {
        let workspace = try Workspace()
        let directory = workspace.path + "/journal"
        let checkpoints: UInt64 = 40
        try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for writer in 0..<4 as Range<UInt64> {
                group.addTask {
                    let journal = try Journal.open(
                        directory: directory, files: PosixFileSystem(), time: SystemTime(), rollBytes: 2000)
                    return try (0..<checkpoints).map { number in
                        try journal.append(
                            .checkpoint(
                                job: "job-\(writer)", run: RunID(high: writer, low: 1),
                                CommittedCheckpoint(number: number, recordChecksum: number))
                        ).sequence
                    }
                }
            }
            var all: [UInt64] = []
            for try await sequences in group {
                #expect(sequences == sequences.sorted())
                all += sequences
            }
            #expect(all.sorted() == Array(0..<(4 * checkpoints)))
        }
        let journal = try Journal.open(directory: directory, files: PosixFileSystem(), time: SystemTime())
        let state = try journal.settle()
        #expect(state.end == 4 * checkpoints)
        #expect(state.jobs.values.allSatisfy { $0.last.number == checkpoints - 1 })
        #expect(journal.takeNotices().isEmpty)
        withExtendedLifetime(workspace) {}
    }
}

import CommitLog
import HostSystem
import Simulation
import TestSupport
import Testing

@Suite struct JournalReaderTests {
    private func reader(
        _ machine: JournalMachine, from place: JournalPlace? = nil
    ) throws(JournalError) -> JournalReader {
        try JournalReader.open(
            directory: JournalMachine.directory, files: machine.disk.start(), time: machine.time, from: place)
    }

    @Test func aReaderFollowsThroughAllFiles() throws {
        let machine = JournalMachine()
        let reader = try reader(machine)
        #expect(try reader.next(limit: 10).isEmpty)
        let journal = try machine.open(rollBytes: 500)
        try machine.fill(journal, 0...30)
        #expect(try reader.next(limit: 7).map(\.sequence) == Array(0..<7))
        #expect(reader.state.end == 7 && reader.place == JournalPlace(sequence: 7))
        #expect(try reader.next(limit: 100).map(\.sequence) == Array(7..<31))
        #expect(try reader.next(limit: 100).isEmpty)
        #expect(try reader.state == journal.settle())
        try machine.fill(journal, 31...31)
        #expect(try reader.next(limit: 100).map(\.body) == [machine.checkpoint(31)])
    }

    @Test(arguments: [0, 1, 17, 31, 40] as [UInt64]) func aReaderBeginsAnywhere(_ first: UInt64) throws {
        let machine = JournalMachine()
        let journal = try machine.open(rollBytes: 500)
        try machine.fill(journal, 0...30)
        let reader = try reader(machine, from: JournalPlace(sequence: first))
        #expect(reader.place.sequence == first)
        #expect(try reader.next(limit: 100).map(\.sequence) == Array(min(31, first)..<31))
        try machine.fill(journal, 31...45)
        #expect(try reader.next(limit: 100).map(\.sequence) == Array(max(31, first)..<46))
    }

    @Test func whatIsNotDurableIsNotSeen() throws {
        let machine = JournalMachine()
        let journal = try machine.open()
        try machine.fill(journal, 0...2)
        let reader = try reader(machine)
        let placed = try journal.place(machine.checkpoint(3))
        #expect(try reader.next(limit: 100).count == 3)
        #expect(try reader.next(limit: 100).isEmpty)
        #expect(try journal.makeDurable(placed))
        #expect(try reader.next(limit: 100).count == 1)
        // Of a writer that has died a reader makes durable what it left.
        _ = try journal.place(machine.checkpoint(4))
        #expect(try reader.next(limit: 100).isEmpty)
        machine.time.advance(milliseconds: 100)
        #expect(try reader.next(limit: 100).map(\.body) == [machine.checkpoint(4)])
    }

    @Test func oneSyncIsForAllThatHaveWrittenByThen() throws {
        let machine = JournalMachine()
        let files = machine.disk.start()
        let journal = try machine.open(files)
        var placed: [PlacedEntry] = []
        for number in 0..<3 as Range<UInt64> { placed.append(try journal.place(machine.checkpoint(number))) }
        #expect(try journal.makeDurable(placed[0]))
        let operations = files.operations
        #expect(try journal.makeDurable(placed[2]) && journal.makeDurable(placed[1]))
        #expect(files.operations == operations)
        machine.disk.losePower()
        #expect(try machine.open().settle().end == 3)
    }

    @Test func aWaitingReaderIsWokenFromAnotherOpening() async throws {
        let workspace = try Workspace()
        let directory = workspace.path + "/journal"
        let count: UInt64 = 200
        let journal = try Journal.open(directory: directory, files: PosixFileSystem(), time: SystemTime())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let reader = try JournalReader.open(
                    directory: directory, files: PosixFileSystem(), time: SystemTime())
                var next: UInt64 = 0
                while next < count {
                    for entry in try reader.next(limit: 50) {
                        #expect(entry.sequence == next)
                        next += 1
                    }
                    if next < count { _ = reader.wait(timeoutMilliseconds: nil) }
                }
            }
            group.addTask {
                let run = RunID(high: 1, low: 1)
                for number in 0..<count {
                    _ = try journal.append(
                        .checkpoint(
                            job: "job", run: run, CommittedCheckpoint(number: number, recordChecksum: number)))
                }
            }
            try await group.waitForAll()
        }
        withExtendedLifetime(workspace) {}
    }
}

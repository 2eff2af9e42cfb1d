import CommitLog
import Glibc
import HostSystem
import Simulation
import Testing

/// A machine with a journal on it, and the runs and checkpoints to write.
struct JournalMachine {
    static let directory = "data/journal"
    var disk = SimulatedDisk(seed: 1)
    let time = SimulatedTime()
    let run = RunID(high: 1, low: 2)

    func open(
        _ files: SimulatedFileSystem? = nil, rollBytes: Int = Journal.defaultRollBytes
    ) throws(JournalError) -> Journal {
        try Journal.open(
            directory: JournalMachine.directory, files: files ?? disk.start(), time: time, rollBytes: rollBytes)
    }

    func checkpoint(_ number: UInt64, job: String = "job", run: RunID? = nil) -> JournalEntry.Body {
        .checkpoint(
            job: job, run: run ?? self.run, CommittedCheckpoint(number: number, recordChecksum: number &+ 100))
    }

    func fill(_ journal: Journal, _ numbers: ClosedRange<UInt64>) throws(JournalError) {
        for number in numbers { _ = try journal.append(checkpoint(number)) }
    }

    func path(_ base: UInt64) -> String {
        let digits = String(base)
        return JournalMachine.directory + "/" + String(repeating: "0", count: 20 - digits.count) + digits + ".journal"
    }
}

private func refusal(_ body: () throws(JournalError) -> Void) -> JournalRefusal? {
    do throws(JournalError) {
        try body()
        return nil
    } catch {
        if case .refused(let refusal) = error { return refusal }
        Issue.record("\(error)")
        return nil
    }
}

@Suite struct JournalTests {
    @Test func anEntryIsThereForEverybodyAfterItsAppend() throws {
        let machine = JournalMachine()
        let first = try machine.open()
        let second = try machine.open()
        #expect(try first.append(machine.checkpoint(0)).sequence == 0)
        #expect(try second.append(machine.checkpoint(1)).sequence == 1)
        #expect(try first.append(machine.checkpoint(0, job: "other", run: RunID(high: 3, low: 4))).sequence == 2)
        let state = try second.settle()
        #expect(state.end == 3)
        #expect(state.jobs["job"]?.last == CommittedCheckpoint(number: 1, recordChecksum: 101))
        #expect(state.jobs["other"]?.run == RunID(high: 3, low: 4))
        #expect(try machine.open().settle() == state)
        machine.disk.losePower()
        #expect(try machine.open().settle() == state)
        #expect(first.takeNotices().isEmpty)
    }

    @Test func everyAppendHasItsCondition() throws {
        let machine = JournalMachine()
        let journal = try machine.open()
        let run = machine.run
        let other = RunID(high: 9, low: 9)
        let refused = { (body: JournalEntry.Body) in refusal { () throws(JournalError) in _ = try journal.append(body) }
        }
        #expect(refused(machine.checkpoint(1)) == .runIsNotLive(job: "job", run: run, live: nil))
        try machine.fill(journal, 0...2)
        #expect(refused(machine.checkpoint(0, run: other)) == .runIsLive(job: "job", run: run))
        #expect(refused(machine.checkpoint(0, job: "new")) == .runIsNotNew(job: "new", run: run))
        #expect(refused(machine.checkpoint(2)) == .outOfOrder(job: "job", last: 2, number: 2))
        #expect(refused(machine.checkpoint(4)) == .outOfOrder(job: "job", last: 2, number: 4))
        #expect(refused(machine.checkpoint(3, run: other)) == .runIsNotLive(job: "job", run: other, live: run))
        #expect(refused(.abandoned(job: "job", run: other)) == .runIsNotLive(job: "job", run: other, live: run))
        _ = try journal.append(.abandoned(job: "job", run: run))
        #expect(try journal.settle().jobs.isEmpty)
        #expect(refused(machine.checkpoint(3)) == .runIsNotLive(job: "job", run: run, live: nil))
        #expect(refused(machine.checkpoint(0)) == .runIsNotNew(job: "job", run: run))
        _ = try journal.append(machine.checkpoint(0, run: other))
        let name = String(repeating: "n", count: 1025)
        #expect(refused(machine.checkpoint(0, job: name)) == .jobNameTooLong(bytes: 1025))
        #expect(try journal.settle().end == 5)
    }

    @Test func timeNeverGoesBackAndLeapsAreTold() throws {
        let machine = JournalMachine()
        let journal = try machine.open()
        let start = try journal.append(machine.checkpoint(0)).milliseconds
        machine.time.advance(milliseconds: -500)
        #expect(try journal.append(machine.checkpoint(1)).milliseconds == start)
        machine.time.advance(milliseconds: 500 + 3_600_000)
        #expect(try journal.append(machine.checkpoint(2)).milliseconds == start + 3_600_000)
        #expect(journal.takeNotices().isEmpty)
        machine.time.advance(milliseconds: 3_600_001)
        _ = try journal.append(machine.checkpoint(3))
        #expect(journal.takeNotices() == [.timeAhead(last: start + 3_600_000, now: start + 7_200_001)])
    }

    @Test func aFullFileIsFollowedByAnotherWithTheWholeState() throws {
        let machine = JournalMachine()
        let files = machine.disk.start()
        let journal = try machine.open(files, rollBytes: 500)
        let reader = try machine.open(rollBytes: 500)
        try machine.fill(journal, 0...30)
        let names = try files.list(JournalMachine.directory).filter { $0.hasSuffix(".journal") }
        #expect(names.count > 3)
        #expect(try reader.settle() == journal.settle())
        for name in names.sorted().dropLast() { try files.remove(JournalMachine.directory + "/" + name) }
        let state = try machine.open().settle()
        #expect(state.end == 31)
        #expect(state.jobs["job"]?.last.number == 30)
    }

    @Test func aTornEntryIsCut() throws {
        let machine = JournalMachine()
        try machine.fill(machine.open(), 0...2)
        let files = machine.disk.start()
        let file = try files.open(machine.path(0), .update)
        let size = try file.size()
        let entry = try file.read(size - 90..<size)
        machine.disk.losePower()
        let next = machine.disk.start()
        try next.open(machine.path(0), .update).write(Array(entry.prefix(50)), at: size)
        let journal = try machine.open(next)
        let notice = JournalNotice.cutTail(file: "00000000000000000000.journal", offset: size, bytes: 50)
        #expect(journal.takeNotices() == [notice])
        #expect(try next.status(machine.path(0))?.sizeBytes == size)
        try machine.fill(journal, 3...3)
    }

    @Test func whatAFailedAppendLeavesIsThereForEverybodyOrForNobody() throws {
        for seed in 0..<100 as Range<UInt64> {
            let machine = JournalMachine(disk: SimulatedDisk(seed: seed))
            try machine.fill(machine.open(), 0...2)
            let journal = try machine.open(machine.disk.start(FaultPlan([Fault(.inputOutput, at: 1)])))
            #expect(throws: JournalError.file(FileError(.write, machine.path(0), code: EIO))) {
                try journal.append(machine.checkpoint(3))
            }
            let told = try machine.open().settle()
            machine.disk.losePower()
            #expect(try machine.open().settle() == told, "seed \(seed)")
        }
    }

    @Test func aFailedSyncVoidsItsEntryAndIsRepaired() throws {
        let machine = JournalMachine()
        try machine.fill(machine.open(), 0...2)
        let files = machine.disk.start(FaultPlan([Fault(.failedSync, at: 1)]))
        let journal = try machine.open(files)
        #expect(throws: JournalError.syncFailed(FileError(.sync, machine.path(0), code: EIO))) {
            try journal.append(machine.checkpoint(3))
        }
        #expect(try machine.open().settle().jobs["job"]?.last.number == 2)
        #expect(try journal.settle().jobs["job"]?.last.number == 2)
        try machine.fill(journal, 3...3)
        #expect(try files.list(JournalMachine.directory).contains { $0.hasSuffix("003.journal") })
    }

    @Test(arguments: [(2, "older than 4"), (3, "older than 4"), (5, "newer than 4")] as [(UInt8, String)])
    func anotherFormatIsRefusedByName(version: UInt8, reason: String) throws {
        let machine = JournalMachine()
        try machine.fill(machine.open(), 0...2)
        let files = machine.disk.start()
        let file = try files.open(machine.path(0), .update)
        var header = try file.read(0..<(try file.size()))
        let length = Int(header[12])
        header[8] = version
        var writer = ByteWriter()
        writer.write(Checksum.crc32c(Array(header[..<(length - 4)])))
        try file.write(Array(header[..<(length - 4)]) + writer.bytes, at: 0)
        let error = #expect(throws: JournalError.self) { try machine.open() }
        #expect(error == .unsupportedVersion(file: "00000000000000000000.journal", version: UInt32(version)))
        #expect(error?.description.contains(reason) == true)
    }

    @Test func anEntryOfAnotherPlaceIsNotBelieved() throws {
        let machine = JournalMachine()
        try machine.fill(machine.open(), 0...1)
        let files = machine.disk.start()
        let file = try files.open(machine.path(0), .update)
        let size = try file.size()
        try machine.fill(machine.open(), 2...2)
        let entry = try file.read(size..<(try file.size()))
        // The same entry once more: right in itself, wrong in its place.
        try file.write(entry, at: try file.size())
        machine.disk.losePower()
        #expect(try machine.open().settle().end == 3)
    }
}

import CommitLog
import HostSystem
import Simulation
import Testing

/// What the machine is after a flip that somebody has gone on with.
private enum AfterFlip {
    /// The bit is turned back, and all is as it was.
    case mended
    /// The file has been written anew.
    case healed
    /// It may be anything: another machine is taken.
    case changed
}

/// Flips each bit of a file in turn, and opens the journal.
private func flips(
    _ path: (JournalMachine) throws -> String, rebooted: Bool, then after: AfterFlip,
    _ judge: (Int, Int, Result<JournalState, JournalError>) -> Void
) throws {
    var fresh: JournalMachine?
    var bit = 0
    while true {
        let machine = try fresh ?? filled(rebooted: rebooted)
        fresh = nil
        let path = try path(machine)
        let size = try machine.disk.start().status(path)?.sizeBytes ?? 0
        guard bit < 8 * size else { break }
        let mask = UInt8(1 << (bit % 8))
        machine.disk.rot(path, at: bit / 8, mask: mask)
        do throws(JournalError) {
            judge(bit, size, .success(try machine.open(rollBytes: 300).settle()))
            if after == .mended { machine.disk.rot(path, at: bit / 8, mask: mask) }
            if after != .changed { fresh = machine }
        } catch {
            judge(bit, size, .failure(error))
            // Who finds damage changes nothing.
            machine.disk.rot(path, at: bit / 8, mask: mask)
            fresh = machine
        }
        bit += 1
    }
    #expect(bit > 800)
}

private func filled(rebooted: Bool) throws -> JournalMachine {
    let machine = JournalMachine()
    try machine.fill(machine.open(rollBytes: 300), 0...12)
    if rebooted { machine.disk.losePower() }
    return machine
}

@Suite struct JournalDamageTests {
    private func isRight(_ result: Result<JournalState, JournalError>) -> Bool {
        guard case .success(let state) = result else { return false }
        return state.end == 13 && state.jobs["job"]?.last == CommittedCheckpoint(number: 12, recordChecksum: 112)
    }

    private func isDamage(_ result: Result<JournalState, JournalError>) -> Bool {
        guard case .failure(.damaged(let file, _, _)) = result else { return false }
        return file.hasSuffix(".journal")
    }

    private func newest(_ machine: JournalMachine) throws -> String {
        let names = try machine.disk.start().list(JournalMachine.directory).filter { $0.hasSuffix(".journal") }
        return JournalMachine.directory + "/" + (try #require(names.max()))
    }

    @Test func everyFlippedBitOfTheCurrentFileIsFoundUnderTheSameBoot() throws {
        try flips(newest, rebooted: false, then: .changed) { bit, _, result in
            #expect(isDamage(result), "bit \(bit): \(result)")
        }
    }

    @Test func afterARebootOnlyTheLastEntryMayLookTorn() throws {
        var tornFrom = Int.max
        try flips(newest, rebooted: true, then: .changed) { bit, size, result in
            if case .success(let state) = result {
                tornFrom = min(tornFrom, bit / 8)
                #expect(state.end == 12, "bit \(bit)")
                #expect(bit / 8 > size - 120, "bit \(bit)")
            } else {
                #expect(isDamage(result), "bit \(bit): \(result)")
                #expect(bit / 8 < tornFrom)
            }
        }
    }

    @Test(arguments: [true, false]) func theSharedPageAndOldFilesCannotMislead(rebooted: Bool) throws {
        try flips({ _ in JournalMachine.directory + "/journal.page" }, rebooted: false, then: .healed) {
            bit, _, result in
            #expect(isRight(result), "bit \(bit): \(result)")
        }
        try flips({ $0.path(0) }, rebooted: rebooted, then: .mended) { bit, _, result in
            #expect(isRight(result), "bit \(bit): \(result)")
        }
    }

    /// It gives what was written, up to the file and the place of the damage.
    @Test func noFlippedBitMisleadsAReader() throws {
        let machine = JournalMachine()
        try machine.fill(machine.open(rollBytes: 300), 0...5)
        func read() -> ([JournalEntry], JournalError?) {
            var entries: [JournalEntry] = []
            do throws(JournalError) {
                let reader = try JournalReader.open(
                    directory: JournalMachine.directory, files: machine.disk.start(), time: machine.time)
                while true {
                    let more = try reader.next(limit: 3)
                    if more.isEmpty { return (entries, nil) }
                    entries += more
                }
            } catch {
                return (entries, error)
            }
        }
        let (right, failure) = read()
        #expect(right.count == 6 && failure == nil)
        let names = try machine.disk.start().list(JournalMachine.directory).filter { $0.hasSuffix(".journal") }
        #expect(names.count > 1)
        for name in names {
            let path = JournalMachine.directory + "/" + name
            for bit in 0..<8 * (try machine.disk.start().status(path)?.sizeBytes ?? 0) {
                machine.disk.rot(path, at: bit / 8, mask: UInt8(1 << (bit % 8)))
                let (entries, failure) = read()
                #expect(entries == Array(right.prefix(entries.count)), "\(name) bit \(bit)")
                if let failure {
                    guard case .damaged(name, _, let detail) = failure else {
                        Issue.record("\(name) bit \(bit): \(failure)")
                        continue
                    }
                    #expect(!detail.isEmpty)
                } else {
                    #expect(entries.count == 6, "\(name) bit \(bit)")
                }
                machine.disk.rot(path, at: bit / 8, mask: UInt8(1 << (bit % 8)))
            }
        }
        #expect(read().0 == right)
    }

    /// Entries that nobody was told of may go, from the first one that is not whole; those before them stay.
    @Test func whatLiesBeyondTheDurableEndIsCutWhereItIsNotWhole() throws {
        var bit = 0
        while true {
            let machine = JournalMachine()
            let journal = try machine.open()
            try machine.fill(journal, 0...3)
            let path = machine.path(0)
            let durable = try machine.disk.start().status(path)?.sizeBytes ?? 0
            for number in 4...6 as ClosedRange<UInt64> { _ = try journal.place(machine.checkpoint(number)) }
            let size = try machine.disk.start().status(path)?.sizeBytes ?? 0
            guard bit < 8 * (size - durable) else { break }
            machine.disk.rot(path, at: durable + bit / 8, mask: UInt8(1 << (bit % 8)))
            let state = try machine.open().settle()
            #expect(state.end == 4 + UInt64(bit / 8 / ((size - durable) / 3)), "bit \(bit)")
            #expect(state.jobs["job"]?.last.number == state.end - 1, "bit \(bit)")
            _ = try machine.open().append(machine.checkpoint(state.end))
            bit += 1
        }
        #expect(bit > 800)
    }
}

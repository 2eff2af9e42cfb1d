import CommitLog
import HostSystem
import Simulation
import Testing

/// Flips each byte of a file in turn, on a machine of its own, and opens the journal.
private func flips(
    _ path: (JournalMachine) throws -> String, rebooted: Bool,
    _ judge: (Int, Int, Result<JournalState, JournalError>) -> Void
) throws {
    var offset = 0
    while true {
        let machine = JournalMachine()
        try machine.fill(machine.open(rollBytes: 300), 0...12)
        let path = try path(machine)
        let size = try machine.disk.start().status(path)?.sizeBytes ?? 0
        guard offset < size else { break }
        if rebooted { machine.disk.losePower() }
        machine.disk.rot(path, at: offset, mask: UInt8(1 << (offset % 8)))
        do throws(JournalError) {
            judge(offset, size, .success(try machine.open(rollBytes: 300).settle()))
        } catch {
            judge(offset, size, .failure(error))
        }
        offset += 1
    }
    #expect(offset > 100)
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

    @Test func everyFlippedByteOfTheCurrentFileIsFoundUnderTheSameBoot() throws {
        try flips(newest, rebooted: false) { offset, _, result in
            #expect(isDamage(result), "byte \(offset): \(result)")
        }
    }

    @Test func afterARebootOnlyTheLastEntryMayLookTorn() throws {
        var tornFrom = Int.max
        try flips(newest, rebooted: true) { offset, size, result in
            if case .success(let state) = result {
                tornFrom = min(tornFrom, offset)
                #expect(state.end == 12, "byte \(offset)")
                #expect(offset > size - 120, "byte \(offset)")
            } else {
                #expect(isDamage(result), "byte \(offset): \(result)")
                #expect(offset < tornFrom)
            }
        }
    }

    @Test(arguments: [true, false]) func theSharedPageAndOldFilesCannotMislead(rebooted: Bool) throws {
        try flips({ _ in JournalMachine.directory + "/journal.page" }, rebooted: false) { offset, _, result in
            #expect(isRight(result), "byte \(offset): \(result)")
        }
        try flips({ $0.path(0) }, rebooted: rebooted) { offset, _, result in
            #expect(isRight(result), "byte \(offset): \(result)")
        }
    }
}

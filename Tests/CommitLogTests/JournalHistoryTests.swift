import CommitLog
import HostSystem
import Simulation
import Testing

/// What the journal said at earlier positions.
@Suite struct JournalHistoryTests {
    private let machine = JournalMachine()

    private func history(end: UInt64) throws -> JournalHistory {
        try JournalHistory(
            directory: JournalMachine.directory, files: machine.disk.start(), time: machine.time, end: end)
    }

    /// The state behind every entry, with some files.
    private func states(_ count: UInt64) throws -> [JournalState] {
        let journal = try machine.open(rollBytes: 600)
        var states = [try journal.settle()]
        for number in 0..<count {
            machine.time.advance(milliseconds: 10)
            _ = try journal.append(machine.checkpoint(number))
            states.append(try journal.settle())
        }
        return states
    }

    @Test func everyPositionIsAsItWas() throws {
        let states = try states(40)
        let history = try history(end: 40)
        #expect(history.first == 0)
        for (position, state) in states.enumerated() { #expect(try history.state(at: UInt64(position)) == state) }
    }

    @Test func aTimeIsThePositionBehindItsLastEntry() throws {
        let states = try states(40)
        let history = try history(end: 40)
        for (position, state) in states.enumerated().dropFirst() {
            #expect(try history.position(at: state.lastMilliseconds) == UInt64(position))
            #expect(try history.position(at: state.lastMilliseconds + 9) == UInt64(position))
            #expect(try history.position(at: state.lastMilliseconds - 1) == UInt64(position - 1))
        }
        #expect(try self.history(end: 17).position(at: .max) == 17)
        #expect(try history.position(at: .min) == 0)
    }

    @Test func whatNoFileReachesBackToIsKnown() throws {
        _ = try states(40)
        let files = machine.disk.start()
        try files.remove(machine.path(0))
        let history = try JournalHistory(
            directory: JournalMachine.directory, files: files, time: machine.time, end: 40)
        #expect(history.first > 0 && history.first < 40)
        #expect(try history.state(at: history.first).end == history.first)
    }
}

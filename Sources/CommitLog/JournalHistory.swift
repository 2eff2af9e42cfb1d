// What the journal said at an earlier position. Every file begins with the full state, so a state is that of the nearest file
// before it, and of that file's entries up to the position.

import HostSystem

/// Positions are counted as `JournalState.end` does: at position n the first n entries stand.
package struct JournalHistory {
    private let home: JournalHome
    private let end: UInt64
    /// Of the files, ascending.
    private let bases: [UInt64]

    /// - Parameter end: durable, as `Journal.settle` gives it: nothing beyond it is looked at.
    package init(
        directory: String, files: any FileSystem, time: any TimeSource, end: UInt64
    ) throws(JournalError) {
        self.end = end
        home = JournalHome(directory: directory, files: files, time: time, safeguards: .all, rollBytes: 0)
        // A file that begins at the end may be one that never comes to count.
        let all = try home.bases().sorted()
        bases = all.filter { $0 == all.first || $0 < end }
    }

    /// The first position that the files reach back to.
    package var first: UInt64 { bases.first ?? 0 }

    /// - Parameter position: from `first` to the end.
    package func state(at position: UInt64) throws(JournalError) -> JournalState {
        guard let base = bases.last(where: { $0 < position }) ?? bases.first else { return JournalState() }
        var file = try JournalFileReader(home, base: base, durable: end)
        while file.state.end < position { _ = try file.read(isDurable: true, below: position) }
        return file.state
    }

    /// The position behind the last entry of this time or earlier.
    /// - Parameter milliseconds: since 1970-01-01 00:00:00 UTC.
    package func position(at milliseconds: Int64) throws(JournalError) -> UInt64 {
        var (low, high) = (0, bases.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            let file = try JournalFileReader(home, base: bases[middle], durable: end)
            if file.state.lastMilliseconds <= milliseconds { low = middle } else { high = middle }
        }
        guard low < bases.count else { return 0 }
        var file = try JournalFileReader(home, base: bases[low], durable: end)
        while file.state.end < end, let entry = try file.read(isDurable: true, below: end) {
            if entry.milliseconds > milliseconds { return entry.sequence }
        }
        return file.state.end
    }
}

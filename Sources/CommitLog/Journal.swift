// The one order of everything that is committed in a data directory: append-only files of small checksummed entries,
// written by any number of processes. An entry is written under `journal.lock` (`LockedJournal`), and exists when it is
// synced, which one process does for all that have written by then (`EntrySync`). Its sync is the commit of whatever it
// names. Readers follow without any lock (`JournalReader`). Byte tables: `Docs/Formats/journal.md`.

import Glibc
import HostSystem
import Synchronization

package final class Journal: Sendable {
    private struct Memory {
        var tail: JournalTail?
        var notices: [JournalNotice] = []
    }

    /// Above this size of a file the next entry begins a new one: that many bytes at most are read when a process opens
    /// the journal, some milliseconds' worth.
    package static let defaultRollBytes = 4 << 20
    private static let largestNotices = 64
    /// Each further attempt needs somebody whose sync has failed, or who died in it.
    private static let largestAttempts = 100

    let home: JournalHome
    private let memory = Mutex(Memory())

    package var safeguards: Safeguards { home.safeguards }

    private init(_ home: JournalHome) { self.home = home }

    /// Opens the journal in `directory`, which is made where it is missing, and settles it.
    package static func open(
        directory: String, files: any FileSystem, time: any TimeSource, safeguards: Safeguards = .all,
        rollBytes: Int = Journal.defaultRollBytes
    ) throws(JournalError) -> Journal {
        let journal = try unsettled(
            directory: directory, files: files, time: time, safeguards: safeguards, rollBytes: rollBytes)
        _ = try journal.settle()
        return journal
    }

    static func unsettled(
        directory: String, files: any FileSystem, time: any TimeSource, safeguards: Safeguards,
        rollBytes: Int = Journal.defaultRollBytes
    ) throws(JournalError) -> Journal {
        try onFiles { () throws(FileError) in try files.makeDirectories(directory) }
        var home = JournalHome(
            directory: directory, files: files, time: time, safeguards: safeguards, rollBytes: rollBytes)
        let path = home.pagePath
        home.signal = try onFiles { () throws(FileError) in
            try files.signal(path, at: JournalPage.signalOffset)
        }
        return Journal(home)
    }

    /// Makes everything in the journal durable, reads it to its end, and says what it comes to. What it says stands, and
    /// what it does not say never will.
    package func settle() throws(JournalError) -> JournalState {
        guard home.safeguards.contains(.settle) else { return try unsettledState() }
        for _ in 0..<Journal.largestAttempts {
            let settled = try underLock { (locked) throws(JournalError) in try locked.settle() }
            guard let last = settled.behind else { return settled.state }
            if try makeDurable(last) { return settled.state }
        }
        throw gaveUp
    }

    /// Appends an entry if its condition holds with the journal read to its end:
    ///
    /// - checkpoint 0: the job has no live run, and the run is new;
    /// - checkpoint n: the job's live run is this one, its last committed checkpoint n − 1;
    /// - abandoned: the job's live run is this one;
    /// - rows published, a checkpoint's among them: each range starts at its partition's published end; a producer's last
    ///   record is beyond the one it published last in that topic, which is forgotten after seven days;
    /// - topic created: its name and its id are free;
    /// - schema added: it has the topic's next number; topic deleted, options changed: it exists;
    /// - retention moved: each range starts at its partition's first kept row, and ends at the published end at the latest.
    ///
    /// Returns after the sync: this is the commit. **Errors:** after any but `refused`, `settle` says whether the entry
    /// stands.
    package func append(_ body: JournalEntry.Body) throws(JournalError) -> JournalPosition {
        for _ in 0..<Journal.largestAttempts {
            let entry = try place(body)
            if try makeDurable(entry) || !home.safeguards.contains(.again) { return entry.position }
        }
        throw gaveUp
    }

    /// The first half of `append`: the entry is written, and its condition held.
    package func place(_ body: JournalEntry.Body) throws(JournalError) -> PlacedEntry {
        for _ in 0..<Journal.largestAttempts {
            switch try underLock({ (locked) throws(JournalError) in try locked.place(body) }) {
            case .placed(let entry): return entry
            case .refused(let refusal, let behind):
                // What stands against it may not come to stand itself.
                guard let behind, try !makeDurable(behind) else { throw .refused(refusal) }
            }
        }
        throw gaveUp
    }

    /// The second half: waits until the entry is durable. False: it is void, because another's sync has failed or was
    /// broken off, and never comes to stand.
    package func makeDurable(_ entry: PlacedEntry) throws(JournalError) -> Bool {
        for _ in 0..<Journal.largestAttempts {
            switch try EntrySync(home: home, entry: entry).run() {
            case .stands: return true
            case .void: return false
            case .unsettled: _ = try underLock { (locked) throws(JournalError) in try locked.settle() }
            }
        }
        throw gaveUp
    }

    private var gaveUp: JournalError { .syncFailed(FileError(.sync, home.directory, code: EIO)) }

    /// What happened since this was last asked; the newest 64.
    package func takeNotices() -> [JournalNotice] {
        memory.withLock { memory in
            defer { memory.notices = [] }
            return memory.notices
        }
    }

    private func underLock<Result: Sendable>(
        _ body: (inout LockedJournal) throws(JournalError) -> Result
    ) throws(JournalError) -> Result {
        try memory.withLock { memory throws(JournalError) in
            let lock = try home.lock("journal.lock")
            defer { lock.release() }
            let tail = memory.tail
            // Changed in place, not copied.
            memory.tail = nil
            var locked = LockedJournal(home, tail)
            defer {
                memory.tail = locked.tail
                memory.notices = (memory.notices + locked.notices).suffix(Journal.largestNotices)
            }
            return try body(&locked)
        }
    }

    /// Without the safeguard: what the page cache holds, durable or not.
    private func unsettledState() throws(JournalError) -> JournalState {
        guard let newest = try home.bases().max() else { return JournalState() }
        var tail = try JournalTail(home, base: newest)
        try tail.readOn(durable: 0, home.safeguards)
        return tail.state
    }
}

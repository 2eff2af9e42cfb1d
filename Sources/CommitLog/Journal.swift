// The one order of everything that is committed in a data directory: append-only files of small checksummed entries,
// written by any number of processes in turn. An entry exists when it is synced; its sync is the commit of whatever it
// names. What the holder of the lock does, step by step: `LockedJournal`. Byte tables: `Docs/Formats/journal.md`.

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

    private let place: LockedJournal.Place
    private let memory = Mutex(Memory())

    private init(_ place: LockedJournal.Place) { self.place = place }

    /// Opens the journal in `directory`, which is made where it is missing, and settles it.
    package static func open(
        directory: String, files: any FileSystem, time: any TimeSource, safeguards: Safeguards = .all,
        rollBytes: Int = Journal.defaultRollBytes
    ) throws(JournalError) -> Journal {
        try onFiles { () throws(FileError) in try files.makeDirectories(directory) }
        let journal = Journal(
            LockedJournal.Place(
                directory: directory, files: files, time: time, safeguards: safeguards, rollBytes: rollBytes))
        _ = try journal.settle()
        return journal
    }

    /// Makes everything in the journal durable, reads it to its end, and says what it comes to. What it says stands, and
    /// what it does not say never will.
    package func settle() throws(JournalError) -> JournalState {
        guard place.safeguards.contains(.settle) else { return try unsettledState() }
        return try underLock { locked throws(JournalError) in try locked.settle().state }
    }

    /// Appends an entry if its condition holds with the journal read to its end:
    ///
    /// - checkpoint 0: the job has no live run, and the run is new;
    /// - checkpoint n: the job's live run is this one, its last committed checkpoint n − 1;
    /// - abandoned: the job's live run is this one;
    /// - rows published, a checkpoint's among them: each range starts at its partition's published end; a producer's last
    ///   record is beyond the one it published last in that topic;
    /// - topic created: its name and its id are free;
    /// - schema added: it has the topic's next number; topic deleted: it exists;
    /// - retention moved: each range starts at its partition's first kept row, and ends at the published end at the latest.
    ///
    /// Returns after the sync: this is the commit. **Errors:** after any but `refused`, `settle` says whether the entry
    /// stands.
    package func append(_ body: JournalEntry.Body) throws(JournalError) -> JournalPosition {
        try underLock { locked throws(JournalError) in try locked.append(body) }
    }

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
        let path = FilePath.join(place.directory, "journal.lock")
        return try memory.withLock { memory throws(JournalError) in
            let (lock, file) = try onFiles { () throws(FileError) in
                (try place.files.lock(path, wait: true), try place.files.open(path, .update))
            }
            defer {
                file.close()
                lock?.release()
            }
            var locked = LockedJournal(place, file, memory.tail)
            defer {
                memory.tail = locked.tail
                memory.notices = (memory.notices + locked.notices).suffix(Journal.largestNotices)
            }
            return try body(&locked)
        }
    }

    /// Without the safeguard: what the page cache holds, durable or not.
    private func unsettledState() throws(JournalError) -> JournalState {
        let newest = try onFiles { () throws(FileError) in try place.files.list(place.directory) }
            .compactMap(JournalTail.base).max()
        guard let newest else { return JournalState() }
        var tail = try JournalTail(place.directory, base: newest, place.files)
        try tail.readOn(durable: 0, place.safeguards)
        return tail.state
    }
}

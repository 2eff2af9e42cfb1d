// The rules that exactly-once rests on, one bit each. Production code always runs with `.all`; the simulator takes one
// out at a time and must then find a run that goes wrong: a rule whose absence nobody notices is not tested.

/// Which rules of the commit protocol are kept.
package struct Safeguards: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    // Part files.

    /// Step 3 syncs a part's bytes before the entry.
    package static let partsync = Safeguards(rawValue: 1 << 0)
    /// The folder is synced before the entry when a part is new in it; a new delta file's directory likewise.
    package static let dirsync = Safeguards(rawValue: 1 << 1)
    /// A rename stays listed as pending until the folder is synced.
    package static let pendsync = Safeguards(rawValue: 1 << 2)
    /// Hidden parts of the run that no record names are deleted on start.
    package static let delete = Safeguards(rawValue: 1 << 3)
    /// An open part is cut to its recorded length on start.
    package static let openlen = Safeguards(rawValue: 1 << 4)
    /// "Only the target is there, so the rename is done" counts after a sync of the folder.
    package static let donesync = Safeguards(rawValue: 1 << 5)
    /// Neither the hidden part nor its target: somebody took it, which is no error.
    package static let taken = Safeguards(rawValue: 1 << 6)
    /// A rename never replaces a file.
    package static let noreplace = Safeguards(rawValue: 1 << 7)

    // Delta log and state.

    /// Step 3 syncs the delta record before the entry.
    package static let deltasync = Safeguards(rawValue: 1 << 8)
    /// Deltas are dropped only when what they hold is ingested.
    package static let ingest = Safeguards(rawValue: 1 << 9)
    /// Deltas up to the ingested checkpoint are ignored on load.
    package static let skip = Safeguards(rawValue: 1 << 10)
    /// An entry means the one delta record of its checksum, and no other of that number.
    package static let ident = Safeguards(rawValue: 1 << 11)
    /// Delta records beyond the last committed one are cut on start.
    package static let cut = Safeguards(rawValue: 1 << 12)

    // The commit.

    /// A failed sync of a part or a delta ends the run; nothing is synced a second time.
    package static let failstop = Safeguards(rawValue: 1 << 13)
    /// Renames and materialising wait for the sync of the entry.
    package static let entrysync = Safeguards(rawValue: 1 << 14)
    /// On start the journal is settled and synced and read to its end before anything is dropped or cut.
    package static let settle = Safeguards(rawValue: 1 << 15)

    // The journal.

    /// Bytes after the last valid entry are cut before an append.
    package static let journalSettle = Safeguards(rawValue: 1 << 16)
    /// An invalid entry below a known durable end is damage, never a torn tail.
    package static let marks = Safeguards(rawValue: 1 << 17)
    /// A later entry is found and verified without its predecessor, so that its mark is believed when that is broken.
    package static let selfver = Safeguards(rawValue: 1 << 18)
    /// A failed sync is remembered, and repaired before anybody appends.
    package static let poison = Safeguards(rawValue: 1 << 19)
    /// A sync is announced before it begins; an announcement left by a dead holder poisons.
    package static let mark = Safeguards(rawValue: 1 << 20)
    /// Under a new boot identity the lock record is not believed, but made anew after a sync.
    package static let first = Safeguards(rawValue: 1 << 21)
    /// The maker of a new journal file syncs it and its directory.
    package static let journalDirsync = Safeguards(rawValue: 1 << 22)
    /// A current file that the lock record does not name is synced, with its directory, before anything else.
    package static let finish = Safeguards(rawValue: 1 << 23)
    /// The current file is looked up after the lock is taken.
    package static let lookup = Safeguards(rawValue: 1 << 24)

    // Rows, time and state on their way through subtasks.

    /// A subtask with several inputs waits for the barrier of each before it hands over.
    package static let align = Safeguards(rawValue: 1 << 25)
    /// A watermark follows the rows that made it.
    package static let rowsFirst = Safeguards(rawValue: 1 << 26)
    /// A row is late by what its own file had reached before it, not by what happens to have come before it.
    package static let ownWatermark = Safeguards(rawValue: 1 << 27)
    /// An exchange sends every row to somebody.
    package static let wholeBatch = Safeguards(rawValue: 1 << 28)
    /// What is not materialised is not evicted.
    package static let evictMaterialised = Safeguards(rawValue: 1 << 29)
    /// Ranges of keys that were deleted since the last materialisation are deleted again on start.
    package static let deletedRanges = Safeguards(rawValue: 1 << 30)

    // The journal's group sync and its readers.

    /// Syncs take turns under a second lock.
    package static let turns = Safeguards(rawValue: 1 << 31)
    /// A sync raises the durable end only to what was written before it began.
    package static let ownend = Safeguards(rawValue: 1 << 32)
    /// The durable end is that of one file: an entry in another one is looked for where the journal goes on.
    package static let file = Safeguards(rawValue: 1 << 33)
    /// The old file is synced before a new one begins.
    package static let rollsync = Safeguards(rawValue: 1 << 34)
    /// Readers read to the durable end only.
    package static let durable = Safeguards(rawValue: 1 << 35)
    /// A reader that keeps finding bytes beyond the durable end has them settled.
    package static let rsettle = Safeguards(rawValue: 1 << 36)
    /// Rows are published at their partition's published end only.
    package static let publishedEnd = Safeguards(rawValue: 1 << 37)
    /// What a producer has published already is not published again.
    package static let producers = Safeguards(rawValue: 1 << 38)

    /// An entry that turns out to be void is appended anew.
    package static let again = Safeguards(rawValue: 1 << 39)

    // Topics.

    /// Rows are synced before the entry that publishes them.
    package static let segsync = Safeguards(rawValue: 1 << 40)
    /// A new segment's folder is synced before an entry relies on it.
    package static let segdirsync = Safeguards(rawValue: 1 << 41)
    /// What lies beyond the published end is cut before a partition is written to.
    package static let segcut = Safeguards(rawValue: 1 << 42)
    /// A partition has one writer at a time.
    package static let writerLock = Safeguards(rawValue: 1 << 43)
    /// Bytes that were read before they were published are read again.
    package static let reread = Safeguards(rawValue: 1 << 44)
    /// A checkpoint's entry publishes the rows that belong to it.
    package static let oneEntry = Safeguards(rawValue: 1 << 45)

    /// A partition's folder that is found is made durable before rows rely on it.
    package static let segfolder = Safeguards(rawValue: 1 << 46)

    // Switches of a deployed job's versions.

    /// A version in the shadow commits nothing that lies beyond the live version's last checkpoint.
    package static let shadow = Safeguards(rawValue: 1 << 47)
    /// Nor does it read beyond it.
    package static let shadowReads = Safeguards(rawValue: 1 << 48)
    /// An epoch that began under other roles is not committed.
    package static let generation = Safeguards(rawValue: 1 << 49)
    /// A version that has said that it stands still does, until the attempt is decided.
    package static let standsStill = Safeguards(rawValue: 1 << 50)
    /// The difference of two tables is worked out when both versions stand still.
    package static let bothStand = Safeguards(rawValue: 1 << 51)
    /// An attempt leaves the version that is live.
    package static let attemptLive = Safeguards(rawValue: 1 << 52)
    /// Versions are switched where both have read the same.
    package static let atTheCut = Safeguards(rawValue: 1 << 53)
    /// What was released is not spliced.
    package static let spliceOpen = Safeguards(rawValue: 1 << 54)
    /// Only the newest attempt is spliced.
    package static let spliceNewest = Safeguards(rawValue: 1 << 55)
    /// Only the newest attempt is released, and only while it is open.
    package static let releaseOpen = Safeguards(rawValue: 1 << 56)
    /// Who stands still for too long releases the attempt.
    package static let standTimeout = Safeguards(rawValue: 1 << 57)

    /// A version in the shadow stands still where it has read all that it may.
    package static let standsAtLimit = Safeguards(rawValue: 1 << 58)

    package static let all = Safeguards(rawValue: (1 << 59) - 1)
}

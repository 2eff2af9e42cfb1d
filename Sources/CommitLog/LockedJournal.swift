// The journal while its lock is held. What the holder of the lock does:
//
//  1. It reads the lock record and looks up the current file, the newest one.
//  2. It settles. A clean record of this boot: reads on; what it does not know is synced. `syncing`, left by a holder
//     that died there, or `poisoned`: the durable part goes on in a new file, and what lies beyond it does not exist.
//     A new boot, or no record: all that is valid was read from the disk; it is synced, and the record made anew.
//     An unreadable record (its writer died in it): whatever a failed sync may have left, all that is valid is written
//     anew, into a new file.
//  3. It checks the entry's condition, marks the record `syncing`, writes the entry, syncs it, marks the record `clean`.
//
// A failed sync is never repeated on the same bytes: it marks `poisoned`. Whatever fails in between leaves `syncing`
// standing, which comes to the same.

import HostSystem

struct LockedJournal {
    struct Place: Sendable {
        var directory: String
        var files: any FileSystem
        var time: any TimeSource
        var safeguards: Safeguards
        var rollBytes: Int
    }

    let place: Place
    let lockFile: any FileHandle
    /// What the last holder of this process read, all of it durable. Gone after an error.
    var tail: JournalTail?
    private(set) var notices: [JournalNotice] = []

    private static let hourMilliseconds: Int64 = 3_600_000

    init(_ place: Place, _ lockFile: any FileHandle, _ tail: JournalTail?) {
        self.place = place
        self.lockFile = lockFile
        self.tail = tail
    }

    // MARK: Settling

    mutating func settle() throws(JournalError) -> JournalTail {
        do throws(JournalError) {
            let settled = try settleTail()
            tail = settled
            return settled
        } catch {
            tail = nil
            throw error
        }
    }

    private mutating func settleTail() throws(JournalError) -> JournalTail {
        let reading = LockRecord.decode(try onFiles { () throws(FileError) in try lockFile.read(0..<4096) })
        let known = record(in: reading)
        guard let current = try currentBase() else {
            if let known { throw missing(known.base) }
            try onFiles { () throws(FileError) in try place.files.makeDurableDirectories(place.directory) }
            return try begin(JournalState(), chain: 0)
        }
        guard let known else {
            if case .unreadable = reading { return try repair(current, before: .max, durable: 0) }
            return try rebuild(current)
        }
        guard known.condition == .clean else { return try repair(current, before: known.end, durable: known.end) }
        guard current >= known.base else { throw missing(known.base) }
        return try readOn(current, known)
    }

    /// The record, if it may be believed.
    private func record(in reading: LockRecord.Reading) -> LockRecord? {
        guard case .record(let record) = reading else { return nil }
        let isOfThisBoot = record.boot == LockRecord.boot(place.files.bootIdentity)
        return isOfThisBoot || !place.safeguards.contains(.first) ? record : nil
    }

    private func missing(_ base: UInt64) -> JournalError {
        .damaged(file: JournalTail.name(base), offset: 0, detail: "the file is missing")
    }

    /// The first sequence number of the newest file.
    private func currentBase() throws(JournalError) -> UInt64? {
        if let tail, !place.safeguards.contains(.lookup) { return tail.base }
        return try onFiles { () throws(FileError) in try place.files.list(place.directory) }
            .compactMap(JournalTail.base).max()
    }

    private mutating func readOn(_ current: UInt64, _ known: LockRecord) throws(JournalError) -> JournalTail {
        var tail = try opened(current)
        try tail.readOn(durable: known.end, place.safeguards)
        if current != known.base, place.safeguards.contains(.finish) {
            // The maker of this file died before it could say that the name is durable.
            return try synced(tail, known.end, directory: true)
        }
        if tail.extraBytes > 0 || tail.state.end > known.end { return try synced(tail, known.end, directory: false) }
        return tail
    }

    private func opened(_ current: UInt64) throws(JournalError) -> JournalTail {
        if let tail, tail.base == current {
            let path = FilePath.join(place.directory, tail.name)
            let (identity, size) = try onFiles { () throws(FileError) in
                (try place.files.status(path)?.identity, try tail.file.size())
            }
            if identity == tail.identity || !place.safeguards.contains(.lookup), size >= tail.endBytes { return tail }
        }
        return try JournalTail(place.directory, base: current, place.files)
    }

    private mutating func rebuild(_ current: UInt64) throws(JournalError) -> JournalTail {
        var tail = try JournalTail(place.directory, base: current, place.files)
        try tail.readOn(durable: 0, place.safeguards)
        return try synced(tail, tail.state.end, directory: true)
    }

    /// Cuts what is no entry, and makes the rest durable. `end`: what is known to be durable already.
    private mutating func synced(
        _ settled: JournalTail, _ end: UInt64, directory: Bool
    ) throws(JournalError) -> JournalTail {
        var tail = settled
        try mark(.syncing, base: tail.base, end: end)
        if tail.extraBytes > 0, place.safeguards.contains(.journalSettle) {
            notices.append(.cutTail(file: tail.name, offset: tail.endBytes, bytes: tail.extraBytes))
            try tail.cut()
        }
        try sync(tail.base, end) { () throws(FileError) in
            try tail.file.sync()
            if directory { try place.files.syncDirectory(place.directory) }
        }
        try mark(.clean, base: tail.base, end: tail.state.end)
        return tail
    }

    // MARK: Appending

    mutating func append(_ body: JournalEntry.Body) throws(JournalError) -> JournalPosition {
        let settled = try settle()
        do throws(JournalRefusal) { try settled.state.check(body) } catch { throw .refused(error) }
        var size = ByteWriter(capacityBytes: 256)
        body.encode(to: &size)
        let bytes = size.count + JournalEntry.smallestBytes - 1
        guard bytes <= JournalEntry.largestBytes else { throw .refused(.entryTooLarge(bytes: bytes)) }
        do throws(JournalError) {
            let isFull = settled.endBytes > place.rollBytes && settled.state.end > settled.base
            var current = isFull ? try begin(settled.state, chain: settled.chain) : settled
            let entry = JournalEntry(
                sequence: current.state.end, milliseconds: now(after: current.state), predecessor: current.chain,
                durableEnd: current.state.end, body: body)
            try write(entry, to: &current)
            tail = current
            return JournalPosition(sequence: entry.sequence, milliseconds: entry.milliseconds)
        } catch {
            tail = nil
            throw error
        }
    }

    private mutating func now(after state: JournalState) -> Int64 {
        let now = place.time.wallMilliseconds()
        let last = state.lastMilliseconds
        if state.end > 0, now > last,
            now.subtractingReportingOverflow(last).partialValue > LockedJournal.hourMilliseconds
        {
            notices.append(.timeAhead(last: last, now: now))
        }
        return max(now, last)
    }

    private func write(_ entry: JournalEntry, to tail: inout JournalTail) throws(JournalError) {
        let (bytes, checksum) = entry.encode()
        let end = tail.state.end
        // Without settling there may be bytes behind the last entry, and an append goes to the end of the file.
        let offset = tail.endBytes + tail.extraBytes
        if place.safeguards.contains(.mark) { try mark(.syncing, base: tail.base, end: end) }
        do throws(FileError) {
            try tail.file.write(bytes, at: offset)
        } catch {
            try onFiles { () throws(FileError) in try tail.file.truncate(to: offset) }
            try mark(.clean, base: tail.base, end: end)
            throw .file(error)
        }
        FaultPoint.afterJournalAppend.reached()
        try sync(tail.base, end) { () throws(FileError) in try tail.file.sync() }
        try tail.appended(entry, bytes: bytes.count, checksum: checksum)
        try mark(.clean, base: tail.base, end: tail.state.end)
    }

    /// Runs syncs. If one fails, nothing from `end` on may ever come to stand.
    private func sync(
        _ base: UInt64, _ end: UInt64, _ body: () throws(FileError) -> Void
    ) throws(JournalError) {
        do throws(FileError) {
            try body()
        } catch {
            try mark(place.safeguards.contains(.poison) ? .poisoned : .clean, base: base, end: end)
            throw .syncFailed(error)
        }
    }

    private func mark(_ condition: LockRecord.Condition, base: UInt64, end: UInt64) throws(JournalError) {
        let record = LockRecord(bootIdentity: place.files.bootIdentity, base: base, end: end, condition: condition)
        try onFiles { () throws(FileError) in try lockFile.write(record.encode(), at: 0) }
    }

    // MARK: New files

    /// Goes on in a new file with what lies below `limit`.
    private mutating func repair(
        _ current: UInt64, before limit: UInt64, durable: UInt64
    ) throws(JournalError) -> JournalTail {
        var old = try JournalTail(place.directory, base: current, place.files)
        try old.readOn(before: limit, durable: durable, place.safeguards)
        guard old.state.end <= limit else {
            throw .damaged(file: old.name, offset: 0, detail: "the file begins behind the durable end, entry \(limit)")
        }
        let new = try begin(old.state, chain: old.chain)
        notices.append(.repaired(file: new.name, end: new.base))
        return new
    }

    /// Makes the next file, whole and synced before it has its name; replaces one that holds nothing durable. Whatever
    /// is in the old file is durable already.
    private func begin(_ state: JournalState, chain: UInt32) throws(JournalError) -> JournalTail {
        let temporary = FilePath.join(place.directory, "journal.tmp")
        let path = FilePath.join(place.directory, JournalTail.name(state.end))
        let isSynced = place.safeguards.contains(.journalDirsync)
        let file = try onFiles { () throws(FileError) in
            if try place.files.exists(temporary) { try place.files.remove(temporary) }
            let file = try place.files.open(temporary, .createNew)
            try file.write(JournalHeader(predecessor: chain, state: state).encode(), at: 0)
            return file
        }
        defer { file.close() }
        do throws(FileError) { if isSynced { try file.sync() } } catch { throw .syncFailed(error) }
        try onFiles { () throws(FileError) in try place.files.rename(temporary, to: path) }
        try sync(state.end, state.end) { () throws(FileError) in
            if isSynced { try place.files.syncDirectory(place.directory) }
        }
        try mark(.clean, base: state.end, end: state.end)
        return try JournalTail(place.directory, base: state.end, place.files)
    }
}

// The journal while `journal.lock` is held. What the holder does:
//
//  1. It reads the shared page and looks up the file that it names.
//  2. It settles. The file is the newest, and not poisoned: reads on to the last valid entry, and cuts what is behind it.
//     Else it mends, with `journal.sync` held too, so that whoever marked the page is dead:
//     - poisoned, or marked by a dead one: the part below the durable end goes on in a new file, and what lies beyond does
//       not exist;
//     - of an earlier boot, or not there: all that is valid was read from the disk; it is synced, and the page made anew;
//     - not to be read (its writer died in it): all that is valid is written anew, into a file in the place of this one;
//     - it names another file than the newest: the newest's maker died before it could say so; it is synced, with its
//       directory, and named.
//  3. It checks the entry's condition and writes the entry. Syncing it is done without this lock: `EntrySync`.
//
// A full file is synced before the next one begins, with both locks held. Old files stay: readers begin with them.

import HostSystem

struct LockedJournal {
    enum Placing: Sendable {
        case placed(PlacedEntry)
        /// Judged with entries up to this one, of which nobody knows yet whether they are durable.
        case refused(JournalRefusal, behind: PlacedEntry?)
    }

    let home: JournalHome
    /// What this process read last. Gone after an error.
    private(set) var tail: JournalTail?
    private(set) var notices: [JournalNotice] = []

    private static let hourMilliseconds: Int64 = 3_600_000

    init(_ home: JournalHome, _ tail: JournalTail?) {
        self.home = home
        self.tail = tail
    }

    // MARK: Settling

    /// What the journal says, and the entry up to which that is not known to be durable.
    mutating func settle() throws(JournalError) -> (state: JournalState, behind: PlacedEntry?) {
        let (current, durableEnd) = try settled()
        let state = current.state
        let last = state.end > durableEnd ? current.last : nil
        tail = current
        return (state, last)
    }

    /// Takes the tail out, so that it is changed in place.
    private mutating func settled() throws(JournalError) -> (JournalTail, durableEnd: UInt64) {
        if let page = home.believed(try home.readPage()), page.condition == .clean || page.condition == .syncing,
            let tail = try current(page)
        {
            return (tail, page.end)
        }
        tail = nil
        let lock = try home.lock("journal.sync")
        defer { lock.release() }
        let mended = try mend(try home.readPage())
        home.signal?.raise()
        return (mended, mended.state.end)
    }

    /// The file that the page names, read to its end; nil: it is not the newest one.
    private mutating func current(_ page: JournalPage) throws(JournalError) -> JournalTail? {
        if let tail, tail.base != page.base, !home.safeguards.contains(.lookup) { return nil }
        guard let identity = try home.identity(ofFile: page.base),
            identity == page.identity || !home.safeguards.contains(.finish)
        else { return nil }
        var tail = try opened(page.base, identity)
        try tail.readOn(durable: page.end, home.safeguards)
        try cut(&tail)
        return try isFollowed(tail) ? nil : tail
    }

    /// By a file whose maker died before the page could name it. Before it all entries were durable, so the first one that is
    /// missing is the one that it begins with.
    private func isFollowed(_ tail: JournalTail) throws(JournalError) -> Bool {
        guard tail.state.end > tail.base, home.safeguards.contains(.lookup) else { return false }
        return try home.identity(ofFile: tail.state.end) != nil
    }

    private mutating func opened(_ base: UInt64, _ identity: UInt64) throws(JournalError) -> JournalTail {
        if let known = tail, known.base == base {
            let isCurrent = identity == known.identity || !home.safeguards.contains(.lookup)
            let size = try onFiles { () throws(FileError) in try known.file.size() }
            if isCurrent, size >= known.endBytes {
                tail = nil
                return known
            }
        }
        return try JournalTail(home, base: base)
    }

    private mutating func cut(_ tail: inout JournalTail) throws(JournalError) {
        guard tail.extraBytes > 0, home.safeguards.contains(.journalSettle) else { return }
        notices.append(.cutTail(file: tail.name, offset: tail.endBytes, bytes: tail.extraBytes))
        try tail.cut()
    }

    // MARK: Mending, with both locks

    private mutating func mend(_ reading: JournalPage.Reading) throws(JournalError) -> JournalTail {
        let page = home.believed(reading)
        guard let current = try home.bases().max() else {
            if let page { throw missing(page.base) }
            try onFiles { () throws(FileError) in try home.files.makeDurableDirectories(home.directory) }
            return try begin(JournalState(), chain: 0)
        }
        guard let page else {
            return if case .unreadable = reading { try rewrite(current) } else { try adopt(current, durable: 0) }
        }
        guard current >= page.base else { throw missing(page.base) }
        switch page.condition {
        case .unknown: return try rewrite(current)
        case .poisoned, .syncing: return try repair(current, page.end)
        case .clean: return try adopt(current, durable: page.end)
        }
    }

    private func missing(_ base: UInt64) -> JournalError {
        .damaged(file: JournalTail.name(base), offset: 0, detail: "the file is missing")
    }

    /// Syncs a file that the page does not name, and its directory, and names it.
    private mutating func adopt(_ current: UInt64, durable: UInt64) throws(JournalError) -> JournalTail {
        var tail = try JournalTail(home, base: current)
        try tail.readOn(durable: durable, home.safeguards)
        try cut(&tail)
        do throws(FileError) {
            if home.safeguards.contains(.finish) {
                try tail.file.sync()
                try home.files.syncDirectory(home.directory)
            }
        } catch {
            try home.write(tail.page(home, end: tail.state.end, .unknown))
            throw .syncFailed(error)
        }
        try home.write(tail.page(home, end: tail.state.end, .clean))
        return tail
    }

    /// Goes on in a new file with what lies below the durable end.
    private mutating func repair(_ current: UInt64, _ durableEnd: UInt64) throws(JournalError) -> JournalTail {
        var old = try JournalTail(home, base: current)
        try old.readOn(before: durableEnd, durable: durableEnd, home.safeguards)
        guard old.state.end <= durableEnd else {
            throw .damaged(
                file: old.name, offset: 0, detail: "the file begins behind the durable end, entry \(durableEnd)")
        }
        let new = try begin(old.state, chain: old.chain)
        notices.append(.repaired(file: new.name, end: new.base))
        return new
    }

    /// Writes all that is valid in the newest file anew, into a file of its name.
    private mutating func rewrite(_ current: UInt64) throws(JournalError) -> JournalTail {
        var old = try JournalTail(home, base: current)
        try old.readOn(durable: 0, home.safeguards)
        let valid = old.endBytes
        let bytes = try onFiles { () throws(FileError) in try old.file.read(0..<valid) }
        // What a failed sync has left in the page cache may be gone by now: what counts is in these bytes.
        let (length, end) = try JournalTail.whole(bytes, name: old.name, base: current)
        let new = try begin(Array(bytes[..<length]), base: current, end: end)
        notices.append(.repaired(file: new.name, end: end))
        return new
    }

    private func begin(_ state: JournalState, chain: UInt32) throws(JournalError) -> JournalTail {
        try begin(JournalHeader(predecessor: chain, state: state).encode(), base: state.end, end: state.end)
    }

    /// Makes a file, whole and synced before it has its name, and has the page name it. `end`: behind the last entry.
    private func begin(_ bytes: [UInt8], base: UInt64, end: UInt64) throws(JournalError) -> JournalTail {
        let temporary = home.path("journal.tmp")
        let isSynced = home.safeguards.contains(.journalDirsync)
        let (file, identity) = try onFiles { () throws(FileError) in
            if try home.files.exists(temporary) { try home.files.remove(temporary) }
            let file = try home.files.open(temporary, .createNew)
            try file.write(bytes, at: 0)
            return (file, try home.files.status(temporary)?.identity ?? 0)
        }
        defer { file.close() }
        do throws(FileError) { if isSynced { try file.sync() } } catch { throw .syncFailed(error) }
        try onFiles { () throws(FileError) in
            try home.files.rename(temporary, to: home.path(JournalTail.name(base)))
        }
        do throws(FileError) {
            if isSynced { try home.files.syncDirectory(home.directory) }
        } catch {
            try home.write(home.page(base: base, identity: identity, end: end, .unknown))
            throw .syncFailed(error)
        }
        try home.write(home.page(base: base, identity: identity, end: end, .clean))
        var tail = try JournalTail(home, base: base)
        try tail.readOn(durable: end, home.safeguards)
        return tail
    }

    // MARK: Appending

    /// Writes an entry, if its condition holds. Nothing of it is durable yet.
    mutating func place(_ body: JournalEntry.Body) throws(JournalError) -> Placing {
        var (current, durableEnd) = try settled()
        if current.endBytes > home.rollBytes, current.state.end > current.base {
            current = try roll(current)
            durableEnd = current.state.end
        }
        if let refusal = refusal(of: body, current.state) {
            let last = current.state.end > durableEnd ? current.last : nil
            tail = current
            return .refused(refusal, behind: last)
        }
        let placed = try write(body, durableEnd: durableEnd, to: &current)
        tail = current
        return .placed(placed)
    }

    private func refusal(of body: JournalEntry.Body, _ state: JournalState) -> JournalRefusal? {
        do throws(JournalRefusal) {
            do throws(JournalRefusal) { try state.check(body) } catch { if isJudged(error) { throw error } }
            var writer = ByteWriter(capacityBytes: 256)
            body.encode(to: &writer)
            let bytes = writer.count + JournalEntry.smallestBytes - 1
            return bytes <= JournalEntry.largestBytes ? nil : .entryTooLarge(bytes: bytes)
        } catch {
            return error
        }
    }

    private func isJudged(_ refusal: JournalRefusal) -> Bool {
        switch refusal {
        case .notAtPublishedEnd: home.safeguards.contains(.publishedEnd)
        case .producerBehind: home.safeguards.contains(.producers)
        default: true
        }
    }

    /// Begins the next file, after a sync of the full one. Poison is looked for once more under the second lock.
    private mutating func roll(_ full: JournalTail) throws(JournalError) -> JournalTail {
        let lock = try home.lock("journal.sync")
        defer { lock.release() }
        let reading = try home.readPage()
        guard let page = home.believed(reading), page.condition == .clean,
            page.names(base: full.base, identity: full.identity) || !home.safeguards.contains(.file)
        else { return try mend(reading) }
        if home.safeguards.contains(.rollsync) {
            try home.write(full.page(home, end: page.end, .syncing))
            do throws(FileError) {
                try full.file.sync()
            } catch {
                try home.write(full.page(home, end: page.end, home.safeguards.contains(.poison) ? .poisoned : .clean))
                throw .syncFailed(error)
            }
        }
        try home.write(full.page(home, end: full.state.end, .clean))
        let next = try begin(full.state, chain: full.chain)
        home.signal?.raise()
        return next
    }

    private mutating func write(
        _ body: JournalEntry.Body, durableEnd: UInt64, to tail: inout JournalTail
    ) throws(JournalError) -> PlacedEntry {
        let entry = JournalEntry(
            sequence: tail.state.end, milliseconds: now(after: tail.state), predecessor: tail.chain,
            durableEnd: min(durableEnd, tail.state.end), body: body)
        let (bytes, checksum) = entry.encode()
        // Without settling there may be bytes behind the last entry, and an append goes to the end of the file.
        let offset = tail.endBytes + tail.extraBytes
        let file = tail.file
        // What a write leaves that fails is not cut here: it may be the whole entry, and come back with a power loss when
        // others have gone on without it. Whoever settles next decides.
        try onFiles { () throws(FileError) in try file.write(bytes, at: offset) }
        FaultPoint.afterJournalAppend.reached()
        try tail.appended(entry, bytes: bytes.count, checksum: checksum)
        guard let placed = tail.last else { preconditionFailure("the entry was appended a moment ago") }
        return placed
    }

    private mutating func now(after state: JournalState) -> Int64 {
        let now = home.time.wallMilliseconds()
        let last = state.lastMilliseconds
        if state.end > 0, now > last,
            now.subtractingReportingOverflow(last).partialValue > LockedJournal.hourMilliseconds
        {
            notices.append(.timeAhead(last: last, now: now))
        }
        return max(now, last)
    }
}

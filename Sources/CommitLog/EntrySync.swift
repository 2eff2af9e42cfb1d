// Making an entry durable that is written, without `journal.lock`, while others append behind it. Syncs take turns under
// `journal.sync`; whoever has the turn looks at the page first, for another's sync may have covered the entry:
//
//  1. A mark left in the page by a holder who died poisons it, and the entry is void.
//  2. The page is marked `syncing`. What is whole and valid in the file now is what the sync will cover.
//  3. The sync; then the durable end is raised to there, the mark cleared, and readers are woken.
//
// A failed sync poisons the page. An entry whose file is no longer the current one is looked for where the journal goes
// on: it stands if it is there, by its checksum, which covers all before it; else it is void for ever.

import HostSystem

/// An entry that is written, and of which nobody knows yet whether it is durable.
package struct PlacedEntry: Sendable {
    package let position: JournalPosition
    let checksum: UInt32
    let file: any FileHandle
    let base: UInt64
    let identity: UInt64
    /// Of the file, up to the end of the entry.
    let endBytes: Int
}

struct EntrySync {
    enum Outcome {
        case stands, void
        /// Nobody knows before the journal is settled.
        case unsettled
    }

    /// Who holds the lock may die, and wakes nobody.
    private static let longestWaitMilliseconds: Int64 = 10

    private enum Standing {
        case known(Outcome)
        case open(JournalPage)
    }

    let home: JournalHome
    let entry: PlacedEntry

    private var sequence: UInt64 { entry.position.sequence }

    /// While another syncs, it waits for the durable end to move, as all who wait do: behind the lock they would be woken one
    /// by one, though one sync mostly covers them all.
    func run() throws(JournalError) -> Outcome {
        if case .known(let outcome) = try standing(), outcome != .unsettled { return outcome }
        FaultPoint.beforeJournalSync.reached()
        guard home.safeguards.contains(.turns) else { return try outcomeInTurn() }
        while true {
            let seen = home.signal?.value
            if let lock = try home.lock("journal.sync", wait: home.signal == nil) {
                defer {
                    lock.release()
                    // Behind the release: who is woken tries the lock.
                    home.signal?.raise()
                }
                return try outcomeInTurn()
            }
            if let seen { home.signal?.wait(while: seen, timeoutMilliseconds: EntrySync.longestWaitMilliseconds) }
            if case .known(let outcome) = try standing(), outcome != .unsettled { return outcome }
        }
    }

    private func outcomeInTurn() throws(JournalError) -> Outcome {
        switch try standing() {
        case .known(let outcome): return outcome
        case .open(let page): return try sync(page)
        }
    }

    private func sync(_ page: JournalPage) throws(JournalError) -> Outcome {
        var page = page
        let takesTurns = home.safeguards.contains(.turns)
        if takesTurns, page.condition == .syncing, home.safeguards.contains(.mark) {
            page.condition = .poisoned
            try home.write(page)
            return .void
        }
        if takesTurns, home.safeguards.contains(.mark) {
            page.condition = .syncing
            try home.write(page)
        }
        let before = try wholeEnd()
        do throws(FileError) {
            try entry.file.sync()
        } catch {
            page.condition = home.safeguards.contains(.poison) ? .poisoned : .clean
            try home.write(page)
            throw .syncFailed(error)
        }
        FaultPoint.afterJournalSync.reached()
        page.end = try max(page.end, home.safeguards.contains(.ownend) ? before : wholeEnd())
        page.condition = .clean
        try home.write(page)
        return .stands
    }

    /// The sequence number behind the last entry that is whole and follows ours.
    private func wholeEnd() throws(JournalError) -> UInt64 {
        let bytes = try onFiles { () throws(FileError) in
            try entry.file.read(entry.endBytes..<max(entry.endBytes, try entry.file.size()))
        }
        return JournalEntry.chain(bytes, at: 0, sequence: sequence + 1, after: entry.checksum).end
    }

    private func standing() throws(JournalError) -> Standing {
        guard let page = home.believed(try home.readPage()) else { return .known(.unsettled) }
        let isCurrent = page.names(base: entry.base, identity: entry.identity)
        guard isCurrent || !home.safeguards.contains(.file) else { return .known(try lookUp(page)) }
        switch page.condition {
        case .unknown: return .known(.unsettled)
        case _ where page.end > sequence: return .known(.stands)
        case .poisoned: return home.safeguards.contains(.poison) ? .known(.void) : .open(page)
        case .clean, .syncing: return .open(page)
        }
    }

    /// Of an entry in a file that is not the current one any more.
    private func lookUp(_ page: JournalPage) throws(JournalError) -> Outcome {
        guard page.condition != .unknown else { return .unsettled }
        guard let base = try home.bases().filter({ $0 <= sequence }).max() else { return .void }
        var tail = try JournalTail(home, base: base)
        try tail.readOn(before: sequence + 1, durable: 0, home.safeguards)
        guard tail.state.end == sequence + 1, tail.chain == entry.checksum else { return .void }
        if base < page.base { return .stands }
        return page.names(base: base, identity: tail.identity) && page.end > sequence ? .stands : .unsettled
    }
}

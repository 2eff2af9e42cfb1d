// Follows the journal entry by entry, from the oldest file on, in any process: it locks nothing. It reads to the durable
// end that the shared page names, and from file to file at the first sequence number of the next one; a file is taken up
// only where the page names it or a later one. Beyond the durable end nothing is believed, for it may never come to
// stand; but who keeps finding bytes there, whose writer may have died, has them settled (`Journal.settle`), and so does
// a reader that finds no page, or a poisoned one.

import Glibc
import HostSystem

/// The sequence number of the entry to be read next.
package struct JournalPlace: Hashable, Comparable, Sendable {
    package var sequence: UInt64

    package init(sequence: UInt64) { self.sequence = sequence }

    package static func < (a: JournalPlace, b: JournalPlace) -> Bool { a.sequence < b.sequence }
}

/// Used by one thread at a time.
package final class JournalReader {
    /// So long bytes may lie beyond the durable end before a reader settles them.
    private static let patienceMilliseconds: Int64 = 100
    /// A mover of the durable end may have died between the page and the waking.
    private static let largestWaitMilliseconds: Int64 = 1000

    private let journal: Journal
    private var file: JournalFileReader
    /// Entries before this one are read, and not given out.
    private let first: UInt64
    /// The number to wait on, as it was before the page was read.
    private var seen: UInt32 = 0
    /// Bytes beyond the durable end, and since when they have been there.
    private var beyond: (base: UInt64, end: UInt64, sizeBytes: Int, nanoseconds: Int64)?

    private var home: JournalHome { journal.home }

    /// As of the last entry given.
    package var state: JournalState { file.state }

    /// The entry that `next` begins with.
    package var place: JournalPlace { JournalPlace(sequence: max(first, file.state.end)) }

    /// Raised when the durable end has moved; nil where nothing tells.
    package var news: (any SharedSignal)? { home.signal }

    /// What the reader's own settling did.
    package func takeNotices() -> [JournalNotice] { journal.takeNotices() }

    /// Begins at `from`; nil: with the oldest entry there is. Makes the journal where there is none.
    package static func open(
        directory: String, files: any FileSystem, time: any TimeSource, safeguards: Safeguards = .all,
        from place: JournalPlace? = nil
    ) throws(JournalError) -> JournalReader {
        let journal = try Journal.unsettled(
            directory: directory, files: files, time: time, safeguards: safeguards)
        let home = journal.home
        var page = home.believed(try home.readPage())
        if page == nil || page?.condition == .poisoned || page?.condition == .unknown {
            _ = try journal.settle()
            page = home.believed(try home.readPage())
        }
        guard let page else { throw .file(FileError(.read, home.pagePath, code: EIO)) }
        let bases = try home.bases().filter { $0 <= page.base }
        let sought = place?.sequence ?? 0
        guard let base = bases.filter({ $0 <= sought }).max() ?? bases.min() else {
            throw .damaged(file: JournalTail.name(page.base), offset: 0, detail: "the file is missing")
        }
        let file = try JournalFileReader(home, base: base, durable: page.end)
        return JournalReader(journal: journal, file: file, first: place?.sequence ?? base)
    }

    private init(journal: Journal, file: JournalFileReader, first: UInt64) {
        self.journal = journal
        self.file = file
        self.first = first
    }

    /// The next entries, at most `limit`; none at the durable end.
    package func next(limit: Int) throws(JournalError) -> [JournalEntry] {
        seen = home.signal?.value ?? 0
        var page = try believedPage()
        if try isStale(page) {
            _ = try journal.settle()
            beyond = nil
            page = try believedPage()
        }
        var entries: [JournalEntry] = []
        while try moveToFile(page), entries.count < limit, file.state.end < visibleEnd(page) {
            let end = min(try endOfFile(page), visibleEnd(page))
            while entries.count < limit, file.state.end < end {
                guard let entry = try file.read(isDurable: home.safeguards.contains(.durable), below: end) else {
                    return entries
                }
                if entry.sequence >= first { entries.append(entry) }
            }
        }
        try lookBeyond(page)
        return entries
    }

    /// Waits until there may be more, or the time is up; nil: no limit. True: there may be more.
    package func wait(timeoutMilliseconds: Int64?) -> Bool {
        guard let signal = home.signal else { return true }
        let start = home.time.monotonicNanoseconds()
        while true {
            let passed = (home.time.monotonicNanoseconds() - start) / 1_000_000
            if let timeoutMilliseconds, passed >= timeoutMilliseconds { return signal.value != seen }
            if signal.value != seen { return true }
            let longest = beyond == nil ? JournalReader.largestWaitMilliseconds : JournalReader.patienceMilliseconds
            signal.wait(
                while: seen, timeoutMilliseconds: min(longest, timeoutMilliseconds.map { $0 - passed } ?? longest))
            if signal.value == seen, passed >= longest || beyond != nil { return true }
        }
    }

    private func believedPage() throws(JournalError) -> JournalPage {
        // A writer of the page who is met in the middle is done a moment later; one who died there is found by settling.
        for attempt in 0..<100 {
            if let page = home.believed(try home.readPage()), page.condition == .clean || page.condition == .syncing {
                return page
            }
            if attempt >= 10 { _ = try journal.settle() }
        }
        throw .file(FileError(.read, home.pagePath, code: EIO))
    }

    private func visibleEnd(_ page: JournalPage) -> UInt64 {
        home.safeguards.contains(.durable) ? page.end : .max
    }

    /// Where the file being read is left: at the next one's first entry.
    private func endOfFile(_ page: JournalPage) throws(JournalError) -> UInt64 {
        if page.base == file.base { return visibleEnd(page) }
        return try home.bases().filter { $0 > file.base && $0 <= page.base }.min() ?? page.base
    }

    /// Goes to the file in which the next entry is. False: nothing is there that may be read.
    private func moveToFile(_ page: JournalPage) throws(JournalError) -> Bool {
        guard page.base >= file.base else { return false }
        let identity = page.base == file.base ? page.identity : try home.identity(ofFile: file.base)
        if identity != file.identity {
            // Replaced, while it was the newest, by one that holds the same entries up to where it was durable.
            try file.replace(with: try JournalFileReader(home, base: file.base, durable: page.end))
        }
        while file.state.end == (try endOfFile(page)), file.base < page.base {
            try file.replace(with: try JournalFileReader(home, base: file.state.end, durable: page.end))
        }
        return true
    }

    // MARK: Beyond the durable end

    private func lookBeyond(_ page: JournalPage) throws(JournalError) {
        guard file.state.end == page.end, page.base == file.base else { return beyond = nil }
        let size = try file.sizeBytes()
        guard size > file.endBytes else { return beyond = nil }
        if let beyond, beyond.base == page.base, beyond.end == page.end, beyond.sizeBytes <= size { return }
        beyond = (page.base, page.end, size, home.time.monotonicNanoseconds())
    }

    private func isStale(_ page: JournalPage) throws(JournalError) -> Bool {
        guard home.safeguards.contains(.rsettle), let beyond, beyond.base == page.base, beyond.end == page.end else {
            return false
        }
        let waited = (home.time.monotonicNanoseconds() - beyond.nanoseconds) / 1_000_000
        return waited >= JournalReader.patienceMilliseconds
    }
}

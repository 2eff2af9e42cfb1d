// A journal file read to its end. What follows the last valid entry is the rest of an append that was never
// acknowledged, unless something proves that more was durable: then it is damage. The proof is a durable end known
// from elsewhere, or the mark in a later entry, which is looked for at every byte, because lengths may be broken too.

import HostSystem

struct JournalTail: Sendable {
    let file: any FileHandle
    let name: String
    /// Tells the file from a later one of the same name.
    let identity: UInt64
    /// The file's first sequence number.
    let base: UInt64
    /// Bytes up to the end of the last valid entry.
    private(set) var endBytes: Int
    /// Bytes behind that.
    private(set) var extraBytes = 0
    private(set) var chain: UInt32
    private(set) var state: JournalState

    /// Reads the header only.
    init(_ home: JournalHome, base: UInt64) throws(JournalError) {
        name = JournalTail.name(base)
        self.base = base
        let path = home.path(name)
        let (file, status, bytes) = try onFiles { () throws(FileError) in
            let file = try home.files.open(path, .update)
            return (file, try home.files.status(path), try file.read(0..<(try file.size())))
        }
        self.file = file
        identity = status?.identity ?? 0
        let (header, length) = try JournalHeader.decode(bytes, name: name, base: base)
        endBytes = length
        chain = header.predecessor
        state = header.state
    }

    static func name(_ base: UInt64) -> String {
        let digits = String(base)
        return String(repeating: "0", count: 20 - digits.count) + digits + ".journal"
    }

    /// The first sequence number of the file of this name; nil where it is no journal file's.
    static func base(_ name: String) -> UInt64? {
        guard name.hasSuffix(".journal") else { return nil }
        let digits = name.dropLast(".journal".count)
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(digits)
    }

    /// Reads on to the last valid entry, or to the one before `limit`. Everything below `durable` must be there.
    mutating func readOn(
        before limit: UInt64 = .max, durable: UInt64, _ safeguards: Safeguards
    ) throws(JournalError) {
        let start = endBytes
        let bytes = try onFiles { () throws(FileError) in try file.read(start..<max(start, try file.size())) }
        var at = 0
        var problem = "the file ends"
        reading: while state.end < limit, at < bytes.count {
            switch JournalEntry.decode(bytes, at: at) {
            case .entry(let entry, let length, let checksum):
                guard entry.sequence == state.end, entry.predecessor == chain else {
                    problem = "an entry that does not follow the one before"
                    break reading
                }
                try apply(entry)
                chain = checksum
                at += length
                endBytes += length
            case .invalid(let what):
                problem = what
                break reading
            case .unreadable(let what):
                throw .damaged(file: name, offset: endBytes + what.offset, detail: "expected \(what.expected)")
            }
        }
        extraBytes = bytes.count - at
        guard safeguards.contains(.marks), limit == .max || state.end < limit else { return }
        let known = max(durable, safeguards.contains(.selfver) ? JournalTail.marked(bytes, from: at) : 0)
        guard state.end >= known else {
            throw .damaged(
                file: name, offset: endBytes, detail: "\(problem), though everything before entry \(known) was durable")
        }
    }

    /// How much of a file's bytes are its header and entries that follow one another, and the sequence number behind them.
    static func whole(
        _ bytes: [UInt8], name: String, base: UInt64
    ) throws(JournalError) -> (length: Int, end: UInt64) {
        let (header, headerLength) = try JournalHeader.decode(bytes, name: name, base: base)
        let chain = JournalEntry.chain(bytes, at: headerLength, sequence: header.state.end, after: header.predecessor)
        return (headerLength + chain.length, chain.end)
    }

    private mutating func apply(_ entry: JournalEntry) throws(JournalError) {
        do throws(JournalRefusal) {
            try state.apply(entry)
        } catch {
            throw .damaged(file: name, offset: endBytes, detail: "an entry that was never allowed: \(error)")
        }
    }

    /// The greatest durable end that any valid entry behind `start` knows of.
    private static func marked(_ bytes: [UInt8], from start: Int) -> UInt64 {
        var known: UInt64 = 0
        var at = start
        while at <= bytes.count - JournalEntry.smallestBytes {
            if case .entry(let entry, let length, _) = JournalEntry.decode(bytes, at: at) {
                known = max(known, entry.durableEnd)
                at += length
            } else {
                at += 1
            }
        }
        return known
    }

    /// The file's last valid entry; nil where it has none.
    var last: PlacedEntry? {
        guard state.end > base, let position = state.last else { return nil }
        return PlacedEntry(
            position: position, checksum: chain, file: file, base: base, identity: identity, endBytes: endBytes)
    }

    /// A page that names this file.
    func page(_ home: JournalHome, end: UInt64, _ condition: JournalPage.Condition) -> JournalPage {
        home.page(base: base, identity: identity, end: end, condition)
    }

    /// An entry has been written at `endBytes`.
    mutating func appended(_ entry: JournalEntry, bytes: Int, checksum: UInt32) throws(JournalError) {
        try apply(entry)
        endBytes += bytes
        chain = checksum
    }

    /// Cuts what follows the last valid entry.
    mutating func cut() throws(JournalError) {
        let end = endBytes
        try onFiles { () throws(FileError) in try file.truncate(to: end) }
        extraBytes = 0
    }
}

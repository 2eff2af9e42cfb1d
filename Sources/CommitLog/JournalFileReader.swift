import Glibc
import HostSystem

/// One journal file, read entry by entry; who reads says how far. Locks nothing.
struct JournalFileReader {
    private static let pieceBytes = 1 << 18

    let base: UInt64
    /// Tells the file from another one of its name.
    let identity: UInt64
    private let file: any FileHandle
    private let name: String
    private(set) var state: JournalState
    private(set) var endBytes: Int
    private var chain: UInt32
    /// What was read ahead; begins at byte `piece.start` of the file. Entries below `piece.end` were durable when it was read;
    /// others may be there no more, and what stands there now is another entry of the same number.
    private var piece: (bytes: [UInt8], start: Int, end: UInt64)

    /// - Parameter end: below which all was durable before this was called.
    init(_ home: JournalHome, base: UInt64, durable end: UInt64) throws(JournalError) {
        self.base = base
        name = JournalTail.name(base)
        let path = home.path(name)
        (file, identity) = try onFiles { () throws(FileError) in
            // Another file may take the name at any time: the identity is that of the one that was opened.
            for _ in 0..<100 {
                let before = try home.files.status(path)?.identity
                let file = try home.files.open(path, .read)
                if let after = try home.files.status(path)?.identity, after == before { return (file, after) }
            }
            throw FileError(.open, path, code: EAGAIN)
        }
        let source = file
        let bytes = try onFiles { () throws(FileError) in try source.read(0..<(try source.size())) }
        let (header, length) = try JournalHeader.decode(bytes, name: name, base: base)
        state = header.state
        chain = header.predecessor
        endBytes = length
        piece = (bytes, 0, end)
    }

    func sizeBytes() throws(JournalError) -> Int { try onFiles { () throws(FileError) in try file.size() } }

    /// The next entry; nil where there is none, which is an error if it is known to be durable.
    /// - Parameter end: below which all was durable before this was called; the entry lies there.
    mutating func read(isDurable: Bool, below end: UInt64) throws(JournalError) -> JournalEntry? {
        if state.end < piece.end, let entry = try decode() { return entry }
        for bytes in [JournalFileReader.pieceBytes, JournalEntry.largestBytes] {
            let start = endBytes
            piece = (try onFiles { () throws(FileError) in try file.read(start..<start + bytes) }, start, end)
            if let entry = try decode() { return entry }
        }
        guard isDurable else { return nil }
        throw damaged("no valid entry, though it was durable")
    }

    private mutating func decode() throws(JournalError) -> JournalEntry? {
        let at = endBytes - piece.start
        guard at >= 0, at < piece.bytes.count else { return nil }
        guard case .entry(let entry, let length, let checksum) = JournalEntry.decode(piece.bytes, at: at),
            entry.sequence == state.end, entry.predecessor == chain
        else { return nil }
        do throws(JournalRefusal) {
            try state.apply(entry)
        } catch {
            throw damaged("an entry that was never allowed: \(error)")
        }
        chain = checksum
        endBytes += length
        return entry
    }

    private func damaged(_ detail: String) -> JournalError {
        .damaged(file: name, offset: endBytes, detail: detail)
    }

    /// Goes on in another file, at the same place of the same history.
    mutating func replace(with other: JournalFileReader) throws(JournalError) {
        var next = other
        while next.state.end < state.end { _ = try next.read(isDurable: true, below: state.end) }
        guard next.state.end == state.end, next.chain == chain else {
            throw next.damaged("the file does not go on where the one before it ends")
        }
        self = next
    }
}

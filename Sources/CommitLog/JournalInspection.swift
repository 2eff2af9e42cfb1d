import HostSystem

/// An entry, and where it stands.
package struct WrittenEntry: Equatable, Sendable {
    package var entry: JournalEntry
    /// The first sequence number of its file.
    package var base: UInt64
    /// In bytes of the file.
    package var range: Range<Int>
}

extension Journal {
    /// Every entry that is whole, in all files, durable or not: for who examines a journal that nobody changes meanwhile.
    package static func written(
        directory: String, files: any FileSystem, time: any TimeSource
    ) throws(JournalError) -> [WrittenEntry] {
        let home = JournalHome(directory: directory, files: files, time: time, safeguards: .all, rollBytes: 0)
        let bases = try home.bases().sorted()
        guard let first = bases.first else { return [] }
        var file = try JournalFileReader(home, base: first, durable: .max)
        var entries: [WrittenEntry] = []
        for next in bases.dropFirst() {
            while file.state.end < next {
                guard let entry = try file.written(isDurable: true) else { break }
                entries.append(entry)
            }
            try file.replace(with: try JournalFileReader(home, base: next, durable: .max))
        }
        while let entry = try file.written(isDurable: false) { entries.append(entry) }
        return entries
    }
}

extension JournalFileReader {
    fileprivate mutating func written(isDurable: Bool) throws(JournalError) -> WrittenEntry? {
        let start = endBytes
        return try read(isDurable: isDurable, below: .max).map {
            WrittenEntry(entry: $0, base: base, range: start..<endBytes)
        }
    }
}

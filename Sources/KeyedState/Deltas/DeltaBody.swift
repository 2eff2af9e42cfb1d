import HostSystem

/// The verified bytes of one record: a checkpoint record, then the changes of each operator.
struct DeltaBody {
    struct Section {
        var operatorID: UInt32
        var entries: Range<Int>
    }

    let path: String
    /// Where the body begins in its file, for errors.
    let offset: Int
    let bytes: [UInt8]
    let checkpoint: Range<Int>
    let sections: [Section]

    init(_ bytes: [UInt8], header: DeltaRecordHeader, path: String, offset: Int) throws(StateError) {
        self.path = path
        self.offset = offset
        self.bytes = bytes
        let length = Int(header.checkpointBytes)
        var sections: [Section] = []
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            _ = try reader.readRaw(length, "checkpoint record")
            for _ in 0..<header.sectionCount {
                let section = try DeltaSectionHeader(from: &reader)
                guard let size = Int(exactly: section.entryBytes) else {
                    throw CorruptBytes(offset: reader.position, expected: "size of entries")
                }
                _ = try reader.readRaw(size, "entries")
                sections.append(
                    Section(operatorID: section.operatorID, entries: (reader.position - size)..<reader.position))
            }
            guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of record") }
        } catch {
            throw .damaged(path: path, offset: offset + error.offset, detail: "expected \(error.expected)")
        }
        self.sections = sections
        checkpoint = 0..<length
    }

    var checkpointBytes: [UInt8] { Array(bytes[checkpoint]) }

    /// Appends the entries of some operators and key groups, in their order, to `extracted`.
    /// - Returns: where they lie there.
    func extract(_ places: ClosedRange<StatePlace>, to extracted: inout [UInt8]) throws(StateError) -> [Section] {
        var found: [Section] = []
        for operatorID in Set(sections.map(\.operatorID)) {
            let start = extracted.count
            guard places.lowerBound.operatorID...places.upperBound.operatorID ~= operatorID else { continue }
            // Entries that lie side by side are copied at once.
            var run = 0..<0
            try forEachEntry(of: operatorID) { entry, raw in
                guard places.contains(StatePlace(operatorID: operatorID, keyGroup: entry.keyGroup)) else { return }
                if run.upperBound == entry.start {
                    run = run.lowerBound..<entry.end
                } else {
                    extracted.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw[run]))
                    run = entry.start..<entry.end
                }
            }
            bytes.withUnsafeBytes { extracted.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[run])) }
            found.append(Section(operatorID: operatorID, entries: start..<extracted.count))
        }
        return found
    }

    func checkpointRecord() throws(StateError) -> CheckpointRecord {
        do throws(CorruptBytes) {
            var reader = ByteReader(checkpointBytes)
            return try CheckpointRecord(from: &reader)
        } catch {
            throw .damaged(path: path, offset: offset + error.offset, detail: "expected \(error.expected)")
        }
    }

    /// Calls `body` for the changes of an operator in some key groups, in the order they were made.
    func forEachChange(
        of operatorID: UInt32, in keyGroups: Range<Int>, withoutRanges: Bool,
        _ body: (StateChange) throws(CorruptBytes) -> Void
    ) throws(StateError) {
        try onEntries { (raw) throws(CorruptBytes) in
            var puts = StatePuts(bytes: raw)
            func flush() throws(CorruptBytes) {
                if !puts.isEmpty { try body(.put(puts)) }
                puts.removeAll()
            }
            for section in sections where section.operatorID == operatorID {
                var position = section.entries.lowerBound
                while let entry = try Entry(in: raw, at: position, end: section.entries.upperBound) {
                    position = entry.end
                    guard keyGroups.contains(Int(entry.keyGroup.index)) else { continue }
                    if entry.header.isDeletedBelow {
                        if withoutRanges { continue }
                        try flush()
                        try body(.deleteBelow(entry.keyGroup, bound: entry.key(in: raw)))
                    } else if entry.header.isDeleted {
                        try flush()
                        try body(.delete(entry.keyGroup, key: entry.key(in: raw)))
                    } else {
                        puts.append(entry)
                        if puts.isFull { try flush() }
                    }
                }
            }
            try flush()
        }
    }

    private func onEntries(_ body: (UnsafeRawBufferPointer) throws(CorruptBytes) -> Void) throws(StateError) {
        do throws(CorruptBytes) {
            try bytes.span.bytes.withUnsafeBytes(body)
        } catch {
            throw .damaged(path: path, offset: offset + error.offset, detail: "expected \(error.expected)")
        }
    }

    /// Calls `body` for each entry of an operator, in the order they were made.
    func forEachEntry(
        of operatorID: UInt32, _ body: (Entry, UnsafeRawBufferPointer) throws(CorruptBytes) -> Void
    ) throws(StateError) {
        try onEntries { (raw) throws(CorruptBytes) in
            for section in sections where section.operatorID == operatorID {
                var position = section.entries.lowerBound
                while let entry = try Entry(in: raw, at: position, end: section.entries.upperBound) {
                    try body(entry, raw)
                    position = entry.end
                }
            }
        }
    }
}

/// Where one entry's parts lie in a buffer.
struct Entry {
    let start: Int
    let header: EntryHeader

    /// nil at `end`. Its lengths are checked against `end`.
    @inline(__always)
    init?(in raw: UnsafeRawBufferPointer, at position: Int, end: Int) throws(CorruptBytes) {
        if position == end { return nil }
        guard end - position >= EntryHeader.sizeBytes else {
            throw CorruptBytes(offset: position, expected: "header of an entry")
        }
        start = position
        header = EntryHeader(
            packed: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
        guard end - position - EntryHeader.sizeBytes >= header.keyLength + header.valueLength else {
            throw CorruptBytes(offset: position, expected: "key and value of an entry")
        }
    }

    /// Of an entry that was checked before.
    @inline(__always)
    init(checkedIn raw: UnsafeRawBufferPointer, at position: Int) {
        start = position
        header = EntryHeader(
            packed: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
    }

    @inline(__always) var keyGroup: KeyGroup { header.keyGroup }
    @inline(__always) var keyStart: Int { start + EntryHeader.sizeBytes }
    @inline(__always) var valueStart: Int { keyStart + header.keyLength }
    @inline(__always) var end: Int { valueStart + header.valueLength }

    @inline(__always)
    func key(in raw: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: raw[keyStart..<valueStart])
    }

    /// nil where the key is deleted.
    @inline(__always)
    func value(in raw: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        header.isDeleted ? nil : UnsafeRawBufferPointer(rebasing: raw[valueStart..<end])
    }

}

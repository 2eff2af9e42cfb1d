// What one epoch changed in the state of one operator, laid out as it will stand in the delta log.
//
// An entry is one 8-byte header, then the key, then the value. The header packs the key group (16 bits), the length of
// the key (24) and of the value (24; the two largest numbers stand for deletions), so that building an entry is one
// store and two copies, and walking over a million of them is one load each.

package struct StateChanges: Sendable {
    package let operatorID: UInt32
    package private(set) var count = 0
    /// Allocated and filled with zeros beyond `endBytes`, so that appending is a plain store.
    private var storage: [UInt8] = []
    private var endBytes = 0
    /// The size of the largest key or value that was refused, 0 where none was. Checked when the changes are committed.
    private(set) var refusedBytes = 0

    /// This one names the base's own entries.
    package static let reservedOperatorID = UInt32.max
    package static let largestFieldBytes = EntryHeader.largestLength

    package init(operatorID: UInt32) {
        precondition(operatorID != StateChanges.reservedOperatorID, "the operator id is reserved")
        self.operatorID = operatorID
    }

    package var sizeBytes: Int { endBytes }
    package var isEmpty: Bool { count == 0 }

    /// Keeps the memory for the next epoch.
    package mutating func removeAll() {
        count = 0
        endBytes = 0
        refusedBytes = 0
    }

    package mutating func put(keyGroup: KeyGroup, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard checkLimit(key.count), checkLimit(value.count) else { return }
        append(keyGroup, key, value, valueLength: value.count)
    }

    package mutating func put(keyGroup: KeyGroup, key: [UInt8], value: [UInt8]) {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in put(keyGroup: keyGroup, key: key, value: value) }
        }
    }

    package mutating func delete(keyGroup: KeyGroup, key: UnsafeRawBufferPointer) {
        guard checkLimit(key.count) else { return }
        append(keyGroup, key, UnsafeRawBufferPointer(start: nil, count: 0), valueLength: EntryHeader.deleted)
    }

    package mutating func delete(keyGroup: KeyGroup, key: [UInt8]) {
        key.withUnsafeBytes { delete(keyGroup: keyGroup, key: $0) }
    }

    /// Deletes all keys of the key group that are less than `bound`, byte by byte, whenever they were put.
    package mutating func deleteBelow(keyGroup: KeyGroup, bound: UnsafeRawBufferPointer) {
        guard checkLimit(bound.count) else { return }
        append(keyGroup, bound, UnsafeRawBufferPointer(start: nil, count: 0), valueLength: EntryHeader.deletedBelow)
    }

    package mutating func deleteBelow(keyGroup: KeyGroup, bound: [UInt8]) {
        bound.withUnsafeBytes { deleteBelow(keyGroup: keyGroup, bound: $0) }
    }

    /// Lets the caller encode entries straight into the buffer.
    /// `bytes` bounds what `body` writes: 8 for each entry, and its key and value.
    package mutating func withWriter(reservingBytes bytes: Int, _ body: (inout EntryWriter) -> Void) {
        reserve(bytes)
        let end = endBytes
        let (entries, written, refused) = storage.withUnsafeMutableBytes { raw -> (Int, Int, Int) in
            guard let base = raw.baseAddress else { return (0, 0, 0) }
            var writer = EntryWriter(at: base + end, limit: base + raw.count)
            body(&writer)
            return (writer.entries, writer.cursor - (base + end), writer.refusedBytes)
        }
        count += entries
        endBytes += written
        refusedBytes = max(refusedBytes, refused)
    }

    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let end = endBytes
        let span = storage.span.extracting(first: end).bytes
        return try span.withUnsafeBytes { (raw) throws(Failure) -> Result in try body(raw) }
    }

    private mutating func checkLimit(_ bytes: Int) -> Bool {
        if bytes <= StateChanges.largestFieldBytes { return true }
        refusedBytes = max(refusedBytes, bytes)
        return false
    }

    private mutating func reserve(_ bytes: Int) {
        let needed = endBytes + bytes
        guard needed > storage.count else { return }
        let grown = max(needed, storage.count * 2, 4096)
        storage.reserveCapacity(grown)
        storage.append(contentsOf: repeatElement(0, count: grown - storage.count))
    }

    private mutating func append(
        _ keyGroup: KeyGroup, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, valueLength: Int
    ) {
        reserve(EntryHeader.sizeBytes + key.count + value.count)
        let end = endBytes
        let header = EntryHeader(keyGroup: keyGroup, keyLength: key.count, valueLength: valueLength)
        storage.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress else { return }
            (base + end).storeBytes(of: header.packed.littleEndian, as: UInt64.self)
            let keyStart = base + end + EntryHeader.sizeBytes
            if let from = key.baseAddress { keyStart.copyMemory(from: from, byteCount: key.count) }
            if let from = value.baseAddress { (keyStart + key.count).copyMemory(from: from, byteCount: value.count) }
        }
        endBytes = end + EntryHeader.sizeBytes + key.count + value.count
        count += 1
    }
}

// Inlinable, because it is called a few times for every changed key from the module that owns the table: across modules
// a generic call costs up to a hundred times more.

/// Appends entries to a `StateChanges`, field by field: `begin`, the key's fields, `endKey`, the value's fields,
/// `endValue`; or `begin`, the key's fields, `endDelete`; or `begin`, the bound's fields, `endDeleteBelow`.
@usableFromInline
package struct EntryWriter {
    @usableFromInline package var cursor: UnsafeMutableRawPointer
    @usableFromInline let limit: UnsafeMutableRawPointer
    @usableFromInline var start: UnsafeMutableRawPointer
    @usableFromInline var keyEnd: UnsafeMutableRawPointer
    @usableFromInline var keyGroup = KeyGroup(index: 0)
    @usableFromInline package var entries = 0
    @usableFromInline package var refusedBytes = 0

    init(at cursor: UnsafeMutableRawPointer, limit: UnsafeMutableRawPointer) {
        self.cursor = cursor
        self.limit = limit
        start = cursor
        keyEnd = cursor
    }

    @inlinable
    package mutating func begin(_ keyGroup: KeyGroup) {
        precondition(limit - cursor >= 8, "the caller reserved too little")
        self.keyGroup = keyGroup
        start = cursor
        cursor += 8
    }

    /// Least significant byte first. A key that shall be scanned in the order of its values wants `.bigEndian`.
    @inlinable
    package mutating func write<T: FixedWidthInteger>(_ value: T) {
        let width = MemoryLayout<T>.size
        precondition(limit - cursor >= width, "the caller reserved too little")
        cursor.storeBytes(of: value.littleEndian, as: T.self)
        cursor += width
    }

    @inlinable
    package mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(limit - cursor >= bytes.count, "the caller reserved too little")
        if let from = bytes.baseAddress { cursor.copyMemory(from: from, byteCount: bytes.count) }
        cursor += bytes.count
    }

    @inlinable
    package mutating func endKey() { keyEnd = cursor }

    @inlinable
    package mutating func endValue() {
        let valueLength = cursor - keyEnd
        if valueLength > EntryHeader.largestLength {
            refuse(valueLength)
        } else {
            finish(keyLength: keyEnd - start - 8, code: valueLength)
        }
    }

    @inlinable
    package mutating func endDelete() { finish(keyLength: cursor - start - 8, code: EntryHeader.deleted) }

    @inlinable
    package mutating func endDeleteBelow() { finish(keyLength: cursor - start - 8, code: EntryHeader.deletedBelow) }

    /// - Parameter code: what stands for the value's length.
    @inlinable
    mutating func finish(keyLength: Int, code: Int) {
        if keyLength > EntryHeader.largestLength {
            refuse(keyLength)
            return
        }
        let header = EntryHeader(keyGroup: keyGroup, keyLength: keyLength, valueLength: code)
        start.storeBytes(of: header.packed.littleEndian, as: UInt64.self)
        entries += 1
    }

    @inlinable
    mutating func refuse(_ bytes: Int) {
        refusedBytes = max(refusedBytes, bytes)
        cursor = start
    }
}

/// The 8 bytes before each entry.
@usableFromInline
package struct EntryHeader {
    @usableFromInline package var packed: UInt64

    @usableFromInline package static let sizeBytes = 8
    /// Stands for the value's length where the key is deleted.
    @usableFromInline package static let deleted = 0xFF_FFFF
    /// Stands for the value's length where all keys below this one are deleted.
    @usableFromInline package static let deletedBelow = 0xFF_FFFE
    /// Of a key or a value.
    @usableFromInline package static let largestLength = 0xFF_FFFD

    @inlinable
    package init(packed: UInt64) { self.packed = packed }

    @inlinable
    package init(keyGroup: KeyGroup, keyLength: Int, valueLength: Int) {
        packed = UInt64(keyGroup.index) | UInt64(keyLength) << 16 | UInt64(valueLength) << 40
    }

    @inlinable package var keyGroup: KeyGroup { KeyGroup(index: UInt16(truncatingIfNeeded: packed)) }
    @inlinable package var keyLength: Int { Int(truncatingIfNeeded: packed >> 16 & 0xFF_FFFF) }
    @inlinable package var isDeleted: Bool { packed >> 40 == 0xFF_FFFF }
    @inlinable package var isDeletedBelow: Bool { packed >> 40 == 0xFF_FFFE }
    @inlinable package var valueLength: Int {
        let length = Int(truncatingIfNeeded: packed >> 40)
        return length <= EntryHeader.largestLength ? length : 0
    }
}

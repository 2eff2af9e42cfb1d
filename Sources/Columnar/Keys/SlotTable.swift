import Glibc

// The index of a group table: open addressing with linear probing. A slot is 8 bytes: in its upper half 32 bits of the
// key's hash, whose low bits are also the slot's home position, in its lower half the group number plus one, 0 where it
// is free. The keys lie elsewhere, by group; the 32 bits tell nearly all other keys apart without looking there. As the
// position comes from the slot itself, growing is a sweep over the slots, in order, that needs no key.

struct SlotTable: ~Copyable {
    private(set) var slots: UnsafeMutablePointer<UInt64>
    private(set) var mask: Int
    private var limit: Int

    init() {
        mask = 63
        slots = Self.allocate(64)
        limit = Self.limit(64)
    }

    deinit { free(slots) }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt64> {
        // Zeroed by the system where it is large: touched for the first time when it is used.
        guard let memory = calloc(capacity, 8) else { preconditionFailure("out of memory for \(capacity) slots") }
        return memory.bindMemory(to: UInt64.self, capacity: capacity)
    }

    /// Small tables stay nearly empty, so that the first slot mostly decides and the branch on it is foreseen. Large
    /// ones are filled to five eighths, where a probe looks at less than two slots on average.
    private static func limit(_ capacity: Int) -> Int { capacity <= 1 << 14 ? capacity / 4 : capacity / 8 * 5 }

    var sizeBytes: Int { (mask + 1) * 8 }

    /// The part of a hash that a slot keeps.
    @inline(__always)
    static func tag(_ hash: UInt64) -> UInt64 { hash >> 32 }

    @inline(__always)
    static func slot(_ tag: UInt64, _ group: Int32) -> UInt64 { tag << 32 | UInt64(UInt32(bitPattern: group &+ 1)) }

    /// The group of a slot that is not free.
    @inline(__always)
    static func group(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) &- 1 }

    /// Makes room for a group beyond `count`. Positions found before are no longer valid if it answers true.
    @inline(__always)
    mutating func growIfFull(_ count: Int) -> Bool {
        if count < limit { return false }
        grow()
        return true
    }

    @inline(never)
    private mutating func grow() {
        let old = UnsafeMutableBufferPointer(start: slots, count: mask + 1)
        let capacity = (mask + 1) * 2
        precondition(capacity <= 1 << 32, "a group table has at most 2^31 groups")
        let grown = Self.allocate(capacity)
        let mask = capacity - 1
        for slot in old where slot != 0 {
            var position = Int(truncatingIfNeeded: slot >> 32) & mask
            while grown[position] != 0 { position = (position + 1) & mask }
            grown[position] = slot
        }
        free(old.baseAddress)
        slots = grown
        self.mask = mask
        limit = Self.limit(capacity)
    }
}

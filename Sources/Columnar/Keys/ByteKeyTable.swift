import Glibc

// Groups by byte strings: the keys one after the other in an arena, found through the same slots and in the same steps
// as integers (see IntegerGroupTable).

/// The keys of a chunk of rows: `base[starts[i]..<starts[i] + lengths[i]]`.
struct KeyChunk: ~Copyable {
    static let rowLimit = 512

    var starts = GrowableBuffer<Int>(capacity: rowLimit)
    var lengths = GrowableBuffer<Int>(capacity: rowLimit)
    var tags = GrowableBuffer<UInt64>(capacity: rowLimit)
    var found = GrowableBuffer<Int32>(capacity: rowLimit)
    /// Where in the batch's result a row belongs.
    var places = GrowableBuffer<Int32>(capacity: rowLimit)

    var sizeBytes: Int {
        starts.sizeBytes + lengths.sizeBytes + tags.sizeBytes + found.sizeBytes + places.sizeBytes
    }
}

struct ByteKeyTable: ~Copyable {
    private(set) var count = 0
    private var index = SlotTable()
    private var arena = GrowableBuffer<UInt8>(capacity: 256)
    /// Where each group's key begins in the arena; the last one's end follows.
    private var starts = GrowableBuffer<Int>(capacity: 64)

    /// Slots up to which rows are looked up one by one.
    private static let directSlots = 1 << 13

    init() { starts.base[0] = 0 }

    var sizeBytes: Int { index.sizeBytes + arena.sizeBytes + starts.sizeBytes }

    func key(of group: Int) -> UnsafeRawBufferPointer {
        precondition(group >= 0 && group < count, "a group of this table")
        let start = starts.base[group]
        return UnsafeRawBufferPointer(start: arena.base + start, count: starts.base[group + 1] - start)
    }

    /// Groups of the first `rows` keys, into `chunk.found`.
    mutating func lookUp(_ base: UnsafePointer<UInt8>, _ rows: Int, _ chunk: inout KeyChunk) {
        let (starts, lengths, tags) = (chunk.starts.base, chunk.lengths.base, chunk.tags.base)
        if index.mask < Self.directSlots {
            lookUpDirectly(base, rows, starts, lengths, chunk.found.base)
        } else {
            lookUpInSteps(base, rows, starts, lengths, tags, chunk.found.base)
        }
    }

    private mutating func lookUpDirectly(
        _ base: UnsafePointer<UInt8>, _ rows: Int, _ starts: UnsafeMutablePointer<Int>,
        _ lengths: UnsafeMutablePointer<Int>, _ found: UnsafeMutablePointer<Int32>
    ) {
        for i in 0..<rows {
            let (key, length) = (base + starts[i], lengths[i])
            let tag = SlotTable.tag(KeyHash.hashBytes(UnsafeRawPointer(key), length))
            let (slots, mask) = (index.slots, index.mask)
            var position = Int(truncatingIfNeeded: tag) & mask
            while true {
                let slot = slots[position]
                if slot == 0 {
                    found[i] = probe(key, length, tag)
                    break
                }
                if slot >> 32 == tag, isKey(SlotTable.group(slot), key, length) {
                    found[i] = Int32(truncatingIfNeeded: SlotTable.group(slot))
                    break
                }
                position = (position &+ 1) & mask
            }
        }
    }

    private mutating func lookUpInSteps(
        _ base: UnsafePointer<UInt8>, _ rows: Int, _ starts: UnsafeMutablePointer<Int>,
        _ lengths: UnsafeMutablePointer<Int>, _ tags: UnsafeMutablePointer<UInt64>,
        _ found: UnsafeMutablePointer<Int32>
    ) {
        for i in 0..<rows {
            tags[i] = SlotTable.tag(KeyHash.hashBytes(UnsafeRawPointer(base + starts[i]), lengths[i]))
        }
        findCandidates(rows, tags, found)
        for i in 0..<rows {
            let key = base + starts[i]
            let candidate = Int(found[i])
            if candidate >= 0, isKey(candidate, key, lengths[i]) { continue }
            found[i] = probe(key, lengths[i], tags[i])
        }
    }

    /// The first group with the tag of each row, or -1, and its key on the way into the cache.
    private func findCandidates(
        _ rows: Int, _ tags: UnsafeMutablePointer<UInt64>, _ found: UnsafeMutablePointer<Int32>
    ) {
        let (slots, mask) = (index.slots, index.mask)
        var touched: UInt64 = 0
        for i in 0..<rows { touched |= slots[Int(truncatingIfNeeded: tags[i]) & mask] }
        for i in 0..<rows {
            let tag = tags[i]
            var position = Int(truncatingIfNeeded: tag) & mask
            var slot = slots[position]
            while slot != 0 && slot >> 32 != tag {
                position = (position &+ 1) & mask
                slot = slots[position]
            }
            found[i] = Int32(truncatingIfNeeded: SlotTable.group(slot))
        }
        let (starts, arena) = (starts.base, arena.base)
        for i in 0..<rows { touched |= UInt64(bitPattern: Int64(starts[Int(max(found[i], 0))])) }
        for i in 0..<rows { touched |= UInt64(arena[starts[Int(max(found[i], 0))]]) }
        // Never so, and not known to the compiler: the loads above stay.
        if touched == 0 && count > 1 << 40 { found[0] = -1 }
    }

    @inline(__always)
    private func isKey(_ group: Int, _ key: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        let start = starts.base[group]
        return starts.base[group + 1] - start == length && bytesAreEqual(arena.base + start, key, length)
    }

    /// The group of one key, made if it is new.
    @inline(never)
    private mutating func probe(_ key: UnsafePointer<UInt8>, _ length: Int, _ tag: UInt64) -> Int32 {
        _ = index.growIfFull(count)
        let (slots, mask) = (index.slots, index.mask)
        var position = Int(truncatingIfNeeded: tag) & mask
        while true {
            let slot = slots[position]
            if slot == 0 {
                let group = append(key, length)
                slots[position] = SlotTable.slot(tag, group)
                return group
            }
            if slot >> 32 == tag, isKey(SlotTable.group(slot), key, length) {
                return Int32(truncatingIfNeeded: SlotTable.group(slot))
            }
            position = (position &+ 1) & mask
        }
    }

    /// A group of its own, without a slot: what is found by no key.
    mutating func appendUnindexed() -> Int32 { append(emptyBytes, 0) }

    private mutating func append(_ key: UnsafePointer<UInt8>, _ length: Int) -> Int32 {
        precondition(count < Int(Int32.max), "a group table has less than 2^31 groups")
        let start = starts.base[count]
        arena.reserve(start + length)
        if length > 0 { memcpy(arena.base + start, key, length) }
        starts.reserve(count + 2)
        count += 1
        starts.base[count] = start + length
        return Int32(truncatingIfNeeded: count - 1)
    }

    mutating func insert(_ key: UnsafeRawBufferPointer) -> Int32 {
        let base = key.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? emptyBytes
        return probe(base, key.count, SlotTable.tag(KeyHash.hashBytes(UnsafeRawPointer(base), key.count)))
    }
}

// Groups by one integer key. A batch goes through in chunks that stay in the first-level cache. While the table is
// small each row is looked up in one go; a large one in steps, so that the misses of many rows overlap: fetch all home
// slots, walk each row to the slot with its tag, fetch all candidates' keys, compare. Rows that are not found so are
// looked up again one by one, in order, which also inserts them: groups are numbered in order of first appearance.

package final class IntegerGroupTable {
    package let type: DataType
    // Touched several times for each new key, by methods that call nobody else's code: checking each access at run time
    // costs 3 % of a keyed count.
    @exclusivity(unchecked) package private(set) var count = 0
    @exclusivity(unchecked) private var index = SlotTable()
    @exclusivity(unchecked) private var keys = GrowableBuffer<Int64>(capacity: 64)
    /// The group of NULL, -1 while there is none. It has a place in `keys`, and no slot.
    private var nullGroup: Int32 = -1

    private static let chunkRows = 512
    /// Slots up to which rows are looked up one by one: about half a second-level cache.
    private static let directSlots = 1 << 15
    private var chunk = GrowableBuffer<Int64>(capacity: chunkRows)
    private var tags = GrowableBuffer<UInt64>(capacity: chunkRows)
    private var found = GrowableBuffer<Int32>(capacity: chunkRows)
    private var places = GrowableBuffer<Int32>(capacity: chunkRows)

    /// Of BOOLEAN, INT, BIGINT, DATE or TIMESTAMP.
    package init(_ type: DataType) { self.type = type }

    package var sizeBytes: Int {
        index.sizeBytes + keys.sizeBytes + chunk.sizeBytes + tags.sizeBytes + found.sizeBytes + places.sizeBytes
    }

    package func resolve(_ key: Column, rowCount: Int, selection: [Int32]?, into groups: inout [Int32]) {
        switch key {
        case .boolean(let c): resolve(c, rowCount, selection, &groups) { $0 ? 1 : 0 }
        case .int(let c), .date(let c): resolve(c, rowCount, selection, &groups) { Int64($0) }
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
            resolve(c, rowCount, selection, &groups) { $0 }
        case .double, .string: preconditionFailure("the key is a \(type)")
        }
    }

    @inline(__always)
    private func resolve<T>(
        _ column: FixedColumn<T>, _ rowCount: Int, _ selection: [Int32]?, _ groups: inout [Int32],
        _ integer: (T) -> Int64
    ) {
        let total = selection?.count ?? rowCount
        groups = [Int32](unsafeUninitializedCapacity: total) { out, filled in
            let values = column.values.span
            let (chunk, places) = (chunk.base, places.base)
            var start = 0
            while start < total {
                let end = min(start + Self.chunkRows, total)
                if let validity = column.validity {
                    var pending = 0
                    for i in start..<end {
                        let row = selection.map { Int($0[i]) } ?? i
                        if validity[row] {
                            chunk[pending] = integer(values[row])
                            places[pending] = Int32(truncatingIfNeeded: i)
                            pending += 1
                            continue
                        }
                        if nullGroup < 0 {
                            // The rows before it number their groups first.
                            flush(&pending, out)
                            nullGroup = append(0)
                        }
                        out.initializeElement(at: i, to: nullGroup)
                    }
                    flush(&pending, out)
                } else {
                    if let selection {
                        for i in start..<end { chunk[i - start] = integer(values[Int(selection[i])]) }
                    } else {
                        for i in start..<end { chunk[i - start] = integer(values[i]) }
                    }
                    lookUp(end - start)
                    (out.baseAddress! + start).initialize(from: found.base, count: end - start)
                }
                start = end
            }
            filled = total
        }
    }

    private func flush(_ pending: inout Int, _ out: UnsafeMutableBufferPointer<Int32>) {
        lookUp(pending)
        let (found, places) = (found.base, places.base)
        for i in 0..<pending { out.initializeElement(at: Int(places[i]), to: found[i]) }
        pending = 0
    }

    /// Groups of the first `rows` keys in `chunk`, into `found`.
    private func lookUp(_ rows: Int) {
        if index.mask < Self.directSlots { lookUpDirectly(rows) } else { lookUpInSteps(rows) }
    }

    private func lookUpDirectly(_ rows: Int) {
        let (chunk, found) = (chunk.base, found.base)
        var (slots, mask, keys) = (index.slots, index.mask, keys.base)
        for i in 0..<rows {
            let key = chunk[i]
            let tag = SlotTable.tag(KeyHash.hash(key))
            var position = Int(truncatingIfNeeded: tag) & mask
            while true {
                let slot = slots[position]
                if slot == 0 {
                    found[i] = probe(key, tag)
                    (slots, mask, keys) = (index.slots, index.mask, self.keys.base)
                    break
                }
                if slot >> 32 == tag, keys[SlotTable.group(slot)] == key {
                    found[i] = Int32(truncatingIfNeeded: SlotTable.group(slot))
                    break
                }
                position = (position &+ 1) & mask
            }
        }
    }

    private func lookUpInSteps(_ rows: Int) {
        let (chunk, tags, found) = (chunk.base, tags.base, found.base)
        let (slots, mask) = (index.slots, index.mask)
        var touched: UInt64 = 0
        for i in 0..<rows {
            let tag = SlotTable.tag(KeyHash.hash(chunk[i]))
            tags[i] = tag
            touched |= slots[Int(truncatingIfNeeded: tag) & mask]
        }
        // Never so, and not known to the compiler: the loads above stay.
        if touched == 0 && count > 1 << 40 { return }
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
        let keys = keys.base
        for i in 0..<rows {
            // Bit 31 set where there is no candidate or it is another key; a free slot reads the first key for nothing.
            let candidate = found[i]
            let isSame = keys[Int(max(candidate, 0))] == chunk[i]
            found[i] = isSame ? candidate : -1
        }
        for i in 0..<rows where found[i] < 0 { found[i] = probe(chunk[i], tags[i]) }
    }

    /// The group of one key, made if it is new.
    @inline(never)
    private func probe(_ key: Int64, _ tag: UInt64) -> Int32 {
        _ = index.growIfFull(count)
        let (slots, mask, keys) = (index.slots, index.mask, keys.base)
        var position = Int(truncatingIfNeeded: tag) & mask
        while true {
            let slot = slots[position]
            if slot == 0 {
                let group = append(key)
                slots[position] = SlotTable.slot(tag, group)
                return group
            }
            if slot >> 32 == tag, keys[SlotTable.group(slot)] == key {
                return Int32(truncatingIfNeeded: SlotTable.group(slot))
            }
            position = (position &+ 1) & mask
        }
    }

    private func append(_ key: Int64) -> Int32 {
        precondition(count < Int(Int32.max), "a group table has less than 2^31 groups")
        keys.reserve(count + 1)
        keys.base[count] = key
        count += 1
        return Int32(truncatingIfNeeded: count - 1)
    }

    /// The keys of groups, in the order asked for.
    package func keyColumn(for groups: [Int32]) -> Column {
        let keys = UnsafeBufferPointer(start: keys.base, count: count)
        let values = mapValues(groups) { group in
            precondition(group >= 0 && group < keys.count, "a group of this table")
            return keys[Int(group)]
        }
        var validity: Bitmap?
        if nullGroup >= 0 {
            let bitmap = Bitmap(packing: mapValues(groups) { $0 != nullGroup })
            if !bitmap.isAllSet { validity = bitmap }
        }
        switch type {
        case .boolean: return .boolean(FixedColumn(mapValues(values) { $0 != 0 }, validity: validity))
        case .int:
            return .int(FixedColumn(mapValues(values) { Int32(truncatingIfNeeded: $0) }, validity: validity))
        case .date:
            return .date(FixedColumn(mapValues(values) { Int32(truncatingIfNeeded: $0) }, validity: validity))
        case .timestamp(let precision):
            return .timestamps(FixedColumn(values, validity: validity), TimestampUnit(precision: precision))
        default: return .bigint(FixedColumn(values, validity: validity))
        }
    }

    package func insert(_ key: Int64?) -> Int32 {
        if let key { return probe(key, SlotTable.tag(KeyHash.hash(key))) }
        if nullGroup < 0 { nullGroup = append(0) }
        return nullGroup
    }
}

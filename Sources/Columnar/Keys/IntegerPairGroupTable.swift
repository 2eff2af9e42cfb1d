// Groups by two integer keys, in the same steps as by one (see IntegerGroupTable). The first key is most often the same
// from row to row (a window's pane), so its hash is kept. Pairs with a NULL have an index of their own: their keys are told
// apart by what is NULL too, which the others need not look at.

package final class IntegerPairGroupTable {
    private struct Pair: BitwiseCopyable, Equatable {
        var first: Int64
        var second: Int64
    }

    package let types: [DataType]
    @exclusivity(unchecked) package private(set) var count = 0
    @exclusivity(unchecked) private var index = SlotTable()
    @exclusivity(unchecked) private var keys = GrowableBuffer<Pair>(capacity: 64)
    private var nullIndex = SlotTable()
    /// In step with the groups: 1 the first key is NULL, 2 the second, 3 both; 0 under a NULL's value.
    @exclusivity(unchecked) private var nulls = GrowableBuffer<UInt8>(capacity: 64)
    private var nullCount = 0

    private static let chunkRows = 512
    /// Slots up to which rows are looked up one by one: about half a second-level cache.
    private static let directSlots = 1 << 14
    private var firsts = GrowableBuffer<Int64>(capacity: chunkRows)
    private var seconds = GrowableBuffer<Int64>(capacity: chunkRows)
    private var tags = GrowableBuffer<UInt64>(capacity: chunkRows)
    private var found = GrowableBuffer<Int32>(capacity: chunkRows)

    /// Of BOOLEAN, INT, BIGINT, DATE or TIMESTAMP each.
    package init(_ types: [DataType]) {
        precondition(types.count == 2, "a pair is two keys")
        self.types = types
    }

    package var sizeBytes: Int {
        index.sizeBytes + nullIndex.sizeBytes + keys.sizeBytes + nulls.sizeBytes + firsts.sizeBytes + seconds.sizeBytes
            + tags.sizeBytes + found.sizeBytes
    }

    package func resolve(_ pairs: [Column], rowCount: Int, selection: [Int32]?, into groups: inout [Int32]) {
        let total = selection?.count ?? rowCount
        let hasNulls = pairs[0].validity != nil || pairs[1].validity != nil
        groups = [Int32](unsafeUninitializedCapacity: total) { out, filled in
            var start = 0
            while start < total {
                let end = min(start + Self.chunkRows, total)
                Self.load(pairs[0], start..<end, selection, into: firsts.base)
                Self.load(pairs[1], start..<end, selection, into: seconds.base)
                if hasNulls {
                    lookUp(pairs, start..<end, selection)
                } else if index.mask < Self.directSlots {
                    lookUpDirectly(end - start)
                } else {
                    lookUpInSteps(end - start)
                }
                (out.baseAddress! + start).initialize(from: found.base, count: end - start)
                start = end
            }
            filled = total
        }
    }

    private static func load(
        _ column: Column, _ range: Range<Int>, _ selection: [Int32]?, into out: UnsafeMutablePointer<Int64>
    ) {
        switch column {
        case .boolean(let c): load(c.values.span, range, selection, out) { $0 ? 1 : 0 }
        case .int(let c), .date(let c): load(c.values.span, range, selection, out) { Int64($0) }
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
            load(c.values.span, range, selection, out) { $0 }
        case .double, .string: preconditionFailure("a key of its type")
        }
    }

    @inline(__always)
    private static func load<T>(
        _ values: Span<T>, _ range: Range<Int>, _ selection: [Int32]?, _ out: UnsafeMutablePointer<Int64>,
        _ integer: (T) -> Int64
    ) {
        if let selection {
            for i in range { out[i - range.lowerBound] = integer(values[Int(selection[i])]) }
        } else {
            for i in range { out[i - range.lowerBound] = integer(values[i]) }
        }
    }

    /// Row by row where there are NULLs.
    private func lookUp(_ pairs: [Column], _ range: Range<Int>, _ selection: [Int32]?) {
        let (firsts, seconds, found) = (firsts.base, seconds.base, found.base)
        for i in range {
            let row = selection.map { Int($0[i]) } ?? i
            let k = i - range.lowerBound
            let first = pairs[0].isNull(row) ? nil : firsts[k]
            let second = pairs[1].isNull(row) ? nil : seconds[k]
            found[k] = insert(first, second)
        }
    }

    private func lookUpDirectly(_ rows: Int) {
        let (firsts, seconds, found) = (firsts.base, seconds.base, found.base)
        var (slots, mask, keys) = (index.slots, index.mask, keys.base)
        var last = firsts[0]
        var lastHash = KeyHash.hash(last)
        for i in 0..<rows {
            let key = Pair(first: firsts[i], second: seconds[i])
            if key.first != last {
                last = key.first
                lastHash = KeyHash.hash(last)
            }
            let tag = SlotTable.tag(KeyHash.combine(lastHash, KeyHash.hash(key.second)))
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
        let (firsts, seconds, tags, found) = (firsts.base, seconds.base, tags.base, found.base)
        let (slots, mask) = (index.slots, index.mask)
        var last = firsts[0]
        var lastHash = KeyHash.hash(last)
        var touched: UInt64 = 0
        for i in 0..<rows {
            if firsts[i] != last {
                last = firsts[i]
                lastHash = KeyHash.hash(last)
            }
            let tag = SlotTable.tag(KeyHash.combine(lastHash, KeyHash.hash(seconds[i])))
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
            // A free slot reads the first key for nothing.
            let candidate = found[i]
            let key = keys[Int(max(candidate, 0))]
            found[i] = key.first == firsts[i] && key.second == seconds[i] ? candidate : -1
        }
        for i in 0..<rows where found[i] < 0 { found[i] = probe(Pair(first: firsts[i], second: seconds[i]), tags[i]) }
    }

    /// The group of one pair, made if it is new.
    @inline(never)
    private func probe(_ key: Pair, _ tag: UInt64) -> Int32 {
        _ = index.growIfFull(count - nullCount)
        let (slots, mask, keys) = (index.slots, index.mask, keys.base)
        var position = Int(truncatingIfNeeded: tag) & mask
        while true {
            let slot = slots[position]
            if slot == 0 {
                let group = append(key, nulls: 0)
                slots[position] = SlotTable.slot(tag, group)
                return group
            }
            if slot >> 32 == tag, keys[SlotTable.group(slot)] == key {
                return Int32(truncatingIfNeeded: SlotTable.group(slot))
            }
            position = (position &+ 1) & mask
        }
    }

    private func probe(_ key: Pair, nulls mask: UInt8, _ tag: UInt64) -> Int32 {
        _ = nullIndex.growIfFull(nullCount)
        var position = Int(truncatingIfNeeded: tag) & nullIndex.mask
        while true {
            let slot = nullIndex.slots[position]
            if slot == 0 {
                nullCount += 1
                let group = append(key, nulls: mask)
                nullIndex.slots[position] = SlotTable.slot(tag, group)
                return group
            }
            let group = SlotTable.group(slot)
            if slot >> 32 == tag, keys.base[group] == key, nulls.base[group] == mask {
                return Int32(truncatingIfNeeded: group)
            }
            position = (position &+ 1) & nullIndex.mask
        }
    }

    private func append(_ key: Pair, nulls mask: UInt8) -> Int32 {
        precondition(count < Int(Int32.max), "a group table has less than 2^31 groups")
        keys.reserve(count + 1)
        nulls.reserve(count + 1)
        keys.base[count] = key
        nulls.base[count] = mask
        count += 1
        return Int32(truncatingIfNeeded: count - 1)
    }

    package func insert(_ first: Int64?, _ second: Int64?) -> Int32 {
        let key = Pair(first: first ?? 0, second: second ?? 0)
        let hash = KeyHash.combine(
            first.map { KeyHash.hash($0) } ?? KeyHash.ofNull, second.map { KeyHash.hash($0) } ?? KeyHash.ofNull)
        if first != nil && second != nil { return probe(key, SlotTable.tag(hash)) }
        return probe(key, nulls: (first == nil ? 1 : 0) | (second == nil ? 2 : 0), SlotTable.tag(hash))
    }

    /// The keys of groups, in the order asked for, one column per type.
    package func keyColumns(for groups: [Int32]) -> [Column] {
        for group in groups { precondition(group >= 0 && group < count, "a group of this table") }
        let (keys, nulls) = (keys.base, nulls.base)
        let hasNulls = nullCount > 0
        func validity(_ bit: UInt8) -> Bitmap? {
            guard hasNulls else { return nil }
            let bitmap = Bitmap(packing: mapValues(groups) { nulls[Int($0)] & bit == 0 })
            return bitmap.isAllSet ? nil : bitmap
        }
        return [
            Self.column(mapValues(groups) { keys[Int($0)].first }, validity(1), types[0]),
            Self.column(mapValues(groups) { keys[Int($0)].second }, validity(2), types[1]),
        ]
    }

    private static func column(_ values: [Int64], _ validity: Bitmap?, _ type: DataType) -> Column {
        switch type {
        case .boolean: .boolean(FixedColumn(mapValues(values) { $0 != 0 }, validity: validity))
        case .int: .int(FixedColumn(mapValues(values) { Int32(truncatingIfNeeded: $0) }, validity: validity))
        case .date: .date(FixedColumn(mapValues(values) { Int32(truncatingIfNeeded: $0) }, validity: validity))
        case .timestamp(let precision):
            .timestamps(FixedColumn(values, validity: validity), TimestampUnit(precision: precision))
        default: .bigint(FixedColumn(values, validity: validity))
        }
    }
}

import Columnar
import HostSystem
import KeyedState

// Groups as state entries, a batch at a time: keys are encoded column by column, then the values accumulator by
// accumulator, each at a cursor per group; then one copy per entry. Reading goes the same way back. The bytes of a value
// are described in `Docs/Formats/checkpoint-record.md`.

/// Makes state entries of groups.
struct GroupStateWriter {
    private var encoder = BatchKeyEncoder()
    private(set) var keyGroups: [KeyGroup] = []
    private var hashes: [UInt64] = []
    private var values: [UInt8] = []
    private var starts: [Int] = []

    mutating func write(_ slots: [Int32], of table: GroupStateTable, into changes: inout StateChanges) {
        let keys = table.keyColumns(for: slots)
        encoder.encode(keys, rowCount: slots.count)
        KeyHash.hash(table.description.keyGroupPositions.map { keys[$0] }, rowCount: slots.count, into: &hashes)
        encodeValues(slots, table.accumulators)
        let maximumParallelism = table.allotment.maximumParallelism
        keyGroups = hashes.map { KeyGroup(hash: $0, maximumParallelism: maximumParallelism) }
        let (keyStarts, valueStarts, keyGroups) = (encoder.starts, starts, keyGroups)
        let bytes = slots.count * EntryHeader.sizeBytes + keyStarts[slots.count] + valueStarts[slots.count]
        encoder.bytes.withUnsafeBytes { keyBytes in
            values.withUnsafeBytes { valueBytes in
                changes.withWriter(reservingBytes: bytes) { writer in
                    for k in slots.indices {
                        writer.begin(keyGroups[k])
                        writer.write(UnsafeRawBufferPointer(rebasing: keyBytes[keyStarts[k]..<keyStarts[k + 1]]))
                        writer.endKey()
                        writer.write(UnsafeRawBufferPointer(rebasing: valueBytes[valueStarts[k]..<valueStarts[k + 1]]))
                        writer.endValue()
                    }
                }
            }
        }
    }

    mutating func delete(_ slots: [Int32], of table: GroupStateTable, into changes: inout StateChanges) {
        let keys = table.keyColumns(for: slots)
        encoder.encode(keys, rowCount: slots.count)
        KeyHash.hash(table.description.keyGroupPositions.map { keys[$0] }, rowCount: slots.count, into: &hashes)
        let (keyStarts, hashes) = (encoder.starts, hashes)
        let maximumParallelism = table.allotment.maximumParallelism
        let bytes = slots.count * EntryHeader.sizeBytes + keyStarts[slots.count]
        encoder.bytes.withUnsafeBytes { keyBytes in
            changes.withWriter(reservingBytes: bytes) { writer in
                for k in slots.indices {
                    writer.begin(KeyGroup(hash: hashes[k], maximumParallelism: maximumParallelism))
                    writer.write(UnsafeRawBufferPointer(rebasing: keyBytes[keyStarts[k]..<keyStarts[k + 1]]))
                    writer.endDelete()
                }
            }
        }
    }

    private mutating func encodeValues(_ slots: [Int32], _ accumulators: [Accumulator]) {
        var lengths = [Int](repeating: 0, count: slots.count)
        for accumulator in accumulators { accumulator.addStateLengths(slots, to: &lengths) }
        starts.removeAll(keepingCapacity: true)
        var sum = 0
        for length in lengths {
            starts.append(sum)
            sum += length
        }
        starts.append(sum)
        values = [UInt8](unsafeUninitializedCapacity: sum) { buffer, filled in
            var cursors = starts
            for accumulator in accumulators {
                accumulator.store(slots, at: UnsafeMutableRawBufferPointer(buffer), &cursors)
            }
            filled = sum
        }
    }
}

/// Collects entries of the store, or values alone, to be taken into a table a batch at a time.
struct GroupStateReader {
    private var keyBytes: [UInt8] = []
    private var keys: [Range<Int>] = []
    private var valueBytes: [UInt8] = []
    private var valueStarts: [Int] = []
    private var valueEnds: [Int] = []
    private(set) var longestRowBytes = 0

    var count: Int { valueEnds.count }

    mutating func append(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        keyBytes.append(contentsOf: key)
        keys.append(keyBytes.count - key.count..<keyBytes.count)
        append(value: value)
        longestRowBytes = max(longestRowBytes, key.count + value.count)
    }

    mutating func append(value: UnsafeRawBufferPointer) {
        valueStarts.append(valueBytes.count)
        valueBytes.append(contentsOf: value)
        valueEnds.append(valueBytes.count)
        longestRowBytes = max(longestRowBytes, value.count)
    }

    mutating func removeAll() {
        keyBytes.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        valueBytes.removeAll(keepingCapacity: true)
        valueStarts.removeAll(keepingCapacity: true)
        valueEnds.removeAll(keepingCapacity: true)
    }

    /// Leaves the other entries out.
    mutating func keep(where isKept: (Int) -> Bool) {
        let kept = valueEnds.indices.filter(isKept)
        if !keys.isEmpty { keys = kept.map { keys[$0] } }
        valueStarts = kept.map { valueStarts[$0] }
        valueEnds = kept.map { valueEnds[$0] }
    }

    func keyColumns(types: [DataType]) throws(CorruptBytes) -> [Column] {
        try keyBytes.span.bytes.withUnsafeBytes { (raw) throws(CorruptBytes) in
            try Self.keyColumns(keys.map { UnsafeRawBufferPointer(rebasing: raw[$0]) }, types)
        }
    }

    /// The k-th entry's values go to slot `slots[k]`; a later entry of the same slot wins.
    func loadValues(into accumulators: inout [Accumulator], slots: [Int32]) throws(CorruptBytes) {
        try valueBytes.span.bytes.withUnsafeBytes { (raw) throws(CorruptBytes) in
            try Self.loadValues(in: raw, starts: valueStarts, ends: valueEnds, into: &accumulators, slots: slots)
        }
    }

    static func keyColumns(_ keys: [UnsafeRawBufferPointer], _ types: [DataType]) throws(CorruptBytes) -> [Column] {
        do throws(InvalidKey) {
            return try KeyEncoding.decode(keys, types: types)
        } catch {
            throw CorruptBytes(offset: 0, expected: "keys of the GROUP BY's types")
        }
    }

    /// The k-th entry's values lie in `bytes`, from `starts[k]` to `ends[k]`.
    static func loadValues(
        in bytes: UnsafeRawBufferPointer, starts: [Int], ends: [Int], into accumulators: inout [Accumulator],
        slots: [Int32]
    ) throws(CorruptBytes) {
        var cursors = starts
        for index in accumulators.indices {
            try accumulators[index].load(slots, from: bytes, ends: ends, &cursors)
        }
        guard cursors == ends else { throw CorruptBytes(offset: 0, expected: "the end of a group's values") }
    }
}

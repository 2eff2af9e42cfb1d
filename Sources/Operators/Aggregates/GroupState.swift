import Columnar
import HostSystem
import KeyedState

// Groups as state entries, a batch at a time: keys are encoded column by column, then the values accumulator by
// accumulator, each at a cursor per group; then one copy per entry. Reading goes the same way back. The bytes of a value
// are described in `Docs/Formats/checkpoint-record.md`.

/// Makes state entries of groups.
struct GroupStateWriter {
    private var encoder = BatchKeyEncoder()
    private var hashes: [UInt64] = []
    private var values: [UInt8] = []
    private var starts: [Int] = []

    mutating func write(_ slots: [Int32], of table: GroupStateTable, into changes: inout StateChanges) {
        let keys = table.keyColumns(for: slots)
        encoder.encode(keys, rowCount: slots.count)
        KeyHash.hash(table.description.keyGroupPositions.map { keys[$0] }, rowCount: slots.count, into: &hashes)
        encodeValues(slots, table.accumulators)
        let maximumParallelism = table.allotment.maximumParallelism
        let (keyStarts, valueStarts, hashes) = (encoder.starts, starts, hashes)
        let bytes = slots.count * EntryHeader.sizeBytes + keyStarts[slots.count] + valueStarts[slots.count]
        encoder.bytes.withUnsafeBytes { keyBytes in
            values.withUnsafeBytes { valueBytes in
                changes.withWriter(reservingBytes: bytes) { writer in
                    for k in slots.indices {
                        writer.begin(KeyGroup(hash: hashes[k], maximumParallelism: maximumParallelism))
                        writer.write(UnsafeRawBufferPointer(rebasing: keyBytes[keyStarts[k]..<keyStarts[k + 1]]))
                        writer.endKey()
                        writer.write(UnsafeRawBufferPointer(rebasing: valueBytes[valueStarts[k]..<valueStarts[k + 1]]))
                        writer.endValue()
                    }
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

/// Collects entries of a recovered state, to be taken into tables a batch at a time.
struct GroupStateReader {
    private var keyBytes: [UInt8] = []
    private var keyEnds: [Int] = []
    private var valueBytes: [UInt8] = []
    private var valueEnds: [Int] = []

    var count: Int { keyEnds.count }

    mutating func append(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        keyBytes.append(contentsOf: key)
        keyEnds.append(keyBytes.count)
        valueBytes.append(contentsOf: value)
        valueEnds.append(valueBytes.count)
    }

    mutating func removeAll() {
        keyBytes.removeAll(keepingCapacity: true)
        keyEnds.removeAll(keepingCapacity: true)
        valueBytes.removeAll(keepingCapacity: true)
        valueEnds.removeAll(keepingCapacity: true)
    }

    func keyColumns(types: [DataType]) throws(CorruptBytes) -> [Column] {
        let columns = keyBytes.withUnsafeBytes { raw -> [Column]? in
            var keys: [UnsafeRawBufferPointer] = []
            keys.reserveCapacity(keyEnds.count)
            var start = 0
            for end in keyEnds {
                keys.append(UnsafeRawBufferPointer(rebasing: raw[start..<end]))
                start = end
            }
            do throws(InvalidKey) { return try KeyEncoding.decode(keys, types: types) } catch { return nil }
        }
        guard let columns else { throw CorruptBytes(offset: 0, expected: "keys of the GROUP BY's types") }
        return columns
    }

    /// The k-th entry's values go to slot `slots[k]`; a later entry of the same slot wins.
    func loadValues(into accumulators: inout [Accumulator], slots: [Int32]) throws(CorruptBytes) {
        var cursors = [0] + valueEnds.dropLast()
        for index in accumulators.indices {
            try accumulators[index].load(slots, from: valueBytes, ends: valueEnds, &cursors)
        }
        guard cursors == valueEnds else { throw CorruptBytes(offset: 0, expected: "the end of a group's values") }
    }
}

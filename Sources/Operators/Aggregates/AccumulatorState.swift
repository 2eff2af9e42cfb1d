import Columnar
import HostSystem

// The one encoder and the one decoder of an accumulator's values: for a list of slots, each at its own cursor, which moves
// behind what was written or read.

extension Accumulator {
    func addStateLengths(_ slots: [Int32], to lengths: inout [Int]) {
        let width: Int
        switch self {
        case .count: width = 8
        case .integerSum: width = 24
        case .doubleSum: width = 16
        case .int32Extreme: width = 5
        case .int64Extreme, .doubleExtreme: width = 9
        case .booleanExtreme: width = 2
        case .stringExtreme(let a):
            for k in slots.indices { lengths[k] += 5 + a.values[Int(slots[k])].count }
            return
        }
        for k in slots.indices { lengths[k] += width }
    }

    func store(_ slots: [Int32], at out: UnsafeMutableRawBufferPointer, _ cursors: inout [Int]) {
        switch self {
        case .count(let a): Self.put(a.counts, slots, out, &cursors)
        case .integerSum(let a):
            Self.put(a.sums, slots, out, &cursors)
            Self.put(a.counts, slots, out, &cursors)
        case .doubleSum(let a):
            Self.put(a.sums, slots, out, &cursors)
            Self.put(a.counts, slots, out, &cursors)
        case .int32Extreme(let a):
            Self.put(a.isSet, slots, out, &cursors)
            Self.put(a.values, slots, out, &cursors)
        case .int64Extreme(let a):
            Self.put(a.isSet, slots, out, &cursors)
            Self.put(a.values, slots, out, &cursors)
        case .doubleExtreme(let a):
            Self.put(a.isSet, slots, out, &cursors)
            Self.put(a.values, slots, out, &cursors)
        case .booleanExtreme(let a):
            Self.put(a.isSet, slots, out, &cursors)
            Self.put(a.values, slots, out, &cursors)
        case .stringExtreme(let a):
            Self.put(a.isSet, slots, out, &cursors)
            for k in slots.indices {
                let text = a.values[Int(slots[k])]
                out.storeBytes(of: UInt32(text.count).littleEndian, toByteOffset: cursors[k], as: UInt32.self)
                text.withUnsafeBytes { raw in
                    guard !raw.isEmpty else { return }
                    UnsafeMutableRawBufferPointer(rebasing: out[(cursors[k] + 4)...]).copyMemory(from: raw)
                }
                cursors[k] += 4 + text.count
            }
        }
    }

    private static func put<T: FixedWidthInteger>(
        _ values: [T], _ slots: [Int32], _ out: UnsafeMutableRawBufferPointer, _ cursors: inout [Int]
    ) {
        let width = MemoryLayout<T>.size
        for k in slots.indices {
            out.storeBytes(of: values[Int(slots[k])].littleEndian, toByteOffset: cursors[k], as: T.self)
            cursors[k] += width
        }
    }

    private static func put(
        _ values: [Double], _ slots: [Int32], _ out: UnsafeMutableRawBufferPointer, _ cursors: inout [Int]
    ) {
        for k in slots.indices {
            let bits = values[Int(slots[k])].bitPattern.littleEndian
            out.storeBytes(of: bits, toByteOffset: cursors[k], as: UInt64.self)
            cursors[k] += 8
        }
    }

    private static func put(
        _ flags: [Bool], _ slots: [Int32], _ out: UnsafeMutableRawBufferPointer, _ cursors: inout [Int]
    ) {
        for k in slots.indices {
            out[cursors[k]] = flags[Int(slots[k])] ? 1 : 0
            cursors[k] += 1
        }
    }

    // MARK: Reading

    mutating func load(
        _ slots: [Int32], from bytes: UnsafeRawBufferPointer, ends: [Int], _ cursors: inout [Int]
    ) throws(CorruptBytes) {
        let source = StateBytes(bytes: bytes, ends: ends)
        switch self {
        case .count(var a):
            self = .count(CountAccumulator())
            try source.take(slots, &a.counts, &cursors)
            self = .count(a)
        case .integerSum(var a):
            self = .integerSum(IntegerSumAccumulator())
            try source.take(slots, &a.sums, &cursors)
            try source.take(slots, &a.counts, &cursors)
            self = .integerSum(a)
        case .doubleSum(var a):
            self = .doubleSum(DoubleSumAccumulator())
            try source.take(slots, &a.sums, &cursors)
            try source.take(slots, &a.counts, &cursors)
            self = .doubleSum(a)
        case .int32Extreme(var a):
            self = .int32Extreme(ExtremeAccumulator())
            try source.take(slots, &a.isSet, &cursors)
            try source.take(slots, &a.values, &cursors)
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            self = .int64Extreme(ExtremeAccumulator())
            try source.take(slots, &a.isSet, &cursors)
            try source.take(slots, &a.values, &cursors)
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            self = .doubleExtreme(ExtremeAccumulator())
            try source.take(slots, &a.isSet, &cursors)
            try source.take(slots, &a.values, &cursors)
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            self = .booleanExtreme(ExtremeAccumulator())
            try source.take(slots, &a.isSet, &cursors)
            try source.take(slots, &a.values, &cursors)
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            self = .stringExtreme(StringExtremeAccumulator())
            try source.take(slots, &a.isSet, &cursors)
            for k in slots.indices {
                let text = try source.text(k, &cursors)
                a.valueBytes += text.count - a.values[Int(slots[k])].count
                a.values[Int(slots[k])] = text
            }
            self = .stringExtreme(a)
        }
    }
}

/// Values of several groups in one buffer; nothing is read beyond a group's end.
private struct StateBytes {
    let bytes: UnsafeRawBufferPointer
    let ends: [Int]

    /// Moves each cursor behind a value of this width.
    private func skip(_ width: Int, _ slots: [Int32], _ cursors: inout [Int]) throws(CorruptBytes) {
        var fits = true
        for k in slots.indices {
            fits = fits && width <= ends[k] - cursors[k]
            cursors[k] += width
        }
        guard fits else { throw CorruptBytes(offset: 0, expected: "more bytes of a group's values") }
    }

    func take<T: FixedWidthInteger>(
        _ slots: [Int32], _ values: inout [T], _ cursors: inout [Int]
    ) throws(CorruptBytes) {
        let width = MemoryLayout<T>.size
        try skip(width, slots, &cursors)
        var target = values.mutableSpan
        for k in slots.indices {
            let value = bytes.loadUnaligned(fromByteOffset: cursors[k] - width, as: T.self)
            target[Int(slots[k])] = T(littleEndian: value)
        }
    }

    func take(_ slots: [Int32], _ values: inout [Double], _ cursors: inout [Int]) throws(CorruptBytes) {
        try skip(8, slots, &cursors)
        var target = values.mutableSpan
        for k in slots.indices {
            let bits = bytes.loadUnaligned(fromByteOffset: cursors[k] - 8, as: UInt64.self)
            target[Int(slots[k])] = Double(bitPattern: UInt64(littleEndian: bits))
        }
    }

    func take(_ slots: [Int32], _ flags: inout [Bool], _ cursors: inout [Int]) throws(CorruptBytes) {
        try skip(1, slots, &cursors)
        for k in slots.indices {
            let flag = bytes[cursors[k] - 1]
            guard flag <= 1 else { throw CorruptBytes(offset: 0, expected: "0 or 1") }
            flags[Int(slots[k])] = flag == 1
        }
    }

    func text(_ k: Int, _ cursors: inout [Int]) throws(CorruptBytes) -> [UInt8] {
        guard ends[k] - cursors[k] >= 4 else { throw CorruptBytes(offset: 0, expected: "a text's length") }
        let length = bytes.loadUnaligned(fromByteOffset: cursors[k], as: UInt32.self)
        cursors[k] += 4
        let count = Int(UInt32(littleEndian: length))
        guard ends[k] - cursors[k] >= count else { throw CorruptBytes(offset: 0, expected: "a text") }
        let text = Array(bytes[cursors[k]..<cursors[k] + count])
        cursors[k] += count
        guard String(validating: text, as: UTF8.self) != nil else { throw CorruptBytes(offset: 0, expected: "UTF-8") }
        return text
    }
}

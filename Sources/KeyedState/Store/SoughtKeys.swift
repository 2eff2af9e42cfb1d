import Glibc

// Keys of one operator that are looked up together. A base finds neighbours faster than keys at random, so they are
// sorted first: by key group and the first eight bytes of the key, and where those are equal by the key itself.

/// The keys of one `lookUp`.
package struct SoughtKeys {
    package let operatorID: UInt32
    private let keyGroups: [KeyGroup]
    private let keys: [UInt8]
    private let starts: [Int]

    /// - Parameters:
    ///   - keyGroups: of each key.
    ///   - keys: all keys, one behind the other.
    ///   - starts: where each key begins in `keys`, ascending, and where the last one ends.
    package init(operatorID: UInt32, keyGroups: [KeyGroup], keys: [UInt8], starts: [Int]) {
        precondition(starts.count > keyGroups.count, "each key has a start, and the last one an end")
        precondition(keyGroups.isEmpty || starts[keyGroups.count] <= keys.count, "keys lie in their buffer")
        self.operatorID = operatorID
        self.keyGroups = keyGroups
        self.keys = keys
        self.starts = starts
    }

    package var count: Int { keyGroups.count }

    /// The numbers of the keys, in the order of the base's keys.
    package func order() -> [Int] {
        var sorted: [(group: UInt16, prefix: UInt64, index: Int)] = []
        sorted.reserveCapacity(count)
        keys.withUnsafeBytes { raw in
            for i in 0..<count {
                sorted.append((keyGroups[i].index, Self.prefix(raw, starts[i], starts[i + 1]), i))
            }
            sorted.sort { left, right in
                if left.group != right.group { return left.group < right.group }
                if left.prefix != right.prefix { return left.prefix < right.prefix }
                return comesBefore(left.index, right.index, raw)
            }
        }
        return sorted.map(\.index)
    }

    /// Bytes of the base's key.
    package func baseKeyBytes(of index: Int) -> Int { StateBaseKey.prefixBytes + starts[index + 1] - starts[index] }

    /// Writes the base's key of `baseKeyBytes`.
    package func writeBaseKey(of index: Int, to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: operatorID.bigEndian, as: UInt32.self)
        target.storeBytes(of: keyGroups[index].index.bigEndian, toByteOffset: 4, as: UInt16.self)
        keys.withUnsafeBytes { raw in
            let key = UnsafeRawBufferPointer(rebasing: raw[starts[index]..<starts[index + 1]])
            guard let from = key.baseAddress else { return }
            (target + StateBaseKey.prefixBytes).copyMemory(from: from, byteCount: key.count)
        }
    }

    private func comesBefore(_ left: Int, _ right: Int, _ raw: UnsafeRawBufferPointer) -> Bool {
        let (leftCount, rightCount) = (starts[left + 1] - starts[left], starts[right + 1] - starts[right])
        guard let base = raw.baseAddress else { return false }
        let order = memcmp(base + starts[left], base + starts[right], min(leftCount, rightCount))
        return order == 0 ? leftCount < rightCount : order < 0
    }

    @inline(__always)
    private static func prefix(_ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> UInt64 {
        if end - start >= 8 { return UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: start, as: UInt64.self)) }
        var prefix: UInt64 = 0
        for i in start..<end { prefix |= UInt64(raw[i]) << UInt64(56 - 8 * (i - start)) }
        return prefix
    }
}

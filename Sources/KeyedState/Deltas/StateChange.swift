import HostSystem

/// A change of an operator's state, or many of one kind, as a start reads them back. The buffers are valid during the call
/// only.
package enum StateChange {
    case put(StatePuts)
    case delete(KeyGroup, key: UnsafeRawBufferPointer)
    /// All keys of the key group that are less than `bound`, byte by byte, are gone.
    case deleteBelow(KeyGroup, bound: UnsafeRawBufferPointer)
}

/// Keys that were given values, in the order in which they were.
package struct StatePuts {
    /// Of the keys and values of one.
    private static let mostEntries = 4096
    private static let mostBytes = 16 << 20

    /// Where keys and values lie.
    package let bytes: UnsafeRawBufferPointer
    package private(set) var keyGroups: [KeyGroup] = []
    package private(set) var keyStarts: [Int] = []
    /// Also where the keys end.
    package private(set) var valueStarts: [Int] = []
    package private(set) var ends: [Int] = []
    /// Of an entry's key and value.
    package private(set) var longestBytes = 0
    private var sizeBytes = 0

    package init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    package var count: Int { ends.count }
    package var isEmpty: Bool { ends.isEmpty }

    package func key(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[keyStarts[index]..<valueStarts[index]])
    }

    package func value(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[valueStarts[index]..<ends[index]])
    }

    /// Leaves the other entries out.
    package func filter(_ isKept: (Int) throws(CorruptBytes) -> Bool) throws(CorruptBytes) -> StatePuts {
        var kept = StatePuts(bytes: bytes)
        for index in ends.indices where try isKept(index) {
            kept.append(keyGroups[index], keyStarts[index], valueStarts[index], ends[index])
        }
        return kept
    }

    var isFull: Bool { count >= Self.mostEntries || sizeBytes >= Self.mostBytes }

    mutating func append(_ entry: Entry) {
        append(entry.keyGroup, entry.keyStart, entry.valueStart, entry.end)
    }

    package mutating func append(_ keyGroup: KeyGroup, _ keyStart: Int, _ valueStart: Int, _ end: Int) {
        keyGroups.append(keyGroup)
        keyStarts.append(keyStart)
        valueStarts.append(valueStart)
        ends.append(end)
        longestBytes = max(longestBytes, end - keyStart)
        sizeBytes += end - keyStart
    }

    mutating func removeAll() {
        keyGroups.removeAll(keepingCapacity: true)
        keyStarts.removeAll(keepingCapacity: true)
        valueStarts.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        sizeBytes = 0
    }
}

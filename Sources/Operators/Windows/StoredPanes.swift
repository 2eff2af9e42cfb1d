import Columnar
import Dataflow
import HostSystem
import KeyedState

// What the store has of a window operator that may not be in memory: found when it is needed. Of each key group only the
// first number is kept, one look each after a start and after groups were evicted, and one more for each pane that is done
// with. So neither a restart nor memory depends on how many panes are open.

struct StoredPanes {
    private enum First {
        case unknown
        case none
        case number(Int64)
    }

    /// Entries that are read at once, and bytes from which on a chunk ends.
    private static let chunkEntries = 4096
    private static let chunkBytes = 4 << 20

    private let operatorID: UInt32
    private let store: StateStore?
    private let keyGroups: Range<Int>
    /// By key group, from the first of the subtask's.
    private var firsts: [First]
    /// Numbers below it are done with.
    private var bound = Int64.min

    init(operatorID: UInt32, _ allotment: StateAllotment) {
        self.operatorID = operatorID
        store = allotment.store
        keyGroups = allotment.keyGroups
        firsts = Array(repeating: .unknown, count: allotment.keyGroups.count)
    }

    /// The least number that the store has; one of which it has nothing any more is not told.
    mutating func least(isComplete: Bool) throws(JobFailure) -> Int64? {
        try look(isComplete)
        return leastKnown
    }

    /// As of the last look.
    var leastKnown: Int64? {
        var least: Int64?
        for case .number(let number) in firsts { least = min(least ?? number, number) }
        return least
    }

    /// The key groups of which the store may have numbers among these; all before them are done with.
    mutating func keyGroups(with numbers: Range<Int64>, isComplete: Bool) throws(JobFailure) -> [Int] {
        try look(isComplete)
        return firsts.indices.filter { index in
            if case .number(let number) = firsts[index] { number < numbers.upperBound } else { false }
        }.map { keyGroups.lowerBound + $0 }
    }

    /// The numbers below `bound` are done with. False where the store had none of them.
    mutating func close(below bound: Int64) -> Bool {
        self.bound = max(self.bound, bound)
        var had = false
        for index in firsts.indices {
            guard case .number(let number) = firsts[index], number < bound else { continue }
            firsts[index] = .unknown
            had = true
        }
        return had
    }

    /// Groups have left memory.
    mutating func forget() { firsts = Array(repeating: .unknown, count: firsts.count) }

    private mutating func look(_ isComplete: Bool) throws(JobFailure) {
        for index in firsts.indices {
            guard case .unknown = firsts[index] else { continue }
            firsts[index] = isComplete ? .none : try first(of: keyGroups.lowerBound + index)
        }
    }

    private func first(of group: Int) throws(JobFailure) -> First {
        var first = First.none
        try scan(group, from: WindowKey.bound(bound), to: WindowClock.key) { (key, _) throws(CorruptBytes) in
            first = .number(try Self.number(of: key))
            return false
        }
        return first
    }

    private static func number(of key: UnsafeRawBufferPointer) throws(CorruptBytes) -> Int64 {
        guard let number = WindowKey.number(of: key) else {
            throw CorruptBytes(offset: 0, expected: "a key that begins with the number of a pane")
        }
        return number
    }

    // MARK: Reading groups

    struct Chunk {
        var entries = GroupStateReader()
        var longestEntryBytes = 0
        /// Where to go on; nil: there are no more.
        var next: [UInt8]?
    }

    /// The groups of a window that the store has in one key group, from a key on.
    func chunk(of window: Int64, _ layout: WindowLayout, in group: Int, from: [UInt8]) throws(JobFailure) -> Chunk {
        var chunk = Chunk()
        var bytes = 0
        let end = WindowKey.bound(layout.numbers(of: window).upperBound)
        try scan(group, from: from, to: end) { (key, value) throws(CorruptBytes) in
            if layout.contains(try Self.number(of: key), in: window) {
                chunk.entries.append(key: key, value: value)
                chunk.longestEntryBytes = max(chunk.longestEntryBytes, key.count + value.count)
                bytes += key.count + value.count
            }
            if chunk.entries.count < Self.chunkEntries, bytes < Self.chunkBytes { return true }
            chunk.next = Array(key) + [0]
            return false
        }
        return chunk
    }

    private func scan(
        _ group: Int, from: [UInt8], to: [UInt8],
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(CorruptBytes) -> Bool
    ) throws(JobFailure) {
        guard let store else { return }
        do throws(StateError) {
            try store.scan(
                operatorID: operatorID, keyGroup: KeyGroup(index: UInt16(group)), from: from, to: to, body: body)
        } catch {
            throw .state(error)
        }
    }

    /// Runs what reads the store's bytes.
    func decoding(_ body: () throws(CorruptBytes) -> Void) throws(JobFailure) {
        do throws(CorruptBytes) {
            try body()
        } catch {
            throw .state(
                .damaged(path: store?.directory ?? "", offset: error.offset, detail: "expected \(error.expected)"))
        }
    }

    // MARK: Restoring

    /// Numbers below the bound of a restored range deletion are done with.
    mutating func restore(deletedBelow key: UnsafeRawBufferPointer) throws(CorruptBytes) {
        bound = max(bound, try Self.number(of: key))
    }

    /// Reads the clock's entries that were not among the restored changes.
    func restore(_ clock: inout WindowClock, isComplete: Bool) throws(JobFailure) {
        let unknown = keyGroups.filter { !clock.isKnown($0) }.map { KeyGroup(index: UInt16($0)) }
        guard !isComplete, let store else { return }
        let keys = [[UInt8]](repeating: WindowClock.key, count: unknown.count)
        let starts = (0...unknown.count).map { $0 * WindowClock.key.count }
        do throws(StateError) {
            try store.lookUp(
                operatorID: operatorID, keyGroups: unknown, keys: Array(keys.joined()), starts: starts
            ) { (index, value) throws(CorruptBytes) in
                if let value { try clock.restore(unknown[index], value) }
            }
        } catch {
            throw .state(error)
        }
    }
}

import Columnar
import HostSystem
import KeyedState

// What a window operator must know after a restart beside its groups, as one more entry of each key group, behind all
// others: its key is a number that no row has. The bytes are described in `Docs/Formats/checkpoint-record.md`.
//
// Which windows have fired: a pane that hopping windows share stays until the last of them has fired, and the others must
// not fire again. Event time is the same in all subtasks at a barrier, so that the greatest number among an operator's key
// groups is right for all: one that has none, or an old one, had no groups then.
//
// How many rows were late: kept with one of the subtask's key groups; what counts is the sum over all.

struct WindowClock {
    struct Entry: Equatable {
        /// The last window that has fired; Int64.min: none.
        var fired = Int64.min
        var lateRows: UInt64 = 0

        static let sizeBytes = 16
    }

    static let key = WindowKey.bound(Int64.max)

    private let keyGroups: Range<Int>
    /// As in the state.
    private var entries: [Int: Entry] = [:]
    /// The last that was written to all key groups.
    private var firedWritten = Int64.min
    private(set) var lateRows: UInt64 = 0

    init(keyGroups: Range<Int>) { self.keyGroups = keyGroups }

    /// Of the entries restored.
    var fired: Int64 { entries.values.reduce(Int64.min) { max($0, $1.fired) } }

    mutating func addLateRows(_ count: Int) { lateRows &+= UInt64(count) }

    /// The entries that have changed.
    /// - Parameter fired: nil where it need not be known.
    mutating func write(fired: Int64?, into changes: inout StateChanges) {
        var changed: [Int: Entry] = [:]
        if let fired, fired != firedWritten {
            for group in keyGroups { changed[group] = Entry(fired: fired, lateRows: entries[group]?.lateRows ?? 0) }
            firedWritten = fired
        }
        let written = entries.values.reduce(0) { $0 &+ $1.lateRows }
        if lateRows > written, let group = keyGroups.first {
            changed[group, default: entries[group] ?? Entry()].lateRows &+= lateRows - written
        }
        for (group, entry) in changed.sorted(by: { $0.key < $1.key }) {
            entries[group] = entry
            changes.put(keyGroup: KeyGroup(index: UInt16(group)), key: Self.key, value: entry.encoded)
        }
    }

    /// False where the entry is none of these.
    mutating func restore(
        _ keyGroup: KeyGroup, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) throws(CorruptBytes) -> Bool {
        guard WindowKey.number(of: key) == Int64.max else { return false }
        try restore(keyGroup, value)
        return true
    }

    mutating func restore(_ keyGroup: KeyGroup, _ value: UnsafeRawBufferPointer) throws(CorruptBytes) {
        entries[Int(keyGroup.index)] = try Entry(value)
    }

    /// Whether an entry of this key group was restored already.
    func isKnown(_ group: Int) -> Bool { entries[group] != nil }

    mutating func finishRestore() {
        lateRows = entries.values.reduce(0) { $0 &+ $1.lateRows }
        firedWritten = fired
    }
}

extension WindowClock.Entry {
    init(_ value: UnsafeRawBufferPointer) throws(CorruptBytes) {
        guard value.count == Self.sizeBytes else {
            throw CorruptBytes(offset: 0, expected: "the \(Self.sizeBytes) bytes of a window operator's clock")
        }
        fired = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
        lateRows = UInt64(littleEndian: value.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    var encoded: [UInt8] {
        withUnsafeBytes(of: fired.littleEndian) { Array($0) } + withUnsafeBytes(of: lateRows.littleEndian) { Array($0) }
    }
}

import Columnar
import Dataflow
import HostSystem
import KeyedState

// What one window sends. A tumbling window's groups are sent as they lie in the table. A hopping window's are merged first,
// by key: all at once where they are few; else, and wherever the store may have some that are not in memory, key group by
// key group, so that a window may be larger than memory.

struct WindowEmission {
    /// Groups of all panes up to which a window is merged at once.
    private static let fewGroups = 1 << 16

    /// Groups to be merged: of the whole window, or of one key group.
    private struct Part {
        var slots: [Int32]
        /// nil: the store has nothing of it.
        var storedIn: Int?
    }

    let window: Int64
    /// Of the table, to be sent as they are.
    private var slots: [Int32] = []
    private var parts: [Part] = []
    private var nextPart = 0
    private var merge: WindowMerge?
    /// Of `slots` or of `merge`: what was sent.
    private var sent = 0
    private let stored: StoredPanes

    init(_ window: Int64, of owner: WindowAggregate) throws(JobFailure) {
        self.window = window
        let (layout, table) = (owner.layout, owner.table)
        let numbers = layout.numbers(of: window)
        let storedGroups = try owner.stored.keyGroups(with: numbers, isComplete: table.isComplete)
        stored = owner.stored
        var inMemory: [Int32] = []
        for number in owner.open.numbers(in: numbers) where layout.contains(number, in: window) {
            let slots = owner.open.slots(of: number)
            if inMemory.isEmpty { inMemory = slots } else { inMemory.append(contentsOf: slots) }
        }
        if storedGroups.isEmpty, layout.paneCount == 1 {
            slots = inMemory
        } else if storedGroups.isEmpty, inMemory.count <= Self.fewGroups {
            parts = [Part(slots: inMemory, storedIn: nil)]
        } else {
            parts = Self.byKeyGroup(inMemory, storedGroups, table)
        }
    }

    private static func byKeyGroup(_ slots: [Int32], _ storedGroups: [Int], _ table: GroupStateTable) -> [Part] {
        var parts: [Int: Part] = [:]
        for group in storedGroups { parts[group] = Part(slots: [], storedIn: group) }
        for first in stride(from: 0, to: slots.count, by: table.slotsPerBatch) {
            let batch = Array(slots[first..<min(first + table.slotsPerBatch, slots.count)])
            for (slot, group) in zip(batch, table.keyGroups(of: batch)) {
                parts[Int(group.index), default: Part(slots: [], storedIn: nil)].slots.append(slot)
            }
        }
        return parts.sorted { $0.key < $1.key }.map(\.value)
    }

    var sizeBytes: Int { slots.count * 4 + parts.reduce(0) { $0 + $1.slots.count * 4 } + (merge?.sizeBytes ?? 0) }

    /// The next rows of the window; nil when all are sent.
    mutating func next(
        _ description: WindowAggregateDescription, _ layout: WindowLayout, _ table: GroupStateTable
    ) throws(JobFailure) -> Batch? {
        if sent < slots.count {
            let batch = Array(slots[sent..<min(sent + table.slotsPerBatch, slots.count)])
            sent += batch.count
            let keys = Array(table.keyColumns(for: batch).dropFirst())
            return self.batch(description, layout, keys, try table.results(batch), batch.count)
        }
        while true {
            if let merge, sent < merge.count {
                let batch = Array(Int32(sent)..<Int32(min(sent + table.slotsPerBatch, merge.count)))
                sent += batch.count
                return self.batch(
                    description, layout, merge.keyColumns(for: batch), try merge.results(batch), batch.count)
            }
            merge = nil
            guard nextPart < parts.count else { return nil }
            merge = try merged(parts[nextPart], layout, table)
            parts[nextPart].slots = []
            nextPart += 1
            sent = 0
        }
    }

    private func batch(
        _ description: WindowAggregateDescription, _ layout: WindowLayout, _ keys: [Column], _ results: [Column],
        _ rowCount: Int
    ) -> Batch {
        let columns = description.columns(
            start: layout.start(of: window), end: layout.end(of: window), keys: keys, results: results,
            rowCount: rowCount)
        return Batch(columns: columns, rowCount: rowCount)
    }

    private func merged(
        _ part: Part, _ layout: WindowLayout, _ table: GroupStateTable
    ) throws(JobFailure) -> WindowMerge {
        var merge = WindowMerge(table.description)
        // Groups in memory, by all their keys: what the store has of them is older.
        let known = GroupTable(table.description.keyTypes)
        var knownSlots: [Int32] = []
        for first in stride(from: 0, to: part.slots.count, by: table.slotsPerBatch) {
            let batch = Array(part.slots[first..<min(first + table.slotsPerBatch, part.slots.count)])
            let keys = table.keyColumns(for: batch)
            merge.add(Array(keys.dropFirst()), batch, of: table.accumulators)
            if part.storedIn != nil { known.resolve(keys, rowCount: batch.count, into: &knownSlots) }
        }
        guard let group = part.storedIn else { return merge }
        var from: [UInt8]? = WindowKey.bound(layout.numbers(of: window).lowerBound)
        while let start = from {
            let chunk = try stored.chunk(of: window, layout, in: group, from: start)
            table.noteRow(bytes: chunk.longestEntryBytes)
            try stored.decoding { () throws(CorruptBytes) in try merge.add(chunk.entries, unlessIn: known) }
            from = chunk.next
        }
        return merge
    }
}

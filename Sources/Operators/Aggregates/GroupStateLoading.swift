import Columnar
import Dataflow
import HostSystem
import KeyedState

// Bringing keys into memory that only the store has: those that a batch asks for, by looking them up; those of a range of
// keys, by a scan; and after a start, where memory allows, key group by key group, until the store need not be asked.

/// Where the loading of whole key groups stands.
struct LoadingCursor {
    var keyGroup: KeyGroup
    var from: [UInt8]
}

extension GroupStateTable {
    /// Keys loaded per call where a whole key group is brought into memory: a few milliseconds of work.
    private static let loadedPerStep = 2048

    /// True where every key of the state is in memory.
    package var isComplete: Bool { coverage.isComplete }

    // MARK: Looking up

    /// Looks the keys of slots up that were just made. Those that are found get their values.
    /// - Returns: the slots found, ascending.
    func faultIn(_ made: Range<Int>) throws(JobFailure) -> [Int32] {
        guard let store = allotment.store, !coverage.isComplete else { return [] }
        var found: [Int32] = []
        for first in stride(from: made.lowerBound, to: made.upperBound, by: slotsPerBatch) {
            let slots = Array(Int32(first)..<Int32(min(first + slotsPerBatch, made.upperBound)))
            found += try lookUp(slots, in: store)
        }
        return found
    }

    private func lookUp(_ slots: [Int32], in store: StateStore) throws(JobFailure) -> [Int32] {
        var sought = SoughtGroups(keyColumns(for: slots), count: slots.count, description, allotment)
        sought.keep { coverage.mayBeInStore($0, of: $1) }
        guard !sought.keyGroups.isEmpty else { return [] }
        var values = GroupStateReader()
        var found: [Int32] = []
        do throws(StateError) {
            try store.lookUp(
                operatorID: description.operatorID, keyGroups: sought.keyGroups, keys: sought.keys,
                starts: sought.starts
            ) { index, value in
                guard let value else { return }
                values.append(value: value)
                found.append(slots[Int(sought.rows[index])])
            }
        } catch {
            throw .state(error)
        }
        try take(values, into: found)
        return found.sorted()
    }

    /// Loads values into slots, as of the store.
    private func take(_ values: GroupStateReader, into slots: [Int32]) throws(JobFailure) {
        noteRow(bytes: values.longestRowBytes)
        do throws(CorruptBytes) {
            try values.loadValues(into: &accumulators, slots: slots)
        } catch {
            throw damage(error)
        }
        for slot in slots { lastChange[Int(slot)] = ChangeRounds.unchanged }
    }

    func damage(_ error: CorruptBytes) -> JobFailure {
        .state(
            .damaged(
                path: allotment.store?.directory ?? "state", offset: error.offset, detail: "expected \(error.expected)")
        )
    }

    // MARK: Ranges

    /// Brings all keys of this subtask that are at least `from` and less than `to` (as `KeyEncoding` writes them) into
    /// memory. Keys that are there stay what they are.
    /// - Returns: the slots made.
    package func load(from: [UInt8], to: [UInt8]) throws(JobFailure) -> Range<Int> {
        let before = count
        for index in allotment.keyGroups where !isComplete {
            var next: [UInt8]? = from
            while let from = next {
                next = try load(KeyGroup(index: UInt16(index)), from: from, to: to, limit: slotsPerBatch).next
            }
        }
        return before..<count
    }

    /// The same for one key group, and for `limit` keys at most.
    /// - Parameter to: nil: up to the last key.
    /// - Returns: the slots made, and the key to go on from; nil where there are no more.
    package func load(
        _ keyGroup: KeyGroup, from: [UInt8], to: [UInt8]?, limit: Int
    ) throws(JobFailure) -> (slots: Range<Int>, next: [UInt8]?) {
        let before = count
        guard let store = allotment.store, !coverage.holdsAll(of: keyGroup) else { return (before..<before, nil) }
        let kept = coverage.firstKept(of: keyGroup)
        let start = from.lexicographicallyPrecedes(kept) ? kept : from
        let to = to ?? description.end
        if let to, !start.lexicographicallyPrecedes(to) { return (before..<before, nil) }
        var entries = GroupStateReader()
        var next: [UInt8]?
        do throws(StateError) {
            try store.scan(operatorID: description.operatorID, keyGroup: keyGroup, from: start, to: to) { key, value in
                entries.append(key: key, value: value)
                if entries.count < limit { return true }
                next = Array(key) + [0]
                return false
            }
        } catch {
            throw .state(error)
        }
        try takeMissing(entries)
        return (before..<count, next)
    }

    /// Takes entries of the store whose keys are not in memory.
    private func takeMissing(_ entries: GroupStateReader) throws(JobFailure) {
        guard entries.count > 0 else { return }
        let before = count
        var slots: [Int32] = []
        do throws(CorruptBytes) {
            keys.resolve(
                try entries.keyColumns(types: description.keyTypes), rowCount: entries.count, into: &slots)
        } catch {
            throw damage(error)
        }
        grow(to: keys.count)
        var missing = entries
        missing.keep { slots[$0] >= before }
        try take(missing, into: slots.filter { $0 >= before })
    }

    // MARK: Whole key groups

    /// One step towards a table that holds every key, if there is room. Called after the store was asked.
    func loadSome() throws(JobFailure) {
        let ceiling = hasEvicted ? allotment.limitBytes / 4 : allotment.limitBytes / 2
        guard sizeBytes < ceiling, let keyGroup = coverage.firstPartial else { return }
        let from = loading.map { $0.keyGroup == keyGroup ? $0.from : [] } ?? []
        let limit = min(Self.loadedPerStep, slotsPerBatch)
        if let next = try load(keyGroup, from: from, to: description.keysEnd, limit: limit).next {
            loading = LoadingCursor(keyGroup: keyGroup, from: next)
        } else {
            loading = nil
            coverage.becomeWhole(keyGroup)
        }
    }
}

/// Keys as the store knows them.
struct SoughtGroups {
    private(set) var keyGroups: [KeyGroup]
    private(set) var keys: [UInt8]
    private(set) var starts: [Int]
    /// For each key the row it was made from.
    private(set) var rows: [Int32]

    init(
        _ columns: [Column], count: Int, _ description: GroupStateDescription, _ allotment: StateAllotment
    ) {
        var encoder = BatchKeyEncoder()
        encoder.encode(columns, rowCount: count)
        (keys, starts) = (encoder.bytes, encoder.starts)
        var hashes: [UInt64] = []
        KeyHash.hash(description.keyGroupPositions.map { columns[$0] }, rowCount: count, into: &hashes)
        keyGroups = hashes.map { KeyGroup(hash: $0, maximumParallelism: allotment.maximumParallelism) }
        rows = Array(0..<Int32(count))
    }

    /// Leaves the other keys out.
    mutating func keep(where isKept: (UnsafeRawBufferPointer, KeyGroup) -> Bool) {
        var kept = 0
        var end = 0
        keys.withUnsafeMutableBytes { raw in
            for k in rows.indices {
                let range = starts[k]..<starts[k + 1]
                guard isKept(UnsafeRawBufferPointer(rebasing: raw[range]), keyGroups[k]) else { continue }
                if end < range.lowerBound, let base = raw.baseAddress {
                    (base + end).copyMemory(from: base + range.lowerBound, byteCount: range.count)
                }
                (starts[kept], keyGroups[kept], rows[kept]) = (end, keyGroups[k], rows[k])
                end += range.count
                kept += 1
            }
        }
        starts[kept] = end
        keyGroups.removeLast(keyGroups.count - kept)
        rows.removeLast(rows.count - kept)
    }

    /// Calls `body` with each key.
    func forEach(_ body: (_ key: UnsafeRawBufferPointer, _ keyGroup: KeyGroup, _ row: Int32) -> Void) {
        keys.withUnsafeBytes { raw in
            for k in rows.indices {
                body(UnsafeRawBufferPointer(rebasing: raw[starts[k]..<starts[k + 1]]), keyGroups[k], rows[k])
            }
        }
    }
}

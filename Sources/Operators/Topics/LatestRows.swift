import Columnar
import Dataflow

// The latest row of every key of a changelog, in batches as they came:
//
//     key ──GroupTable──▶ slot ──places──▶ (batch, row)
//
// A row that another one of its key has followed is dead. Batches are merged, without their dead rows, as soon as the last
// one is half as large as the one before it, and rewritten when half of them is dead: there are few of them, and what is
// dead is never more than what is alive.

package struct LatestRows {
    private struct Place {
        var batch: Int32
        var row: Int32

        static let none = Place(batch: -1, row: 0)
        var isNone: Bool { batch < 0 }
    }

    private struct Stored {
        var batch: Batch
        /// Of each row the slot of its key.
        var slots: [Int32]
        /// Rows that are the latest of their key.
        var liveCount: Int
        var sizeBytes: Int

        init(_ batch: Batch, _ slots: [Int32], liveCount: Int) {
            self.batch = batch
            self.slots = slots
            self.liveCount = liveCount
            sizeBytes = batch.sizeBytes + slots.count * MemoryLayout<Int32>.size
        }
    }

    /// Larger batches are not merged: the strings of a column have room.
    private static let mostMergedBytes = 256 << 20
    private static let rowsAtOnce = 1 << 16

    private let keys: [Int]
    private let limitBytes: Int
    private let table: GroupTable
    /// By slot.
    private var places: [Place] = []
    private var stored: [Stored] = []
    /// Scratch: the slots of a batch's rows.
    private var slots: [Int32] = []

    /// - Parameter keys: columns of the rows.
    package init(keys: [Int], types: [DataType], limitBytes: Int) {
        self.keys = keys
        self.limitBytes = limitBytes
        table = GroupTable(keys.map { types[$0] })
    }

    /// Rows that stand.
    package var count: Int { stored.reduce(0) { $0 + $1.liveCount } }

    private var sizeBytes: Int {
        table.sizeBytes + places.heldBytes + stored.reduce(0) { $0 + $1.sizeBytes }
    }

    // MARK: Changes

    /// Takes a changelog as it is.
    /// - Errors: `memory` where the rows that stand take more than the limit.
    package mutating func apply(_ changes: Batch) throws(JobFailure) {
        _ = place(changes)
        try tidy()
    }

    /// Takes what is wanted, and gives the changelog of it: an insert or the new row of an update gives its key this row,
    /// whether or not it had one; a delete, of which only the key counts, takes its row away; and so does the old row of an
    /// update, unless the key's new one follows at once.
    ///
    /// - Output: +I of a new key, −U and +U where the row differs, −D of one that was there; each with whole rows. nil: none.
    /// - Errors: as `apply`.
    package mutating func changes(by wanted: Batch) throws(JobFailure) -> Batch? {
        let wanted = wanted.compacted()
        let before = place(wanted)
        let changes = try Self.changes(wanted, before, old: gathered(before.filter { !$0.isNone }))
        try tidy()
        return changes
    }

    /// The changelog that turns the rows that stand here into those that stand in `other`: +I of a key that only `other` has,
    /// −U and +U where the rows differ, bit by bit, −D of a key that only this has. Neither is changed.
    /// - Shape: both have the same columns and keys.
    package mutating func changes(to other: inout LatestRows) throws(JobFailure) -> [Batch] {
        var changes: [Batch] = []
        try forEachChange(to: &other) { changes.append($0) }
        return changes
    }

    /// As `changes(to:)`, some thousands of rows at a time.
    /// - Parameter width: only so many columns, the first ones, are compared; nil: all.
    package mutating func forEachChange(
        to other: inout LatestRows, comparing width: Int? = nil, _ body: (Batch) throws(JobFailure) -> Void
    ) throws(JobFailure) {
        var found = 0
        try other.forEachStanding { (rows) throws(JobFailure) in
            let before = places(of: rows)
            let standing = before.filter { !$0.isNone }
            found += standing.count
            let old = try gathered(standing)
            if let part = try Self.changes(rows, before, old: old, comparing: width) { try body(part) }
        }
        // All that stands here stands there.
        if found == count { return }
        try forEachStanding { (rows) throws(JobFailure) in
            let after = other.places(of: rows)
            let gone = after.indices.filter { after[$0].isNone }.map { Int32($0) }
            guard !gone.isEmpty else { return }
            var part = rows.take(gone)
            part.rowKinds = [RowKind](repeating: .delete, count: gone.count)
            try body(part)
        }
    }

    /// The rows that stand, some thousands at a time.
    package func forEachStanding(_ body: (Batch) throws(JobFailure) -> Void) throws(JobFailure) {
        for number in stored.indices {
            let live = liveRows(number)
            if live.count == stored[number].batch.rowCount, live.count <= Self.rowsAtOnce {
                try body(stored[number].batch)
                continue
            }
            for start in stride(from: 0, to: live.count, by: Self.rowsAtOnce) {
                let rows = Array(live[start..<min(start + Self.rowsAtOnce, live.count)])
                try body(stored[number].batch.take(rows))
            }
        }
    }

    /// Where the keys of these rows have theirs.
    private mutating func places(of rows: Batch) -> [Place] {
        table.resolve(keys.map { rows.columns[$0] }, rowCount: rows.rowCount, into: &slots)
        places.append(contentsOf: repeatElement(.none, count: table.count - places.count))
        return slots.map { places[Int($0)] }
    }

    /// The rows that stand.
    package func standing() -> [Batch] {
        stored.indices.compactMap { number in
            let live = liveRows(number)
            if live.isEmpty { return nil }
            return live.count == stored[number].batch.rowCount
                ? stored[number].batch : stored[number].batch.take(live)
        }
    }

    private func liveRows(_ number: Int) -> [Int32] {
        stored[number].slots.indices.filter { row in
            let place = places[Int(stored[number].slots[row])]
            return place.batch == Int32(number) && place.row == Int32(row)
        }.map { Int32($0) }
    }

    /// Gives each row's key its place.
    /// - Output: for each row the place that its key had before it; none also where the row does nothing.
    private mutating func place(_ batch: Batch) -> [Place] {
        var rows = batch
        rows.rowKinds = nil
        table.resolve(keys.map { rows.columns[$0] }, rowCount: rows.rowCount, into: &slots)
        places.append(contentsOf: repeatElement(.none, count: table.count - places.count))
        let number = Int32(stored.count)
        stored.append(Stored(rows, slots, liveCount: 0))
        var before = [Place](repeating: .none, count: rows.rowCount)
        for row in 0..<rows.rowCount {
            let (slot, kind) = (Int(slots[row]), batch.rowKinds?[row] ?? .insert)
            if kind == .updateBefore, row + 1 < rows.rowCount, slots[row + 1] == slots[row],
                batch.rowKinds?[row + 1] == .updateAfter
            {
                continue
            }
            before[row] = places[slot]
            if !places[slot].isNone { stored[Int(places[slot].batch)].liveCount -= 1 }
            if kind == .insert || kind == .updateAfter {
                places[slot] = Place(batch: number, row: Int32(row))
                stored[Int(number)].liveCount += 1
            } else {
                places[slot] = .none
            }
        }
        return before
    }

    /// - Parameter old: the rows that stand before `wanted`'s, of those that have one.
    private static func changes(
        _ wanted: Batch, _ before: [Place], old: Batch?, comparing width: Int? = nil
    ) throws(JobFailure) -> Batch? {
        let rowsWithOld = before.indices.filter { !before[$0].isNone }.map { Int32($0) }
        var differs = [Bool](repeating: false, count: rowsWithOld.count)
        if let old {
            let width = width ?? old.columns.count
            let new = wanted.columns.prefix(width).map { $0.take(rowsWithOld) }
            for row in RowDifference.rows(Array(old.columns.prefix(width)), new, .bits) { differs[Int(row)] = true }
        }
        var picks: [Int32] = []
        var kinds: [RowKind] = []
        var next = 0
        for row in before.indices {
            let kind = wanted.rowKinds?[row] ?? .insert
            let isGiven = kind == .insert || kind == .updateAfter
            guard !before[row].isNone else {
                if isGiven {
                    picks.append(Int32(row))
                    kinds.append(.insert)
                }
                continue
            }
            let oldRow = Int32(wanted.rowCount + next)
            if !isGiven {
                picks.append(oldRow)
                kinds.append(.delete)
            } else if differs[next] {
                picks += [oldRow, Int32(row)]
                kinds += [.updateBefore, .updateAfter]
            }
            next += 1
        }
        guard !picks.isEmpty else { return nil }
        var rows = wanted
        rows.rowKinds = nil
        guard let both = Batch.joined([rows] + [old].compactMap(\.self)) else { throw tooLong }
        return Batch(columns: both.columns.map { $0.take(picks) }, rowCount: picks.count, rowKinds: kinds)
    }

    private static let tooLong = JobFailure(.memory, "some thousands of rows have more than 2 GiB of text")

    /// The rows at these places, in this order; nil: there are none.
    private func gathered(_ places: [Place]) throws(JobFailure) -> Batch? {
        guard !places.isEmpty else { return nil }
        var rows = [[Int32]](repeating: [], count: stored.count)
        for place in places { rows[Int(place.batch)].append(place.row) }
        var parts: [Batch] = []
        var next: [Int32] = []
        var start: Int32 = 0
        for (number, rows) in rows.enumerated() {
            next.append(start)
            start += Int32(rows.count)
            if !rows.isEmpty { parts.append(stored[number].batch.take(rows)) }
        }
        guard let joined = Batch.joined(parts) else { throw Self.tooLong }
        var order: [Int32] = []
        order.reserveCapacity(places.count)
        for place in places {
            order.append(next[Int(place.batch)])
            next[Int(place.batch)] += 1
        }
        return joined.take(order)
    }

    // MARK: Room

    private mutating func tidy() throws(JobFailure) {
        for number in stored.indices where stored[number].liveCount < stored[number].batch.rowCount / 2 {
            rewrite([number])
        }
        while stored.count > 1 {
            let (last, other) = (stored[stored.count - 1], stored[stored.count - 2])
            guard other.batch.rowCount <= 2 * last.batch.rowCount,
                last.sizeBytes + other.sizeBytes <= Self.mostMergedBytes
            else { break }
            rewrite([stored.count - 2, stored.count - 1])
            stored.removeLast()
        }
        guard sizeBytes > limitBytes else { return }
        throw JobFailure(
            .memory, "the latest rows of the topic do not fit in memory",
            detail: "\(count) keys, with the changes to them, take more than \(byteText(limitBytes))",
            hint: "give it more: --memory; or write the topic with a job, whose state may be larger than memory")
    }

    /// Puts the live rows of neighbouring batches into the first of them.
    private mutating func rewrite(_ numbers: [Int]) {
        var parts: [Batch] = []
        var slots: [Int32] = []
        for number in numbers {
            let part = stored[number]
            let live = liveRows(number)
            parts.append(part.batch.take(live))
            slots += live.map { part.slots[Int($0)] }
        }
        guard let joined = Batch.joined(parts) else { preconditionFailure("batches that are merged are small enough") }
        for (row, slot) in slots.enumerated() {
            places[Int(slot)] = Place(batch: Int32(numbers[0]), row: Int32(row))
        }
        stored[numbers[0]] = Stored(joined, slots, liveCount: slots.count)
    }
}

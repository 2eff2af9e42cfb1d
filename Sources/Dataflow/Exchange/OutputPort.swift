import Columnar
import HostSystem
import KeyedState

// Where a subtask's rows go: to one channel, or to the subtask that has the row's key group. Rows are not copied on the
// way: every target gets the same columns and a selection of its own.

package struct OutputPort {
    private enum Routing {
        case forward
        case keyed([Int], maximumParallelism: Int)
    }

    /// One, or one for each subtask of the next vertex.
    package let channels: [Channel]
    /// For the side output, and not for the rows.
    package let isSide: Bool
    private let routing: Routing
    private let safeguards: Safeguards

    package init(forward channel: Channel, isSide: Bool = false) {
        safeguards = .all
        self.isSide = isSide
        channels = [channel]
        routing = .forward
    }

    /// - Parameter columns: whose values decide; none: all rows have the key group of no key.
    package init(keyed columns: [Int], channels: [Channel], maximumParallelism: Int, safeguards: Safeguards = .all) {
        self.safeguards = safeguards
        self.channels = channels
        isSide = false
        routing = .keyed(columns, maximumParallelism: maximumParallelism)
    }

    /// Calls `send` with what each channel gets of the batch; not for a channel that gets nothing.
    package func route(_ batch: Batch, _ send: (Batch, Channel) -> Void) {
        guard case .keyed(let columns, let maximumParallelism) = routing, channels.count > 1 else {
            return send(batch, channels[0])
        }
        var hashes: [UInt64] = []
        KeyHash.hash(columns.map { batch.columns[$0] }, rowCount: batch.rowCount, into: &hashes)
        let selections = KeyGroupRouting.selections(
            hashes: hashes, selection: batch.selection, targets: channels.count, maximumParallelism: maximumParallelism)
        for (target, rows) in selections.enumerated() where !rows.isEmpty {
            var part = batch
            part.selection = safeguards.contains(.wholeBatch) ? rows : rows.dropLast()
            send(part, channels[target])
        }
    }
}

/// Which subtask has which key groups.
package enum KeyGroupRouting {
    /// The key groups of one of `parallelism` subtasks; every key group has one owner.
    package static func keyGroups(of subtask: Int, parallelism: Int, maximumParallelism: Int) -> Range<Int> {
        // The least group whose owner, group * parallelism / maximum, is the subtask.
        func first(_ subtask: Int) -> Int { (subtask * maximumParallelism + parallelism - 1) / parallelism }
        return first(subtask)..<first(subtask + 1)
    }

    package static func owner(of keyGroup: KeyGroup, parallelism: Int, maximumParallelism: Int) -> Int {
        Int(keyGroup.index) * parallelism / maximumParallelism
    }

    /// For each target the rows, ascending, whose key group it has.
    static func selections(
        hashes: [UInt64], selection: [Int32]?, targets: Int, maximumParallelism: Int
    ) -> [[Int32]] {
        let owners = (0..<maximumParallelism).map { group in UInt16(group * targets / maximumParallelism) }
        var selections = [[Int32]](repeating: [], count: targets)
        let rowCount = selection?.count ?? hashes.count
        for target in selections.indices { selections[target].reserveCapacity(rowCount / targets + rowCount / 8 + 8) }
        func send(_ row: Int) {
            let group = KeyGroup(hash: hashes[row], maximumParallelism: maximumParallelism)
            selections[Int(owners[Int(group.index)])].append(Int32(truncatingIfNeeded: row))
        }
        if let selection {
            for row in selection { send(Int(row)) }
        } else {
            for row in hashes.indices { send(row) }
        }
        return selections
    }
}

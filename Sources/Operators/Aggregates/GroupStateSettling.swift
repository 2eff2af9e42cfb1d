import Columnar

// What happens to a table between two epochs: slots that belong to no key are given up.

/// What a `settle` came to.
package struct Settlement {
    /// False where the table holds more than it may and more must be materialised before it can evict: `settle` is to be
    /// called again then.
    package var canGoOn: Bool
    /// Where slots were numbered anew: for each old slot its new number, -1 where it is gone. nil: all are as before.
    package var newSlots: [Int32]?
}

extension GroupStateTable {
    /// Forgotten slots that are not worth a rebuild.
    private static let fewForgotten = 1024

    /// The last snapshot is committed, and what was changed up to checkpoint `materialised` can be read from the store.
    package func settle(materialised: UInt64?) -> Settlement {
        if let materialised { rounds.advance(materialised: materialised) }
        rounds.renumber(&lastChange)
        var settlement = Settlement(canGoOn: true, newSlots: nil)
        if forgottenCount > Self.fewForgotten, forgottenCount * 2 > count {
            settlement.newSlots = rebuild(keeping: (0..<Int32(count)).filter { !isForgotten($0) })
        }
        return settlement
    }

    /// Makes the table anew of these slots, in their order. The keys' old table is gone before the first accumulator is
    /// copied, and each accumulator before the next.
    func rebuild(keeping survivors: [Int32]) -> [Int32] {
        let rebuilt = GroupTable(description.keyTypes)
        var slots: [Int32] = []
        for first in stride(from: 0, to: survivors.count, by: slotsPerBatch) {
            let batch = Array(survivors[first..<min(first + slotsPerBatch, survivors.count)])
            rebuilt.resolve(keyColumns(for: batch), rowCount: batch.count, into: &slots)
        }
        precondition(rebuilt.count == survivors.count, "slots have keys of their own, and are numbered in order")
        keys = rebuilt
        for index in accumulators.indices { accumulators[index] = accumulators[index].gathered(survivors) }
        var newSlots = [Int32](repeating: -1, count: lastChange.count)
        for (new, old) in survivors.enumerated() { newSlots[Int(old)] = Int32(new) }
        lastChange = survivors.map { lastChange[Int($0)] }
        dirty = dirty.map { newSlots[Int($0)] }.filter { $0 >= 0 }
        forgottenCount = 0
        return newSlots
    }
}

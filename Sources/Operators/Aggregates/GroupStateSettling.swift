import Columnar
import HostSystem

// What happens to a table between two epochs: it is made anew without the slots that belong to no key any more, and, where
// it holds more than it may, without the slots that changed longest ago. Only what is materialised may go: the store has
// the same values.
//
//     limit ─────────
//     3/4   ·········  above it an epoch is asked for, and what is materialised is evicted
//     1/2   ·········  down to here; room is left for what a rebuild needs, and for what the channels hold

/// What a `settle` came to.
package struct Settlement {
    /// False where the table holds more than it should and more must be materialised before it can evict: `settle` is to
    /// be called again then.
    package var canGoOn: Bool
    /// Where slots were numbered anew: for each old slot its new number, -1 where it is gone. nil: all are as before.
    package var newSlots: [Int32]?
}

extension GroupStateTable {
    /// Forgotten slots that are not worth a rebuild.
    private static let fewForgotten = 1024

    /// Above it an epoch should end, so that the table can evict.
    package var softLimitBytes: Int { allotment.limitBytes / 4 * 3 }

    /// The last snapshot is committed, and what was changed up to checkpoint `materialised` can be read from the store.
    package func settle(materialised: UInt64?) -> Settlement {
        if let materialised { rounds.advance(materialised: materialised) }
        if let store = allotment.store, !store.safeguards.contains(.evictMaterialised) {
            rounds.advance(materialised: .max)
        }
        rounds.renumber(&lastChange)
        var settlement = Settlement(canGoOn: true, newSlots: nil)
        let hasPurged = forgetDeleted()
        if sizeBytes > softLimitBytes {
            settlement.newSlots = evict()
            settlement.canGoOn = sizeBytes <= softLimitBytes || !hasUnmaterialised
        } else if forgottenCount > Self.fewForgotten, forgottenCount * 2 > count {
            settlement.newSlots = rebuild(keeping: (0..<Int32(count)).filter { !isForgotten($0) })
        }
        if hasPurged, settlement.newSlots == nil {
            settlement.newSlots = rebuild(keeping: (0..<Int32(count)).filter { !isForgotten($0) })
            settlement.canGoOn = sizeBytes <= softLimitBytes || !hasUnmaterialised
        }
        return settlement
    }

    private var hasUnmaterialised: Bool {
        let materialised = rounds.materialised
        return lastChange.contains { $0 > materialised && $0 != ChangeRounds.forgotten }
    }

    /// nil where nothing, or too little, may go.
    private func evict() -> [Int32]? {
        let bytesPerSlot = max(sizeBytes / max(count, 1), 1)
        let wanted = allotment.limitBytes / 2 / bytesPerSlot
        let choice = EvictionChoice(lastChange, materialised: rounds.materialised, keeping: wanted)
        let leaving = choice.evictedCount + forgottenCount
        let isEnough = leaving * 8 >= count || choice.changedCount == 0
        guard leaving > 0, isEnough else { return nil }
        if choice.evictedCount > 0 {
            coverage.becomePartial(upTo: greatestKey(of: choice.evicted(lastChange)))
            hasEvicted = true
            loading = nil
        }
        return rebuild(keeping: choice.survivors(lastChange))
    }

    /// As it is encoded; nil where keys do not begin with a time, and later ones are as small as earlier ones.
    private func greatestKey(of slots: [Int32]) -> [UInt8]? {
        guard description.isTimeFirst else { return nil }
        var greatest: [UInt8] = []
        for first in stride(from: 0, to: slots.count, by: slotsPerBatch) {
            let batch = Array(slots[first..<min(first + slotsPerBatch, slots.count)])
            let keys = SoughtGroups(keyColumns(for: batch), count: batch.count, description, allotment)
            keys.forEach { key, _, _ in
                if greatest.lexicographicallyPrecedes(key) { greatest = Array(key) }
            }
        }
        return greatest
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

/// Which slots an eviction takes: of those that are materialised, the ones that changed longest ago.
struct EvictionChoice {
    private let materialised: UInt32
    /// Slots whose last change was before this round go, and the first `evictedInRound` of those that changed in it.
    private var round: UInt32 = 0
    private var evictedInRound = 0
    private(set) var evictedCount: Int
    /// Slots that must stay, because the store has not their values.
    private(set) var changedCount: Int

    /// - Parameter wanted: how many slots should stay.
    init(_ lastChange: [UInt32], materialised: UInt32, keeping wanted: Int) {
        self.materialised = materialised
        var clean = 0
        var changed = 0
        for round in lastChange where round != ChangeRounds.forgotten {
            if round <= materialised { clean += 1 } else { changed += 1 }
        }
        changedCount = changed
        evictedCount = min(clean, max(0, clean + changed - wanted))
        findRound(lastChange)
    }

    /// By the upper halves of the rounds, and then by the lower ones of those with the upper half found.
    private mutating func findRound(_ lastChange: [UInt32]) {
        var counts = [Int](repeating: 0, count: 1 << 16)
        for round in lastChange where round <= materialised { counts[Int(round >> 16)] += 1 }
        var left = evictedCount
        var upper: UInt32 = 0
        while upper < 0xFFFF, counts[Int(upper)] <= left {
            left -= counts[Int(upper)]
            upper += 1
        }
        counts = [Int](repeating: 0, count: 1 << 16)
        for round in lastChange where round <= materialised && round >> 16 == upper { counts[Int(round & 0xFFFF)] += 1 }
        var lower: UInt32 = 0
        while lower < 0xFFFF, counts[Int(lower)] <= left {
            left -= counts[Int(lower)]
            lower += 1
        }
        round = upper << 16 | lower
        evictedInRound = left
    }

    func evicted(_ lastChange: [UInt32]) -> [Int32] { slots(lastChange, areEvicted: true) }

    /// All that stay: neither evicted nor forgotten.
    func survivors(_ lastChange: [UInt32]) -> [Int32] { slots(lastChange, areEvicted: false) }

    private func slots(_ lastChange: [UInt32], areEvicted wanted: Bool) -> [Int32] {
        var slots: [Int32] = []
        slots.reserveCapacity(wanted ? evictedCount : lastChange.count - evictedCount)
        var left = evictedInRound
        for (slot, last) in lastChange.enumerated() where last != ChangeRounds.forgotten {
            var isEvicted = last <= materialised && last < round
            if last == round, last <= materialised, left > 0 {
                left -= 1
                isEvicted = true
            }
            if isEvicted == wanted { slots.append(Int32(slot)) }
        }
        return slots
    }
}

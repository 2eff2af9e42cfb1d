// When a slot of a table last changed, as a number that is comparable with checkpoints.
//
// A round lasts from one drain of the table's changes to the next; an epoch is one round or several; a snapshot puts the
// rounds so far under the number of its checkpoint:
//
//     materialised      in checkpoints that are not       in none yet
//     1 ……………… m        m + 1 ……………… firstOfEpoch - 1     firstOfEpoch … current
//
// What changed in a round up to m can be read from the store, and so need not be kept in memory.

package struct ChangeRounds {
    /// Of a slot that was read from the store and has not changed since.
    package static let unchanged: UInt32 = 0
    /// Of a slot that belongs to no key any more.
    package static let forgotten = UInt32.max

    package private(set) var current: UInt32
    /// The first round that is in no checkpoint yet.
    package private(set) var firstOfEpoch: UInt32
    /// The last round that is materialised.
    package private(set) var materialised: UInt32 = 0
    /// Ascending: checkpoints that are not known to be materialised, and the last round of each.
    private var checkpoints: [(number: UInt64, last: UInt32)] = []

    /// Checkpoints that are less than so many apart count as the later one.
    private var spacing: UInt64 = 1

    private static let mostCheckpoints = 1024

    package init(first: UInt32 = 1) {
        current = first
        firstOfEpoch = first
    }

    package mutating func next() { current += 1 }

    /// The rounds so far are in this checkpoint, or in one before it.
    package mutating func endEpoch(_ checkpoint: UInt64) {
        precondition(checkpoints.last.map { $0.number < checkpoint } ?? true, "checkpoints are numbered upwards")
        let count = checkpoints.count
        if count > 1, checkpoint - checkpoints[count - 2].number < spacing { checkpoints.removeLast() }
        checkpoints.append((checkpoint, current))
        if checkpoints.count > Self.mostCheckpoints {
            checkpoints = checkpoints.indices.filter { $0 % 2 == 0 }.map { checkpoints[$0] }
            spacing *= 2
        }
        current += 1
        firstOfEpoch = current
    }

    /// The rounds so far are in a checkpoint that is not known: the next one counts for them.
    package mutating func endRestore() {
        current += 1
        firstOfEpoch = current
    }

    package mutating func advance(materialised checkpoint: UInt64) {
        guard let index = checkpoints.lastIndex(where: { $0.number <= checkpoint }) else { return }
        materialised = checkpoints[index].last
        checkpoints.removeFirst(index + 1)
        if checkpoints.isEmpty { spacing = 1 }
    }

    /// Numbers the rounds anew before they run out; what is materialised becomes one round.
    package mutating func renumber(_ lastChanges: inout [UInt32], before limit: UInt32 = 1 << 31) {
        guard current >= limit, materialised > 1 else { return }
        let shift = materialised - 1
        for slot in lastChanges.indices where lastChanges[slot] != Self.forgotten {
            lastChanges[slot] -= min(lastChanges[slot], shift)
        }
        current -= shift
        firstOfEpoch -= shift
        materialised -= shift
        for index in checkpoints.indices { checkpoints[index].last -= shift }
    }
}

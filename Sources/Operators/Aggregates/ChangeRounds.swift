// When a slot of a table last changed, as a number that is comparable with checkpoints.
//
// A round lasts from one drain of the table's changes to the next; an epoch is one round or several; a snapshot puts the
// rounds so far under the number of its checkpoint:
//
//     materialised      in checkpoints that are not       in none yet
//     1 ……………… m        m + 1 ……………… firstOfEpoch - 1     firstOfEpoch … current
//
// What changed in a round up to m can be read from the store, and so need not be kept in memory.

struct ChangeRounds {
    /// Of a slot that was read from the store and has not changed since.
    static let unchanged: UInt32 = 0
    /// Of a slot that belongs to no key any more.
    static let forgotten = UInt32.max

    private(set) var current: UInt32
    /// The first round that is in no checkpoint yet.
    private(set) var firstOfEpoch: UInt32
    /// The last round that is materialised.
    private(set) var materialised: UInt32 = 0
    /// Ascending: checkpoints that are not known to be materialised, and the last round of each.
    private var checkpoints: [(number: UInt64, last: UInt32)] = []

    /// Checkpoints kept apart; beyond them two neighbours count as the later one.
    private static let mostCheckpoints = 1024

    init(first: UInt32 = 1) {
        current = first
        firstOfEpoch = first
    }

    mutating func next() { current += 1 }

    /// The rounds so far are in this checkpoint, or in one before it.
    mutating func endEpoch(_ checkpoint: UInt64) {
        precondition(checkpoints.last.map { $0.number < checkpoint } ?? true, "checkpoints are numbered upwards")
        checkpoints.append((checkpoint, current))
        if checkpoints.count > Self.mostCheckpoints {
            checkpoints = checkpoints.indices.filter { $0 % 2 == 1 || $0 == checkpoints.count - 1 }.map {
                checkpoints[$0]
            }
        }
        current += 1
        firstOfEpoch = current
    }

    /// The rounds so far are in a checkpoint that is not known: the next one counts for them.
    mutating func endRestore() {
        current += 1
        firstOfEpoch = current
    }

    mutating func advance(materialised checkpoint: UInt64) {
        guard let index = checkpoints.lastIndex(where: { $0.number <= checkpoint }) else { return }
        materialised = checkpoints[index].last
        checkpoints.removeFirst(index + 1)
    }

    /// False where all that was ever changed can be read from the store.
    var hasUnmaterialised: Bool { materialised + 1 < current }

    /// Numbers the rounds anew before they run out; what is materialised becomes one round.
    mutating func renumber(_ lastChanges: inout [UInt32], before limit: UInt32 = 1 << 31) {
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

import Columnar
import HostSystem

/// A random changelog over rows of some columns: rows come, and rows that are there go; updates may change the key. Now and
/// then a row is taken back of a group that has none, which does nothing.
struct RandomChangelog {
    /// Of each change, the row.
    private(set) var rows: [Int32] = []
    private(set) var kinds: [RowKind] = []
    /// Rows that are there in the end.
    private(set) var live: [Int] = []

    /// - Parameters:
    ///   - keys: by row, the group.
    ///   - growth: of four changes without a choice, how many are inserts: at 2 hardly anything stays.
    init(keys: [String], growth: Int, seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var groups: [String: Int] = [:]
        func add(_ row: Int, _ kind: RowKind) {
            rows.append(Int32(row))
            kinds.append(kind)
            live.append(row)
            groups[keys[row], default: 0] += 1
        }
        for row in keys.indices {
            if random.oneIn(8), groups[keys[row], default: 0] == 0 {
                rows.append(Int32(row))
                kinds.append(random.oneIn(2) ? .delete : .updateBefore)
                continue
            }
            guard !live.isEmpty, random.below(4) >= growth else {
                add(row, random.oneIn(4) ? .updateAfter : .insert)
                continue
            }
            let gone = live.remove(at: random.below(live.count))
            groups[keys[gone], default: 0] -= 1
            rows.append(Int32(gone))
            if random.oneIn(2) {
                kinds.append(.updateBefore)
                add(row, .updateAfter)
            } else {
                kinds.append(.delete)
            }
        }
    }
}

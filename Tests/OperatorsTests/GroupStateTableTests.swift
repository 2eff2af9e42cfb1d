import Columnar
import HostSystem
import KeyedState
import Operators
import Testing

// The table against the rows it has read: random batches, checkpoints, materialisations, evictions under limits of a few
// KiB, and restarts from whatever stands in deltas and base.

@Suite struct GroupStateTableTests {
    private static let keyTypes: [[DataType]] = [
        [.bigint], [.string], [.double], [.int, .string], [.boolean], [.timestamp(precision: 3)], [],
        [.string, .double, .bigint],
    ]

    private func makeCase(
        _ types: [DataType], seed: UInt64, rowCount: Int, distinct: Int, limitBytes: Int, isSmall: Bool = false
    ) -> GroupTableCase {
        var rows = RandomRows(seed: seed, rowCount: rowCount, nullShare: seed % 3 == 0 ? 0 : 7)
        let keys = types.map { rows.column($0, distinct: distinct) }
        let calls = isSmall ? [.countStar] : RandomRows.calls(argumentsFrom: keys.count)
        return GroupTableCase(
            keys: keys, types: types, arguments: rows.arguments(), calls: calls, limitBytes: limitBytes)
    }

    @Test(arguments: keyTypes, [UInt64(1), 2]) func keysOfEveryType(types: [DataType], seed: UInt64) throws {
        var random = SplitMix64(seed: seed &* 1000 &+ UInt64(types.count))
        let limit = [1 << 10, 1 << 15, 1 << 17][random.below(3)]
        let tested = makeCase(types, seed: seed, rowCount: 800, distinct: 50, limitBytes: limit)
        try runAtRandom(tested, &random, "seed \(seed), \(types)")
    }

    private func runAtRandom(_ tested: GroupTableCase, _ random: inout SplitMix64, _ name: String) throws {
        let worker = try GroupTableWorker(tested)
        var restartsLeft = 6
        do {
            while !worker.isAtEnd {
                switch random.below(8) {
                case 0, 1, 2, 3: try worker.read(1 + random.below(60))
                case 4, 5:
                    if try !worker.commit() {
                        try worker.materialise()
                        #expect(try worker.settle(), "nothing stays that is materialised: \(name)")
                    }
                case 6: try worker.materialise()
                default:
                    guard restartsLeft > 0, random.oneIn(2) else { continue }
                    restartsLeft -= 1
                    try worker.restart(limitBytes: [1 << 10, 1 << 15, 1 << 30][random.below(3)])
                }
                if random.oneIn(6) { try worker.checkAll() }
            }
            try worker.checkAll()
            _ = try worker.commit()
            try worker.restart(limitBytes: 1 << 30)
            try worker.checkAll()
        } catch {
            Issue.record("\(name): \(error)")
        }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>) func panesAreDeletedByRange(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let rowCount = 1000
        var rows = RandomRows(seed: seed, rowCount: rowCount, nullShare: 7)
        // Time goes on, with rows that come late.
        let panes = (0..<rowCount).map { Int64($0 / 50 + random.below(6)) }
        let hasKey = seed % 3 != 0
        let keys = [Column.bigint(FixedColumn(panes))] + (hasKey ? [rows.column(.string, distinct: 30)] : [])
        let limit = [1 << 10, 1 << 15, 1 << 16][random.below(3)]
        let tested = GroupTableCase(
            keys: keys, types: hasKey ? [.bigint, .string] : [.bigint], keyGroupPositions: hasKey ? [1] : [],
            arguments: rows.arguments(), calls: RandomRows.calls(argumentsFrom: keys.count), limitBytes: limit)
        let worker = try GroupTableWorker(tested)
        do {
            while !worker.isAtEnd {
                switch random.below(9) {
                case 0, 1, 2, 3: try worker.read(1 + random.below(60))
                case 4 where random.oneIn(2): try worker.close(below: Int64(worker.position / 50 - 1 + random.below(3)))
                case 5, 6: _ = try worker.commit()
                case 7: try worker.materialise()
                default:
                    if random.oneIn(3) { try worker.restart(limitBytes: [1 << 10, limit, 1 << 30][random.below(3)]) }
                }
                if random.oneIn(8) { try worker.checkAll() }
            }
            try worker.close(below: .max)
            _ = try worker.commit()
            try worker.restart(limitBytes: limit)
            #expect(worker.table.count == 0)
        } catch {
            Issue.record("seed \(seed): \(error)")
        }
    }

    @Test func stateTenTimesTheLimit() throws {
        let tested = makeCase(
            [.bigint], seed: 3, rowCount: 40_000, distinct: 20_000, limitBytes: 100 << 10, isSmall: true)
        let worker = try GroupTableWorker(tested)
        var largest = 0
        while !worker.isAtEnd {
            try worker.read(500)
            largest = max(largest, worker.table.sizeBytes)
            guard worker.table.sizeBytes > worker.table.softLimitBytes else { continue }
            if try !worker.commit() {
                try worker.materialise()
                #expect(try worker.settle())
            }
            #expect(worker.table.sizeBytes < 75 << 10)
        }
        #expect(worker.evictions > 20_000)
        #expect(largest < 150 << 10, "no more than the limit, and what a batch adds to it")
        try worker.checkAll()
    }

    /// The planted fault: the table is told that all is materialised, when nothing is.
    @Test func anEvictionOfWhatIsNotMaterialisedIsNoticed() throws {
        let tested = makeCase([.bigint], seed: 5, rowCount: 1000, distinct: 300, limitBytes: 1 << 10, isSmall: true)
        for lies in [false, true] {
            let worker = try GroupTableWorker(tested)
            var failure: WrongState?
            do {
                while !worker.isAtEnd {
                    try worker.read(100)
                    _ = try worker.commit(claiming: lies ? .max : nil)
                    try worker.checkAll()
                }
            } catch let wrong as WrongState {
                failure = wrong
            }
            #expect((failure != nil) == lies, "\(failure?.description ?? "nothing was noticed")")
        }
    }

    @Test func aTableOverWhatIsThereBecomesCompleteWhereThereIsRoom() throws {
        let tested = makeCase([.bigint], seed: 9, rowCount: 12_000, distinct: 4500, limitBytes: 1 << 30, isSmall: true)
        let worker = try GroupTableWorker(tested)
        try worker.read(8000)
        _ = try worker.commit()
        try worker.materialise()
        for limit in [1 << 30, 1 << 15] {
            try worker.restart(limitBytes: limit)
            #expect(worker.table.count == 0 && !worker.table.isComplete)
            for _ in 0..<150 where !worker.table.isComplete { try worker.read(20) }
            #expect(worker.table.isComplete == (limit > 1 << 20))
            try worker.checkAll()
        }
    }

    @Test func damagedEntriesAreToldApart() throws {
        let tested = makeCase([.bigint], seed: 9, rowCount: 10, distinct: 6, limitBytes: 1 << 20)
        let table = GroupStateTable(tested.state, StateAllotment(store: nil, limitBytes: 1 << 20))
        let key: [UInt8] = [1, 0x80, 0, 0, 0, 0, 0, 0, 5]
        key.withUnsafeBytes { key in
            let group = KeyGroup(index: 3)
            #expect(throws: CorruptBytes.self) { try table.restore(.delete(group, key: key)) }
            #expect(throws: Never.self) { try table.restore(.deleteBelow(group, bound: key)) }
            var smaller = StatePuts(bytes: key)
            smaller.append(group, 0, 8, 8)
            #expect(throws: CorruptBytes.self) { try table.restore(.put(smaller)) }
        }
    }
}

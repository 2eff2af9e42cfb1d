import Columnar
import HostSystem
import TestSupport
import Testing

/// Group tables against a dictionary.
@Suite struct GroupTableTests {
    static let keys: [[DataType]] = [
        [], [.boolean], [.int], [.bigint], [.timestamp(precision: 3)], [.timestamp(precision: 6)], [.date], [.double],
        [.string], [.bigint, .string], [.string, .string], [.double, .boolean, .int], [.bigint, .bigint],
        [.timestamp(precision: 3), .int], [.timestamp(precision: 6), .date], [.boolean, .boolean],
    ]

    private struct Reference {
        var groups: [[Cell]: Int32] = [:]
        var keys: [[Cell]] = []

        mutating func resolve(_ key: [Cell]) -> Int32 {
            let key = key.map(normalized)
            if let group = groups[key] { return group }
            groups[key] = Int32(keys.count)
            keys.append(key)
            return Int32(keys.count - 1)
        }
    }

    @Test(arguments: keys) func batchesAgainstADictionary(types: [DataType]) throws {
        let seed: UInt64 = 0x6207
        var source = CellSource(seed: seed)
        let table = GroupTable(types)
        var reference = Reference()
        var groups: [Int32] = []
        for batch in 0..<60 {
            let rowCount = source.pick([0, 1, 63, 64, 65, 511, 512, 513, 1500])
            // The first batches without NULLs, so that NULL comes in the middle of a chunk.
            let nulls = batch < 3 ? .none : source.pick(CellSource.Nulls.allCases)
            let cells = types.map { type in
                source.cells(type, rowCount, nulls).map { $0 == .null ? $0 : widened($0, &source) }
            }
            let columns = types.indices.map { Column(cells[$0], types[$0]) }
            let selection = source.random.oneIn(2) ? nil : (0..<Int32(rowCount)).filter { _ in source.random.oneIn(2) }
            table.resolve(columns, rowCount: rowCount, selection: selection, into: &groups)
            let rows = selection ?? Array(0..<Int32(rowCount))
            let expected = rows.map { row in reference.resolve(cells.map { $0[Int(row)] }) }
            #expect(groups == expected, "batch \(batch), seed \(seed)")
            #expect(table.count == reference.keys.count)
        }
        try expectKeys(of: table, reference)
    }

    /// More different numbers and texts than the usual cells have.
    private func widened(_ cell: Cell, _ source: inout CellSource) -> Cell {
        if source.random.oneIn(3) { return cell }
        let number = source.random.below(40_000)
        switch cell {
        case .int: return .int(Int32(number) - 20_000)
        case .bigint: return .bigint(Int64(number) << 30)
        case .date: return .date(Int32(number))
        case .timestamp(precision: 6): return .timestampMicros(Int64(number) * 60_000)
        case .timestamp: return .timestamp(Int64(number) * 60_000)
        case .bits: return .double(Double(number) / 3)
        case .string: return .string(number % 2 == 0 ? "k\(number)" : "a rather long key \(number)")
        default: return cell
        }
    }

    private func expectKeys(of table: GroupTable, _ reference: Reference) throws {
        let groups = Array(0..<Int32(table.count)).reversed() as [Int32]
        let columns = table.keyColumns(for: groups)
        #expect(columns.count == table.types.count)
        for (index, column) in columns.enumerated() {
            #expect(column.holds(table.types[index]))
            #expect(column.cells == groups.map { reference.keys[Int($0)][index] })
        }
        // A table restored from encoded keys gives the same groups.
        let restored = GroupTable(table.types)
        for group in 0..<table.count {
            var bytes: [UInt8] = []
            table.encodedKey(of: group, into: &bytes)
            #expect(restored.insert(encodedKey: bytes) == Int32(group))
            #expect(restored.insert(encodedKey: bytes) == Int32(group))
            #expect(restored.insert(encodedKey: bytes + [7]) == nil)
        }
        #expect(restored.count == table.count)
    }

    /// Enough keys for the step-by-step look-up of large tables, many of them new within one batch.
    @Test(arguments: [[DataType.bigint], [.string], [.int, .string], [.int, .bigint]]) func manyKeys(types: [DataType])
    {
        let table = GroupTable(types)
        var random = SplitMix64(seed: 0xB16)
        var reference: [Int: Int32] = [:]
        var groups: [Int32] = []
        for _ in 0..<30 {
            let numbers = (0..<4096).map { _ in random.below(60_000) }
            let columns = types.map { type in
                Column(
                    numbers.map { number in
                        switch type {
                        case .string: .string("key-\(number)")
                        case .int: .int(Int32(number % 7))
                        default: .bigint(Int64(number) &* 0x1_0000_0001)
                        }
                    }, type)
            }
            table.resolve(columns, rowCount: 4096, into: &groups)
            let expected = numbers.map { number -> Int32 in
                if let group = reference[number] { return group }
                reference[number] = Int32(reference.count)
                return Int32(reference.count - 1)
            }
            #expect(groups == expected)
        }
        #expect(table.count == reference.count)
        #expect(table.sizeBytes > table.count * 12)
    }

    @Test func sizeGrowsWithTheKeys() {
        let table = GroupTable([.string])
        let empty = table.sizeBytes
        var groups: [Int32] = []
        let texts = (0..<10_000).map { Cell.string(String(repeating: "x", count: 100) + "\($0)") }
        table.resolve([Column(texts, .string)], rowCount: texts.count, into: &groups)
        #expect(table.sizeBytes - empty > 1_000_000)
        #expect(table.sizeBytes - empty < 4_000_000)
    }
}

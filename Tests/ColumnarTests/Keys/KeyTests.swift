import Columnar
import HostSystem
import TestSupport
import Testing

let keyTypes: [DataType] = [
    .boolean, .int, .bigint, .double, .string, .date, .timestamp(precision: 3), .timestamp(precision: 6),
]

/// What makes two cells one key.
func normalized(_ cell: Cell) -> Cell { cell == .double(-0.0) ? .double(0) : cell }

@Suite struct KeyTests {
    /// The order of keys, by the plain values.
    private func precedes(_ a: [Cell], _ b: [Cell]) -> Bool {
        for (x, y) in zip(a.map(normalized), b.map(normalized)) where x != y {
            switch (x, y) {
            case (.null, _): return true
            case (_, .null): return false
            case (.boolean(let x), .boolean): return !x
            case (.int(let x), .int(let y)): return x < y
            case (.date(let x), .date(let y)): return x < y
            case (.bigint(let x), .bigint(let y)), (.timestamp(let x), .timestamp(let y)),
                (.timestampMicros(let x), .timestampMicros(let y)):
                return x < y
            case (.bits, .bits): return y.double!.isNaN || x.double! < y.double!
            case (.string(let x), .string(let y)): return Array(x.utf8).lexicographicallyPrecedes(Array(y.utf8))
            default: return false
            }
        }
        return false
    }

    @Test func encodingKeepsOrderAndComesBack() {
        var source = CellSource(seed: 0xE4C0)
        for _ in 0..<200 {
            let types = (0..<source.random.below(4)).map { _ in source.pick(keyTypes) }
            let columns = types.map { source.cells($0, 20, source.pick(CellSource.Nulls.allCases)) }
            let keys = types.indices.map { Column(columns[$0], types[$0]) }
            let rows = (0..<20).map { row in columns.map { $0[row] } }
            let encoded = (0..<20).map { row in
                var bytes: [UInt8] = []
                KeyEncoding.append(keys, row: row, to: &bytes)
                return bytes
            }
            for i in 0..<20 {
                let back = KeyEncoding.decode(encoded[i], types: types)
                #expect(back?.map { $0.cell(at: 0) } == rows[i].map(normalized), "\(rows[i])")
                #expect(KeyEncoding.decode(encoded[i] + [0], types: types) == nil)
                if !encoded[i].isEmpty {
                    #expect(KeyEncoding.decode(Array(encoded[i].dropLast()), types: types) == nil)
                }
                for j in 0..<20 {
                    #expect(encoded[i].lexicographicallyPrecedes(encoded[j]) == precedes(rows[i], rows[j]))
                    #expect((encoded[i] == encoded[j]) == (rows[i].map(normalized) == rows[j].map(normalized)))
                }
            }
        }
    }

    /// Bytes that decode are exactly what encoding gives: there is one encoding of a key.
    @Test func noiseDecodesOnlyIfCanonical() {
        let seed: UInt64 = 0x4015
        var source = CellSource(seed: seed)
        for _ in 0..<20_000 {
            let types = (0..<1 + source.random.below(2)).map { _ in source.pick(keyTypes) }
            let bytes = (0..<source.random.below(12)).map { _ in
                source.random.oneIn(2) ? UInt8(source.random.below(3)) : UInt8(truncatingIfNeeded: source.random.next())
            }
            guard let keys = KeyEncoding.decode(bytes, types: types) else { continue }
            var again: [UInt8] = []
            KeyEncoding.append(keys, row: 0, to: &again)
            #expect(again == bytes, "\(types), seed \(seed)")
        }
        #expect(KeyEncoding.decode([1, 0xFF, 0], types: [.string]) == nil)
        #expect(KeyEncoding.decode([1, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0], types: [.double]) == nil)
        #expect(KeyEncoding.decode([2], types: [.int]) == nil)
    }

    /// The values are part of the state format: they may never change.
    @Test func hashesAreFixed() {
        var hashes: [UInt64] = []
        KeyHash.hash([Column([.bigint(0), .bigint(1), .bigint(-1), .null], .bigint)], rowCount: 4, into: &hashes)
        #expect(hashes == fixedIntegers)
        let texts = ["", "a", "ab", "abcd", "abcdefgh", "abcdefghijklmnop", "abcdefghijklmnopq"]
        KeyHash.hash([Column(texts.map { .string($0) }, .string)], rowCount: 7, into: &hashes)
        #expect(hashes == fixedTexts)
        KeyHash.hash(
            [Column([.int(7)], .int), Column([.string("x")], .string), Column([.null], .double)], rowCount: 1,
            into: &hashes)
        #expect(hashes == [fixedTriple])
    }

    private let fixedIntegers: [UInt64] = [
        0xF5BBB786AC4058C7, 0x7C00D1A393FE75D9, 0x5A7E21C6AA99E123, 0x1D8E4E27C47D124F,
    ]
    private let fixedTexts: [UInt64] = [
        0xF5BBB786AC4058C7, 0xEF86589FF79B3698, 0x31D8BDE024FE8543, 0x41D5D3ABDEFEBB4B,
        0x5946E110870D1F5B, 0x26720F73E4A8F07C, 0xB2CE81C9B818E10B,
    ]
    private let fixedTriple: UInt64 = 0x8726170C554638B6

    @Test func hashesOfEqualKeysAreEqual() {
        var (a, b): ([UInt64], [UInt64]) = ([], [])
        KeyHash.hash([Column([.double(0), .double(.nan)], .double)], rowCount: 2, into: &a)
        let otherNaN = Double(bitPattern: 0xFFF8_0000_0000_1234)
        KeyHash.hash([.double(FixedColumn([-0.0, otherNaN]))], rowCount: 2, into: &b)
        #expect(a == b)
        KeyHash.hash([Column([.int(-5)], .int)], rowCount: 1, into: &a)
        KeyHash.hash([Column([.timestamp(-5)], .timestamp(precision: 3))], rowCount: 1, into: &b)
        #expect(a == b)
        "abc".utf8.withContiguousStorageIfAvailable { utf8 in
            KeyHash.hash([Column([.string("abc")], .string)], rowCount: 1, into: &a)
            #expect(a == [KeyHash.hash(UnsafeRawBufferPointer(utf8))])
        }
    }

    @Test(arguments: keyTypes) func selectedRowsHashAsAlone(type: DataType) {
        var source = CellSource(seed: 0x5E1E)
        for nulls in CellSource.Nulls.allCases {
            for rowCount in [0, 1, 63, 64, 65] {
                let keys = [type, .bigint].map { Column(source.cells($0, rowCount, nulls), $0) }
                let selection = (0..<Int32(rowCount)).filter { _ in source.random.oneIn(2) }
                var (all, some, alone): ([UInt64], [UInt64], [UInt64]) = ([], [], [])
                KeyHash.hash(keys, rowCount: rowCount, into: &all)
                KeyHash.hash(keys, rowCount: rowCount, selection: selection, into: &some)
                #expect(some == selection.map { all[Int($0)] })
                for row in 0..<rowCount {
                    KeyHash.hash(keys.map { $0.slice(row..<row + 1) }, rowCount: 1, into: &alone)
                    #expect(alone == [all[row]])
                }
            }
        }
    }

    /// Neighbouring numbers spread over slots and key groups about as a random function would.
    @Test func hashesSpread() {
        var hashes: [UInt64] = []
        let patterns: [(Int64) -> Int64] = [{ $0 }, { $0 << 20 }, { $0 << 44 }, { $0 * 1000 }]
        for pattern in patterns {
            let values = (0..<Int64(1 << 16)).map { pattern($0) }
            KeyHash.hash([.bigint(FixedColumn(values))], rowCount: values.count, into: &hashes)
            #expect(Set(hashes).count == values.count)
            for shift in [UInt64(0), 32, 48] {
                var counts = [Int](repeating: 0, count: 1 << 12)
                for hash in hashes { counts[Int(hash >> shift & 0xFFF)] += 1 }
                // 16 on average; 48 would be eight standard deviations off.
                #expect(counts.max()! < 48)
            }
        }
    }
}

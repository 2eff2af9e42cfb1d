import Columnar
import CommitLog
import HostSystem
import Operators
import TestSupport
import Testing

@Suite struct TopicFrameTests {
    private static let types: [DataType] = [
        .boolean, .int, .bigint, .double, .string, .date, .timestamp(precision: 0), .timestamp(precision: 3),
        .timestamp(precision: 6),
    ]

    private static func columns() -> [TopicColumn] {
        types.enumerated().map { TopicColumn(id: UInt32($0 * 7), name: "c\($0)", type: $1) }
    }

    private static func kinds(_ count: Int, _ random: inout SplitMix64) -> [RowKind]? {
        switch random.below(3) {
        case 0: nil
        case 1: [RowKind](repeating: .insert, count: count)
        default: (0..<count).map { _ in RowKind(rawValue: UInt8(random.below(4))) ?? .insert }
        }
    }

    @Test(arguments: CellSource.Nulls.allCases)
    func whatIsWrittenIsRead(_ nulls: CellSource.Nulls) throws {
        for (seed, count) in [0, 1, 2, 63, 64, 65, 128, 1000, 5000].enumerated() {
            var cells = CellSource(seed: UInt64(seed))
            let columns = Self.columns().map { Column(cells.cells($0.type, count, nulls), $0.type) }
            var batch = Batch(columns: columns, rowCount: count, rowKinds: Self.kinds(count, &cells.random))
            if cells.random.oneIn(2) {
                batch.selection = (0..<Int32(count)).filter { _ in cells.random.oneIn(2) }
            }
            let frame = TopicFrame.encode(batch, Self.columns(), schemaID: 3)
            let wanted = batch.compacted()
            #expect(frame.rowCount == wanted.rowCount && frame.schemaID == 3)
            let read = try TopicFrame.decode(frame.chunks, rowCount: frame.rowCount, Self.columns())
            #expect(read.columns.map(\.cells) == wanted.columns.map(\.cells), "seed \(seed)")
            let inserts = [RowKind](repeating: .insert, count: wanted.rowCount)
            #expect(read.rowKinds ?? inserts == wanted.rowKinds ?? inserts, "seed \(seed)")
        }
    }

    @Test func columnsAreFoundByTheirIDs() throws {
        var cells = CellSource(seed: 5)
        let columns = Self.columns()
        let batch = Batch(columns: columns.map { Column(cells.cells($0.type, 10, .some), $0.type) }, rowCount: 10)
        let frame = TopicFrame.encode(batch, columns, schemaID: 0)
        let added = TopicColumn(id: 1000, name: "new", type: .string)
        let renamed = TopicColumn(id: columns[4].id, name: "other", type: .string)
        let read = try TopicFrame.decode(frame.chunks, rowCount: 10, [added, renamed])
        #expect(read.columns[0].cells == [Cell](repeating: .null, count: 10))
        #expect(read.columns[1].cells == batch.columns[4].cells)
    }

    @Test func boundsAreThoseOfTheValues() throws {
        var cells = CellSource(seed: 6)
        for type in [DataType.int, .bigint, .date, .timestamp(precision: 3), .timestamp(precision: 6)] {
            let column = Column(cells.cells(type, 100, .some), type)
            let frame = TopicFrame.encode(
                Batch(columns: [column], rowCount: 100), [TopicColumn(id: 0, name: "c", type: type)], schemaID: 0)
            let ordered = (0..<100).filter { !column.isNull($0) }.map { row -> [UInt8] in
                let one = Batch(columns: [column.take([Int32(row)])], rowCount: 1)
                return TopicFrame.encode(one, [TopicColumn(id: 0, name: "c", type: type)], schemaID: 0).chunks[0]
                    .minimum
            }
            #expect(frame.chunks[0].minimum == ordered.min { $0.lexicographicallyPrecedes($1) })
            #expect(frame.chunks[0].maximum == ordered.max { $0.lexicographicallyPrecedes($1) })
        }
    }

    @Test func brokenBytesAreAnErrorAndNeverATrap() {
        var cells = CellSource(seed: 7)
        let columns = Self.columns()
        for round in 0..<400 {
            let count = [1, 65, 200][round % 3]
            let batch = Batch(
                columns: columns.map { Column(cells.cells($0.type, count, .some), $0.type) }, rowCount: count)
            var frame = TopicFrame.encode(batch, columns, schemaID: 0)
            let chunk = cells.random.below(frame.chunks.count)
            switch cells.random.below(4) {
            case 0:
                frame.chunks[chunk].bytes.removeLast(min(1 + cells.random.below(9), frame.chunks[chunk].bytes.count))
            case 1: frame.chunks[chunk].bytes += [UInt8](repeating: 0xFF, count: 1 + cells.random.below(9))
            case 2: frame.chunks[chunk].nullCount = UInt32(cells.random.below(1 << 20))
            default:
                guard !frame.chunks[chunk].bytes.isEmpty else { continue }
                frame.chunks[chunk].bytes[cells.random.below(min(20, frame.chunks[chunk].bytes.count))] ^= 0x81
            }
            _ = try? TopicFrame.decode(frame.chunks, rowCount: count, columns)
        }
    }

    @Test func mergedFramesHaveTheSameRows() throws {
        var cells = CellSource(seed: 8)
        let first = try TopicSchema(fields: [Field("a", .bigint), Field("b", .string)])
        let second = try first.adding([Field("c", .int)])
        var frames: [FrameContent] = []
        for _ in 0..<300 {
            let number = cells.random.oneIn(20) ? 1 : 0
            let columns = [first, second][number].columns
            let count = 1 + cells.random.below(300)
            let batch = Batch(
                columns: columns.map { Column(cells.cells($0.type, count, .some), $0.type) }, rowCount: count,
                rowKinds: Self.kinds(count, &cells.random))
            frames.append(TopicFrame.encode(batch, columns, schemaID: UInt32(number)))
        }
        let merged = try TopicFrame.merge(frames, [first, second])
        #expect(merged.count < frames.count / 2)
        #expect(merged.allSatisfy { $0.rowCount <= TopicFrame.mostRows })
        func rows(_ frames: [FrameContent]) throws -> [[[Cell]]] {
            let batches = try frames.map { try TopicFrame.decode($0.chunks, rowCount: $0.rowCount, second.columns) }
            return second.columns.indices.map { index in batches.map { $0.columns[index].cells } }
        }
        #expect(try rows(frames).map { $0.flatMap(\.self) } == rows(merged).map { $0.flatMap(\.self) })
    }

    @Test func piecesFitAFrameAndKeepUpdatesTogether() {
        let count = TopicFrame.mostRows * 2 + 100
        let kinds = (0..<count).map { $0 % 2 == 1 ? RowKind.updateBefore : .updateAfter }
        let batch = Batch(
            columns: [.bigint(FixedColumn((0..<count).map { Int64($0) }))], rowCount: count, rowKinds: kinds)
        let pieces = TopicFrame.pieces(of: batch)
        #expect(pieces.count == 3 && pieces.reduce(0) { $0 + $1.rowCount } == count)
        for piece in pieces.dropLast() { #expect(piece.rowKinds?.last == .updateAfter) }
    }
}

@Suite struct TopicSchemaTests {
    @Test func bytesAreReadAsTheyWereWritten() throws {
        let fields = [
            Field("a", .int), Field("b", .string, isNullable: false), Field("c", .timestamp(precision: 6)),
            Field("d", .date), Field("e", .double), Field("f", .boolean), Field("g", .bigint),
        ]
        let schema = try TopicSchema(fields: fields, key: ["b"])
        #expect(try TopicSchema(decoding: schema.encoded()) == schema)
        #expect(schema.fields == fields)
        let options = TopicOptions(compression: .zstd)
        #expect(try TopicOptions(decoding: options.encoded()) == options)
        for length in 0..<schema.encoded().count {
            #expect(throws: CorruptBytes.self) { try TopicSchema(decoding: Array(schema.encoded().prefix(length))) }
        }
    }

    @Test func whatCannotBeIsNamed() throws {
        #expect(throws: TopicSchemaMistake.noColumns) { try TopicSchema(fields: []) }
        #expect(throws: TopicSchemaMistake.columnIsThereTwice("a")) {
            try TopicSchema(fields: [Field("a", .int), Field("a", .int)])
        }
        #expect(throws: TopicSchemaMistake.keyColumnIsMissing("b")) {
            try TopicSchema(fields: [Field("a", .int)], key: ["b"])
        }
        let schema = try TopicSchema(fields: [Field("a", .int)])
        #expect(throws: TopicSchemaMistake.addedColumnIsNotNull("b")) {
            try schema.adding([Field("b", .int, isNullable: false)])
        }
        #expect(throws: TopicSchemaMistake.columnIsThereTwice("a")) { try schema.adding([Field("a", .int)]) }
    }

    private static let nested = [
        Field("k", .int, isNullable: false),
        Field(
            "r",
            .row([
                Field("a", .bigint, isNullable: false), Field("s", .row([Field("a", .string), Field("b", .double)])),
            ])),
        Field("z", .date),
    ]

    @Test func aRowIsItsLeaves() throws {
        let schema = try TopicSchema(fields: Self.nested, key: ["k"])
        #expect(schema.columns.map(\.name) == ["k", "r", "r.a", "r.s", "r.s.a", "r.s.b", "z"])
        #expect(schema.columns.map(\.id) == Array(0..<7))
        #expect(schema.columns.map(\.kind) == [.value, .presence, .value, .presence, .value, .value, .value])
        #expect(schema.fields == Self.nested)
        let bytes = schema.encoded()
        #expect(try TopicSchema(decoding: bytes) == schema)
        for length in bytes.indices {
            #expect(throws: CorruptBytes.self) { try TopicSchema(decoding: Array(bytes.prefix(length))) }
        }
        let more = try schema.adding([Field("q", .row([Field("a", .int)]))])
        #expect(more.columns.suffix(2).map(\.id) == [7, 8] && more.columns.prefix(7) == schema.columns[...])
        #expect(try TopicSchema(decoding: more.encoded()) == more)
        #expect(throws: TopicSchemaMistake.keyColumnIsRow("r")) { try TopicSchema(fields: Self.nested, key: ["r"]) }
        var deep = DataType.int
        for _ in 0...TopicSchema.mostLevels { deep = .row([Field("a", deep)]) }
        #expect(throws: TopicSchemaMistake.tooDeep("r")) { try TopicSchema(fields: [Field("r", deep)]) }
        #expect(throws: TopicSchemaMistake.rowIsEmpty("r")) { try TopicSchema(fields: [Field("r", .row([]))]) }
        #expect(throws: TopicSchemaMistake.columnIsThereTwice("r.a")) {
            try TopicSchema(fields: [Field("r", .row([Field("a", .int), Field("a", .int)]))])
        }
    }

    @Test func addedColumnsHaveIDsOfTheirOwn() throws {
        let schema = try TopicSchema(fields: [Field("a", .int)]).adding([Field("b", .int), Field("c", .int)])
        #expect(schema.columns.map(\.id) == [0, 1, 2])
    }
}

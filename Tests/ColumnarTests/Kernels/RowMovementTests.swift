import Columnar
import HostSystem
import TestSupport
import Testing

@Suite struct RowMovementTests {
    static let types: [DataType] = [
        .boolean, .int, .bigint, .double, .string, .date, .timestamp(precision: 3), .timestamp(precision: 6),
    ]

    @Test(arguments: types, CellSource.Nulls.allCases) func takeSliceAndJoin(type: DataType, nulls: CellSource.Nulls) {
        var source = CellSource(seed: 0x7A4E)
        for rowCount in rowCounts {
            let cells = source.cells(type, rowCount, nulls)
            let column = Column(cells, type)
            let rows = rowCount == 0 ? [] : (0..<100).map { _ in Int32(source.random.below(rowCount)) }
            #expect(column.take(rows).cells == rows.map { cells[Int($0)] })
            let start = source.random.below(rowCount + 1)
            let end = start + source.random.below(rowCount - start + 1)
            #expect(column.slice(start..<end).cells == Array(cells[start..<end]))
            let parts = [column.slice(0..<start), column.slice(start..<rowCount), column, column.slice(start..<end)]
            #expect(Column.concatenation(parts)?.cells == cells + cells + cells[start..<end])
        }
        #expect(Column.concatenation([]) == nil)
    }

    @Test func selectionsRowByRow() {
        expectKernel([.boolean]) { operands, scope, _ in
            let rows = Set(Selection.rows(where: operands[0], scope: scope))
            return Column((0..<Int32(scope.rowCount)).map { .boolean(rows.contains($0)) }, .boolean)
        } row: {
            .value(.boolean($0[0] == .boolean(true)))
        }
        #expect(Selection.rows([1, 4, 5, 9], without: [4, 9]) == [1, 5])
        #expect(Selection.rows([1, 4], without: []) == [1, 4])
        #expect(Selection.rows([1, 4], without: [1, 4]) == [])
    }

    @Test func compactedKeepsKindsAndOrigin() {
        let column = Column((0..<5).map { .bigint($0) }, .bigint)
        let batch = Batch(
            columns: [column, column], rowCount: 5, rowKinds: [.insert, .delete, .updateBefore, .updateAfter, .insert],
            selection: [1, 3], origin: BatchOrigin(path: "a", lines: [1, 2, 3, 4, 5]))
        let compacted = batch.compacted()
        #expect(compacted.columns.map(\.cells) == [[.bigint(1), .bigint(3)], [.bigint(1), .bigint(3)]])
        #expect(compacted.rowKinds == [.delete, .updateAfter])
        #expect(compacted.origin == BatchOrigin(path: "a", lines: [2, 4]))
        #expect(compacted.rowCount == 2 && compacted.selection == nil)
        var whole = batch
        whole.selection = [0, 1, 2, 3, 4]
        #expect(whole.compacted().rowCount == 5 && whole.compacted().selection == nil)
    }

    @Test(arguments: types) func branchesRowByRow(type: DataType) {
        expectKernel([.boolean, type, type]) { operands, scope, faults in
            var merger = BranchMerger(type: type, rowCount: scope.rowCount)
            let first = scope.narrowed(to: Selection.rows(where: operands[0], scope: scope))
            merger.take(operands[1], rows: first)
            merger.take(operands[2], rows: scope.narrowed(to: Selection.rows(scope.rows, without: first.rows)))
            return merger.column(faults: &faults)
        } row: { row in
            .value(row[0] == .boolean(true) ? row[1] : row[2])
        }
    }

    @Test func bitsPackAndUnpack() {
        var random = SplitMix64(seed: 0xB175)
        for count in [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129] {
            let values = (0..<count).map { _ in random.oneIn(2) }
            let bitmap = Bitmap(packing: values)
            #expect((0..<count).map { bitmap[$0] } == values)
            #expect(bitmap.unpacked() == values)
        }
    }
}

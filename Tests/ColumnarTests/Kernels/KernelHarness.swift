import Columnar
import HostSystem
import TestSupport
import Testing

// A kernel against a plain loop: every mix of row counts around a bitmap's words, NULLs, constants and selections.

/// What a row comes to: a value, or the message of its fault.
enum RowOutcome: Equatable {
    case value(Cell)
    case fault(String)
}

typealias Kernel = ([Operand], RowScope, inout [RowFault]) -> Column

let rowCounts = [0, 1, 63, 64, 65, 200]

/// - Input: `draw`, where given, makes the cells of an argument instead of the usual ones.
func expectKernel(
    _ types: [DataType], seed: UInt64 = 0x51CE, draw: ((Int, inout CellSource) -> Cell)? = nil,
    sourceLocation: SourceLocation = #_sourceLocation, _ kernel: Kernel, row reference: ([Cell]) -> RowOutcome
) {
    var source = CellSource(seed: seed)
    for rowCount in rowCounts {
        for nulls in CellSource.Nulls.allCases {
            for constants in 0..<(1 << types.count) {
                let cells = types.enumerated().map { index, type in
                    let isConstant = constants >> index & 1 != 0
                    let count = isConstant ? 1 : rowCount
                    let kind = isConstant && nulls == .some ? .none : nulls
                    return source.cells(type, count, kind).map { $0 == .null ? $0 : draw?(index, &source) ?? $0 }
                }
                let operands = types.indices.map { index in
                    let column = Column(cells[index], types[index])
                    return constants >> index & 1 != 0 ? Operand(constant: column) : Operand(column)
                }
                for scope in [
                    RowScope(rowCount: rowCount),
                    RowScope(
                        rowCount: rowCount,
                        selection: (0..<Int32(rowCount)).filter { _ in !source.random.oneIn(3) }),
                ] {
                    var faults: [RowFault] = []
                    let result = kernel(operands, scope, &faults)
                    #expect(result.rowCount == rowCount, sourceLocation: sourceLocation)
                    let messages = Dictionary(
                        faults.map { ($0.row, $0.reason.description) }, uniquingKeysWith: { first, _ in first })
                    #expect(
                        Set(messages.keys).isSubset(of: scope.rows), "faults in scope", sourceLocation: sourceLocation)
                    for row in scope.rows {
                        let arguments = cells.map { $0.count == 1 && rowCount != 1 ? $0[0] : $0[Int(row)] }
                        let expected = reference(arguments)
                        let actual =
                            messages[row].map { RowOutcome.fault($0) } ?? .value(result.cell(at: Int(row)))
                        #expect(
                            actual == expected, "row \(row) of \(rowCount), \(arguments), seed \(seed)",
                            sourceLocation: sourceLocation)
                    }
                }
            }
        }
    }
}

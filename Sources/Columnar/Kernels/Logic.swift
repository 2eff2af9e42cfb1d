// Three-valued logic. Where an operand has NULLs the operators work on words of 64 rows: with t the rows that are TRUE,
// f those that are FALSE and the rest NULL, AND is t = t1 & t2, f = f1 | f2, and OR the mirror image.

package enum Logic {
    package static func and(_ left: Operand, _ right: Operand, rowCount: Int) -> Column {
        let (l, r) = (Truth(left, rowCount), Truth(right, rowCount))
        if !l.hasNulls && !r.hasNulls {
            return .boolean(FixedColumn(mapPairs(l.lane, r.lane, rowCount: rowCount) { $0 && $1 }))
        }
        return combine(l, r) { a, b in (a.true & b.true, a.false | b.false) }
    }

    package static func or(_ left: Operand, _ right: Operand, rowCount: Int) -> Column {
        let (l, r) = (Truth(left, rowCount), Truth(right, rowCount))
        if !l.hasNulls && !r.hasNulls {
            return .boolean(FixedColumn(mapPairs(l.lane, r.lane, rowCount: rowCount) { $0 || $1 }))
        }
        return combine(l, r) { a, b in (a.true | b.true, a.false & b.false) }
    }

    package static func not(_ operand: Operand, rowCount: Int) -> Column {
        let column = booleans(operand, rowCount)
        return .boolean(FixedColumn(mapValues(column.values) { !$0 }, validity: column.validity))
    }

    private struct Words {
        var `true`: UInt64
        var `false`: UInt64
    }

    private struct Truth {
        let column: FixedColumn<Bool>

        init(_ operand: Operand, _ rowCount: Int) { column = booleans(operand, rowCount) }

        var hasNulls: Bool { column.validity != nil }
        var lane: Lane<Bool> { Lane(values: column.values, isConstant: false) }
    }

    private static func booleans(_ operand: Operand, _ rowCount: Int) -> FixedColumn<Bool> {
        guard case .boolean(let column) = operand.expanded(to: rowCount) else {
            preconditionFailure("logic takes BOOLEAN operands")
        }
        return column
    }

    @inline(__always)
    private static func combine(
        _ left: Truth, _ right: Truth, _ body: (Words, Words) -> (true: UInt64, false: UInt64)
    ) -> Column {
        let rowCount = left.column.values.count
        let (l, r) = (Bitmap(packing: left.column.values), Bitmap(packing: right.column.values))
        var values = Bitmap(repeating: false, count: rowCount)
        var validity = values
        for i in values.words.indices {
            let lv = left.column.validity?.words[i] ?? ~0
            let rv = right.column.validity?.words[i] ?? ~0
            let result = body(
                Words(true: l.words[i] & lv, false: ~l.words[i] & lv),
                Words(true: r.words[i] & rv, false: ~r.words[i] & rv))
            values.words[i] = result.true
            validity.words[i] = result.true | result.false
        }
        validity = Bitmap(words: validity.words, count: rowCount)
        return .boolean(FixedColumn(values.unpacked(), validity: validity.isAllSet ? nil : validity))
    }
}

/// Puts together a column from the values of branches, each for rows of its own (CASE, COALESCE). Rows that no branch
/// takes hold any value.
package struct BranchMerger {
    private let type: DataType
    private let rowCount: Int
    private var branches: [Operand] = []
    /// Index into `branches`, 0 where none took the row.
    private var choice: [Int32]

    package init(type: DataType, rowCount: Int) {
        self.type = type
        self.rowCount = rowCount
        choice = [Int32](repeating: 0, count: rowCount)
    }

    /// These rows get their values from `branch`. A row is taken once.
    package mutating func take(_ branch: Operand, rows: RowScope) {
        let index = Int32(truncatingIfNeeded: branches.count)
        branches.append(branch)
        if index == 0 { return }
        var choice = choice.mutableSpan
        rows.forEach { choice[$0] = index }
    }

    /// - Errors: strings that do not fit one column together are faults of their rows.
    package func column(faults: inout [RowFault]) -> Column {
        guard let first = branches.first else { return .nulls(type, rowCount: rowCount) }
        if branches.count == 1 { return first.expanded(to: rowCount) }
        switch type {
        case .boolean: return .boolean(fixed(false) { if case .boolean(let c) = $0 { c } else { nil } })
        case .int: return .int(fixed(0) { if case .int(let c) = $0 { c } else { nil } })
        case .bigint: return .bigint(fixed(0) { if case .bigint(let c) = $0 { c } else { nil } })
        case .double: return .double(fixed(0) { if case .double(let c) = $0 { c } else { nil } })
        case .date: return .date(fixed(0) { if case .date(let c) = $0 { c } else { nil } })
        case .timestamp(let precision):
            let unit = TimestampUnit(precision: precision)
            return .timestamps(fixed(0) { $0.timestamps(unit) }, unit)
        case .string: return .string(strings(&faults))
        case .row: preconditionFailure("a ROW has no column")
        }
    }

    private func fixed<T>(_ zero: T, _ payload: (Column) -> FixedColumn<T>?) -> FixedColumn<T> {
        var values = [T](repeating: zero, count: rowCount)
        for (index, branch) in branches.enumerated() {
            guard let source = payload(branch.column) else { preconditionFailure("branches have one type") }
            copy(source.values, isConstant: branch.isConstant, of: Int32(truncatingIfNeeded: index), into: &values)
        }
        return FixedColumn(values, validity: validity())
    }

    private func copy<T>(_ source: [T], isConstant: Bool, of index: Int32, into values: inout [T]) {
        let (source, choice) = (source.span, choice.span)
        var out = values.mutableSpan
        for row in 0..<rowCount where choice[row] == index { out[row] = source[isConstant ? 0 : row] }
    }

    private func validity() -> Bitmap? {
        let masks = branches.map { $0.validity(rowCount) }
        guard masks.contains(where: { $0 != nil }) else { return nil }
        var result = Bitmap(repeating: true, count: rowCount)
        for row in 0..<rowCount {
            if let mask = masks[Int(choice[row])], !mask[row] { result[row] = false }
        }
        return result.isAllSet ? nil : result
    }

    private func strings(_ faults: inout [RowFault]) -> StringColumn {
        var result = StringColumnBuilder(rowCount: rowCount)
        let sources = branches.map { branch in
            guard case .string(let c) = branch.column else { preconditionFailure("branches have one type") }
            return c
        }
        for row in 0..<rowCount {
            let index = Int(choice[row])
            let at = branches[index].isConstant ? 0 : row
            let source = sources[index]
            result.bytes.append(contentsOf: source.bytes[Int(source.offsets[at])..<Int(source.offsets[at + 1])])
            result.endRow(row, &faults)
        }
        return result.column(validity: validity())
    }
}

/// One aggregate of one group, value after value. NULLs are left out by all but COUNT(*); over no values the result is NULL,
/// and 0 of a count.
struct ModelAggregate {
    private let call: ShapeCall
    private var values: [ModelValue] = []
    private var rows: Int64 = 0

    init(_ call: ShapeCall) { self.call = call }

    mutating func add(_ row: [ModelValue]) {
        rows += 1
        if call.function != .rows, !row[call.column].isNull { values.append(row[call.column]) }
    }

    var result: ModelValue {
        switch call.function {
        case .rows: return .integer(rows)
        case .count: return .integer(Int64(values.count))
        case .least: return values.reduce(.null) { $0.isNull || $1.isLess(than: $0) ? $1 : $0 }
        case .greatest: return values.reduce(.null) { $0.isNull || $0.isLess(than: $1) ? $1 : $0 }
        case .sum: return sum
        case .average:
            // Cut towards zero, as in Flink.
            guard case .integer(let sum) = sum else { return .null }
            return .integer(sum / Int64(values.count))
        }
    }

    private var sum: ModelValue {
        values.reduce(.null) { sum, value in
            switch (sum, value) {
            case (.null, _): value
            case (.integer(let a), .integer(let b)): .integer(a + b)
            case (.double(let a), .double(let b)): .double(a + b)
            default: preconditionFailure("numbers of one type are added")
            }
        }
    }
}

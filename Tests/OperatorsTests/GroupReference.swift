import Columnar
import HostSystem
import Operators

/// One aggregate call as tests write it.
struct TestedCall {
    var function: AggregateFunction
    var argument: Int?
    var argumentType: DataType
    var resultType: DataType

    init(_ function: AggregateFunction, _ argument: Int?, _ argumentType: DataType, _ resultType: DataType) {
        self.function = function
        self.argument = argument
        self.argumentType = argumentType
        self.resultType = resultType
    }

    static let countStar = TestedCall(.countStar, nil, .bigint, .bigint)

    var call: AggregateCall {
        let place = SourcePlace(line: 1, column: 1, text: "SUM(x)")
        return AggregateCall(function, argument: argument, resultType: resultType, place: place)
    }

    /// The result over some rows, computed from all of them.
    func result(_ input: [Column], _ rows: [Int]) -> String {
        guard let argument else { return "\(rows.count)" }
        let column = input[argument]
        let rows = rows.filter { !column.isNull($0) }
        if function == .count { return "\(rows.count)" }
        guard !rows.isEmpty else { return "null" }
        switch column {
        case .int(let c): return integer(rows.map { Int64(c.values[$0]) })
        case .date(let c): return integer(rows.map { Int64(c.values[$0]) })
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c): return integer(rows.map { c.values[$0] })
        case .double(let c):
            let values = rows.map { c.values[$0] }
            switch function {
            case .sum: return "\(values.reduce(0, +))"
            case .avg: return "\(values.reduce(0, +) / Double(values.count))"
            case .min: return "\(values.min()!)"
            default: return "\(values.max()!)"
            }
        case .string:
            let values = rows.map { RowReader.text(column, $0) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return function == .min ? values.first! : values.last!
        case .boolean(let c):
            let values = rows.map { c.values[$0] }
            return "\(function == .min ? values.allSatisfy { $0 } : values.contains(true))"
        }
    }

    private func integer(_ values: [Int64]) -> String {
        switch function {
        case .sum: "\(values.reduce(0, +))"
        case .avg: "\(values.reduce(0, +) / Int64(values.count))"
        case .min: "\(values.min()!)"
        default: "\(values.max()!)"
        }
    }
}

/// Random columns of every type, and every function over them.
struct RandomRows {
    var random: SplitMix64
    let rowCount: Int
    /// One NULL in so many values; 0: none.
    var nullShare = 0

    init(seed: UInt64, rowCount: Int, nullShare: Int = 0) {
        random = SplitMix64(seed: seed)
        self.rowCount = rowCount
        self.nullShare = nullShare
    }

    /// - Parameter distinct: how many values there are at most.
    mutating func column(_ type: DataType, distinct: Int) -> Column {
        let picks = (0..<rowCount).map { _ in random.below(distinct) }
        switch type {
        case .boolean: return .boolean(FixedColumn(picks.map { $0 % 2 == 1 }, validity: nulls()))
        case .int: return .int(FixedColumn(picks.map { Int32($0 - distinct / 2) }, validity: nulls()))
        case .bigint: return .bigint(FixedColumn(picks.map { Int64($0 - distinct / 2) }, validity: nulls()))
        case .date: return .date(FixedColumn(picks.map { Int32($0 - distinct / 2) }, validity: nulls()))
        case .timestamp(let precision):
            let times = FixedColumn(picks.map { Int64($0) }, validity: nulls())
            return .timestamps(times, TimestampUnit(precision: precision))
        case .double:
            let values = picks.map { $0 == 0 ? Double.nan : $0 == 1 ? -0.0 : Double($0 - distinct / 2) / 4 }
            return .double(FixedColumn(values, validity: nulls()))
        case .string:
            let words = ["", "\u{0}", "a", "é", "a longer word than sixteen bytes "]
            return Self.strings(picks.map { words[$0 % 5] + ($0 < 5 ? "" : "\($0)") }, validity: nulls())
        case .row: preconditionFailure("a ROW is no column")
        }
    }

    /// INT, BIGINT, DOUBLE, BOOLEAN, STRING to aggregate: the results are exact in any order.
    mutating func arguments() -> [Column] {
        let quarters = (0..<rowCount).map { _ in Double(random.below(4000)) / 4 - 500 }
        return [
            column(.int, distinct: 2000), column(.bigint, distinct: 5000),
            .double(FixedColumn(quarters, validity: nulls())), column(.boolean, distinct: 2),
            column(.string, distinct: 40),
        ]
    }

    /// Every function over every one of those.
    static func calls(argumentsFrom first: Int) -> [TestedCall] {
        var calls = [TestedCall.countStar, TestedCall(.count, first, .int, .bigint)]
        for (index, type) in [DataType.int, .bigint, .double].enumerated() {
            for function in [AggregateFunction.sum, .avg, .min, .max] {
                calls.append(TestedCall(function, first + index, type, type))
            }
        }
        for (index, type) in [DataType.boolean, .string].enumerated() {
            for function in [AggregateFunction.min, .max] {
                calls.append(TestedCall(function, first + 3 + index, type, type))
            }
        }
        return calls
    }

    mutating func nulls() -> Bitmap? {
        guard nullShare > 0 else { return nil }
        var bitmap = Bitmap(repeating: true, count: rowCount)
        for row in 0..<rowCount where random.oneIn(nullShare) { bitmap[row] = false }
        return bitmap
    }

    static func strings(_ values: [String], validity: Bitmap? = nil) -> Column {
        var column = StringColumn(validity: validity)
        for (row, value) in values.enumerated() {
            if validity.map({ $0[row] }) ?? true { column.bytes += Array(value.utf8) }
            column.offsets.append(Int32(column.bytes.count))
        }
        return .string(column)
    }
}

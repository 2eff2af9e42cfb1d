import Columnar
import Operators

/// Where an expression stands: what may be in it depends on that.
enum Clause: String {
    case select = "SELECT"
    case condition = "WHERE"
    case groupBy = "GROUP BY"
    case having = "HAVING"
    case orderBy = "ORDER BY"
    case computedColumn = "a computed column"
    case watermark = "WATERMARK"
    case values = "VALUES"
}

/// Gives an expression its types: names become columns of the plan, every implicit cast becomes explicit.
///
/// Aggregate calls are collected; each stands in the result as a column behind those of the input.
struct ExpressionBinder {
    let source: SourceText
    let scope: Scope
    /// Columns of the input's plan: the number of the first aggregate.
    let inputWidth: Int
    var clause: Clause
    private(set) var aggregates = AggregateCollector()
    /// What GROUP BY says of windows.
    var groupWindow: GroupWindow?
    private var aggregateDepth = 0
    /// Where each column of the input was first named, for messages.
    private(set) var references: [Int: SourceSpan] = [:]

    init(source: SourceText, scope: Scope, inputWidth: Int, clause: Clause) {
        self.source = source
        self.scope = scope
        self.inputWidth = inputWidth
        self.clause = clause
    }

    mutating func bind(_ expression: Expression) throws(SQLError) -> BoundExpression {
        let bound = try bindKind(expression)
        guard bound.height <= BoundExpression.maxHeight else {
            throw source.error("expression too deep", at: expression.span)
        }
        guard bound.size <= BoundExpression.maxSize else {
            throw source.error("expression too large", at: expression.span)
        }
        return bound
    }

    private mutating func bindKind(_ expression: Expression) throws(SQLError) -> BoundExpression {
        switch expression.kind {
        case .integer, .decimal, .approximate, .string, .boolean, .unknown, .null, .date, .timestamp, .interval:
            return try literal(expression)
        case .name(let parts): return try name(parts, at: expression.span)
        case .unary(let sign, let operand): return try unary(sign, operand, at: expression.span)
        case .binary(let binary, let left, let right): return try self.binary(binary, left, right, at: expression.span)
        case .and(let operands): return try logic(.and, operands, at: expression.span)
        case .or(let operands): return try logic(.or, operands, at: expression.span)
        case .truthTest(let operand, let test, let isNegated):
            return try truthTest(operand, test, isNegated, at: expression.span)
        case .isDistinct(let left, let right, let isNegated):
            return try isDistinct(left, right, isNegated, at: expression.span)
        case .between(let value, let low, let high, let isNegated):
            return try between(value, low, high, isNegated, at: expression.span)
        case .inList(let value, let list, let isNegated): return try inList(value, list, isNegated, at: expression.span)
        case .like(let value, let pattern, let escape, let isNegated):
            return try like(value, pattern, escape, isNegated, at: expression.span)
        case .caseWhen(let operand, let branches, let otherwise):
            return try caseWhen(operand, branches, otherwise, at: expression.span)
        case .cast(let value, let type): return try cast(value, type, at: expression.span)
        case .trim(let side, let characters, let value):
            return try trim(side, characters, value, at: expression.span)
        case .function(let name, let arguments): return try function(name, arguments, at: expression.span)
        case .countStar: return try aggregate(.countStar, nil, at: expression.span)
        }
    }

    // MARK: Names

    private mutating func name(_ parts: [Identifier], at span: SourceSpan) throws(SQLError) -> BoundExpression {
        switch try scope.resolve(parts) {
        case .value(let index, let type, let isNullable): return column(index, type, isNullable, at: span)
        case .row:
            throw source.notSupported("a whole ROW (\"\(source.text(span))\") in an expression", at: span)
        case .processingTime:
            throw source.notSupported(
                "processing time (\"\(source.text(span))\") in an expression", at: span,
                hint: "a window takes it as its time: DESCRIPTOR(\(source.text(span)))")
        }
    }

    mutating func column(_ index: Int, _ type: DataType, _ isNullable: Bool, at span: SourceSpan) -> BoundExpression {
        if references[index] == nil { references[index] = span }
        return BoundExpression(expression: .column(index, type), isNullable: isNullable, size: 1)
    }

    /// The leaf that says whether a ROW is there, if `expression` names a ROW.
    mutating func presence(_ expression: Expression) throws(SQLError) -> BoundExpression? {
        guard case .name(let parts) = expression.kind, case .row(let row) = try scope.resolve(parts) else { return nil }
        return column(row.presence, .boolean, false, at: expression.span)
    }

    // MARK: Aggregates

    mutating func aggregate(
        _ function: AggregateFunction, _ argument: Expression?, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        guard clause == .select || clause == .having else {
            throw source.error("an aggregate is not allowed in \(clause.rawValue)", at: span)
        }
        guard aggregateDepth == 0 else { throw source.error("aggregates cannot be nested", at: span) }
        aggregateDepth += 1
        defer { aggregateDepth -= 1 }
        var bound: BoundExpression?
        if let argument { bound = try aggregateArgument(argument, of: function) }
        let type = try resultType(of: function, over: bound?.type, at: span)
        let call = AggregateCollector.Call(
            function: function, argument: bound, argumentText: argument.map { source.sourcePlace($0.span).text } ?? "",
            type: type, place: source.sourcePlace(span))
        let index = inputWidth + aggregates.add(call)
        let isCount = function == .count || function == .countStar
        return BoundExpression(expression: .column(index, type), isNullable: !isCount, size: 1)
    }

    private mutating func aggregateArgument(
        _ argument: Expression, of function: AggregateFunction
    ) throws(SQLError) -> BoundExpression {
        if function == .count, let presence = try presence(argument) {
            return whereTrue(presence, at: argument.span)
        }
        return try typed(try bind(argument), at: argument.span)
    }

    /// TRUE where `presence` is, else NULL: what COUNT of a ROW counts.
    private func whereTrue(_ presence: BoundExpression, at span: SourceSpan) -> BoundExpression {
        call(
            .caseWhen, [presence, .literal(.boolean(true), .boolean), .literal(.null, .boolean)], .boolean,
            isNullable: true, at: span)
    }

    private func resultType(
        of function: AggregateFunction, over type: DataType?, at span: SourceSpan
    ) throws(SQLError) -> DataType {
        guard let type else { return .bigint }
        switch function {
        case .countStar, .count: return .bigint
        case .min, .max: return type
        case .sum, .avg:
            guard type.isNumeric else {
                throw source.error("cannot apply \(function.rawValue) to \(type)", at: span, hint: "it takes numbers")
            }
            return type
        }
    }

    // MARK: Building

    func call(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ type: DataType, isNullable: Bool,
        at span: SourceSpan
    ) -> BoundExpression {
        var size = 1
        var height = 0
        for argument in arguments {
            size += argument.size
            height = max(height, argument.height)
        }
        return BoundExpression(
            expression: .call(function, arguments.map(\.expression), type, source.sourcePlace(span)),
            isNullable: isNullable, size: size, height: height + 1)
    }

    /// A call that is NULL where an argument is.
    func strictCall(
        _ function: ScalarFunction, _ arguments: [BoundExpression], _ type: DataType, at span: SourceSpan
    ) -> BoundExpression {
        call(function, arguments, type, isNullable: arguments.contains(where: \.isNullable), at: span)
    }
}

/// The distinct aggregate calls of one SELECT.
struct AggregateCollector {
    struct Call {
        var function: AggregateFunction
        var argument: BoundExpression?
        /// As written.
        var argumentText: String
        var type: DataType
        var place: SourcePlace
    }

    private struct Key: Hashable {
        var function: AggregateFunction
        var argument: ScalarExpression?
    }

    private(set) var calls: [Call] = []
    private var indexes: [Key: Int] = [:]

    /// The call's number; one that is already there is not added again.
    mutating func add(_ call: Call) -> Int {
        let key = Key(function: call.function, argument: call.argument?.expression)
        if let index = indexes[key] { return index }
        indexes[key] = calls.count
        calls.append(call)
        return calls.count - 1
    }
}

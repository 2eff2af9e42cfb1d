import Columnar
import Operators

// Which types meet, and how: numbers become the wider one, timestamps the more precise one, and a string beside a timestamp, a
// DATE or a BOOLEAN becomes one in comparisons. Everything else takes a CAST by the user.

extension ExpressionBinder {
    /// The type two values share in CASE, COALESCE, UNION ALL; nil if there is none.
    static func commonType(_ left: DataType, _ right: DataType) -> DataType? {
        if left == right { return left }
        switch (left, right) {
        case (.int, .bigint), (.bigint, .int): return .bigint
        case (.int, .double), (.double, .int), (.bigint, .double), (.double, .bigint): return .double
        case (.timestamp(let a), .timestamp(let b)): return .timestamp(precision: max(a, b))
        default: return nil
        }
    }

    /// The type two values are compared in.
    static func comparisonType(_ left: DataType, _ right: DataType) -> DataType? {
        switch (left, right) {
        case (.timestamp, .string), (.date, .string), (.boolean, .string): return left
        case (.string, .timestamp), (.string, .date), (.string, .boolean): return right
        default: return commonType(left, right)
        }
    }

    /// The common type of all; NULLs as written do not count. Nil if there is none, or nothing but NULLs.
    func commonType(
        of values: [BoundExpression], _ meet: (DataType, DataType) -> DataType? = ExpressionBinder.commonType
    ) -> DataType? {
        var common: DataType?
        for value in values where !value.isUntypedNull {
            guard let found = common else {
                common = value.type
                continue
            }
            guard let met = meet(found, value.type) else { return nil }
            common = met
        }
        return common
    }

    /// The value as a `type`: literals are converted now, the rest by a CAST.
    func coerced(_ value: BoundExpression, to type: DataType, at span: SourceSpan) throws(SQLError) -> BoundExpression {
        if value.isUntypedNull { return .literal(.null, type) }
        if value.type == type { return value }
        if let literal = value.expression.literal {
            if let converted = literal.widened(to: type) { return .literal(converted, type) }
            if case .string(let text) = literal, type.isTime {
                guard let time = Literal(castFrom: text, to: type) else {
                    throw type == .date ? malformedDate(at: span) : malformedTimestamp(at: span)
                }
                return .literal(time, type)
            }
        }
        return strictCall(.cast, [value], type, at: span)
    }

    /// Refuses a NULL whose type nothing decides.
    func typed(_ value: BoundExpression, at span: SourceSpan) throws(SQLError) -> BoundExpression {
        guard !value.isUntypedNull else {
            throw source.error("this NULL has no type", at: span, hint: "give it one: CAST(NULL AS INT)")
        }
        return value
    }

    /// A BOOLEAN; NULL as written is one where `takesNull`.
    mutating func condition(
        _ expression: Expression, of what: String, takesNull: Bool = true
    ) throws(SQLError) -> BoundExpression {
        let bound = try bind(expression)
        if bound.isUntypedNull, takesNull { return .literal(.null, .boolean) }
        _ = try typed(bound, at: expression.span)
        guard bound.type == .boolean else {
            throw source.error("\(what) must be BOOLEAN, this is \(bound.type)", at: expression.span)
        }
        return bound
    }

    mutating func string(_ expression: Expression, for function: String) throws(SQLError) -> BoundExpression {
        let bound = try typed(try bind(expression), at: expression.span)
        guard bound.type == .string else {
            throw source.error(
                "\(function) takes a STRING, this is \(bound.type)", at: expression.span,
                hint: "CAST(\(source.sourcePlace(expression.span).text) AS STRING)")
        }
        return bound
    }

    // MARK: CAST

    mutating func cast(_ operand: Expression, _ target: TypeSyntax, at span: SourceSpan) throws(SQLError)
        -> BoundExpression
    {
        if try presence(operand) != nil { throw source.notSupported("CAST of a ROW", at: span) }
        let value = try bind(operand)
        if case .row = target.type { throw source.notSupported("CAST to ROW", at: target.span) }
        if value.isUntypedNull { return .literal(.null, target.type) }
        if value.type == target.type { return value }
        guard Cast.isPossible(from: value.type, to: target.type) else {
            throw source.notSupported("CAST of \(value.type) to \(target.type)", at: span)
        }
        if let converted = value.expression.literal?.widened(to: target.type) {
            return .literal(converted, target.type)
        }
        return strictCall(.cast, [value], target.type, at: span)
    }
}

extension Literal {
    /// The same value in a type that holds all of this one's, or nil.
    func widened(to type: DataType) -> Literal? {
        switch (self, type) {
        case (.null, _): .null
        case (.int(let value), .bigint): .bigint(Int64(value))
        case (.int(let value), .double): .double(Double(value))
        case (.bigint(let value), .double): .double(Double(value))
        case (.date(let days), .timestamp(let precision)):
            Literal(micros: Int64(days) * TimestampUnit.microseconds.perDay, precision: precision)
        case (.timestamp(let milliseconds), .timestamp(let precision)):
            Literal(micros: milliseconds &* 1000, precision: precision)
        case (.timestampMicros(let micros), .timestamp(let precision)): Literal(micros: micros, precision: precision)
        default: nil
        }
    }

    /// A timestamp without the digits beyond `precision`.
    ///
    /// - Input: microseconds of the years 0001 to 9999, as every literal is.
    init(micros: Int64, precision: Int) {
        let unit = TimestampUnit(precision: precision)
        let step = 1_000_000 / unit.perSecond * TimestampUnit.step(ofPrecision: precision)
        let rest = micros % step
        let cut = micros - (rest < 0 ? rest + step : rest)
        self = unit == .milliseconds ? .timestamp(cut / 1000) : .timestampMicros(cut)
    }

    /// A DATE or TIMESTAMP out of text, as CAST reads it.
    init?(castFrom text: String, to type: DataType) {
        var text = text
        let literal = text.withUTF8 { bytes -> Literal? in
            let bytes = UnsafeRawBufferPointer(bytes)
            switch type {
            case .date: return CastText.date(bytes).map { .date($0) }
            case .timestamp(let precision):
                return CastText.timestamp(bytes, .microseconds).map { Literal(micros: $0, precision: precision) }
            default: return nil
            }
        }
        guard let literal else { return nil }
        self = literal
    }
}

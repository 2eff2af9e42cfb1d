import Columnar
import Operators

extension ExpressionBinder {
    func literal(_ expression: Expression) throws(SQLError) -> BoundExpression {
        switch expression.kind {
        case .integer(let digits): return try integer(digits, at: expression.span)
        case .decimal(let text), .approximate(let text): return try double(text, at: expression.span)
        case .string(let text):
            guard text.utf8.count <= ExpressionProgram.stringLimit else {
                throw source.error("string longer than \(ExpressionProgram.stringLimit) bytes", at: expression.span)
            }
            return .literal(.string(text), .string)
        case .boolean(let value): return .literal(.boolean(value), .boolean)
        case .unknown: return .literal(.null, .boolean)
        case .date(let text): return try date(text, at: expression.span)
        case .timestamp(let text): return try timestamp(text, at: expression.span)
        case .interval: throw source.notSupported("INTERVAL outside WATERMARK and windows", at: expression.span)
        default: return .untypedNull
        }
    }

    /// INT if it fits, else BIGINT.
    func integer(_ digits: String, at span: SourceSpan) throws(SQLError) -> BoundExpression {
        guard let value = Int64(digits) else { throw source.error("number out of range", at: span) }
        if let small = Int32(exactly: value) { return .literal(.int(small), .int) }
        return .literal(.bigint(value), .bigint)
    }

    /// A decimal literal is a DOUBLE until there is DECIMAL.
    func double(_ text: String, at span: SourceSpan) throws(SQLError) -> BoundExpression {
        let whole = text.hasSuffix(".") ? text + "0" : text.hasPrefix(".") ? "0" + text : text
        let digits = whole.split(separator: ".", omittingEmptySubsequences: false)
        if digits.count == 2, digits[1] == "0", text.hasSuffix(".") { return try integer(String(digits[0]), at: span) }
        // A point before the exponent: `5.e3`.
        let parsed = Double(whole) ?? Double(digits.joined(separator: ".0"))
        guard let value = parsed, value.isFinite else { throw source.error("number out of range", at: span) }
        return .literal(.double(value), .double)
    }

    func timestamp(_ text: String, at span: SourceSpan) throws(SQLError) -> BoundExpression {
        guard let (micros, precision) = TimestampText.timestamp(text) else { throw malformedTimestamp(at: span) }
        guard precision <= TimestampUnit.microseconds.digits else {
            throw source.notSupported(
                "type TIMESTAMP(\(precision))", at: span, hint: "TIMESTAMP(6) holds microseconds")
        }
        return .literal(Literal(micros: micros, precision: precision), .timestamp(precision: precision))
    }

    func date(_ text: String, at span: SourceSpan) throws(SQLError) -> BoundExpression {
        guard let days = TimestampText.date(text) else { throw malformedDate(at: span) }
        return .literal(.date(days), .date)
    }

    func malformedDate(at span: SourceSpan) -> SQLError {
        source.error("malformed date", at: span, hint: "it is written like '2026-01-31'")
    }

    func malformedTimestamp(at span: SourceSpan) -> SQLError {
        source.error("malformed timestamp", at: span, hint: "it is written like '2026-01-31 12:30:00.123'")
    }
}

import Columnar

// A bound, typed expression over the columns of a batch. The binder makes it (with all casts explicit, so that both sides
// of an operator have one type); the evaluator runs it, one kernel call per node and batch. What has no kernel cannot be
// written here.

/// A place in a SQL file, for errors. Never part of an expression's identity.
package struct SourcePlace: Hashable, Sendable {
    /// 1-based; columns count characters.
    package var line: Int
    package var column: Int
    /// The text of the expression as the user wrote it, shortened.
    package var text: String

    package init(line: Int, column: Int, text: String) {
        self.line = line
        self.column = column
        self.text = text
    }

    package static func == (_: SourcePlace, _: SourcePlace) -> Bool { true }
    package func hash(into _: inout Hasher) {}
}

package enum Literal: Hashable, Sendable {
    case null
    case boolean(Bool)
    case int(Int32)
    case bigint(Int64)
    case double(Double)
    case string(String)
    /// Days since 1970-01-01.
    case date(Int32)
    /// Milliseconds since 1970-01-01 00:00:00.
    case timestamp(Int64)
    /// Microseconds, of a TIMESTAMP with more than three digits.
    case timestampMicros(Int64)
}

package enum ScalarFunction: String, Hashable, Sendable {
    // Arithmetic: both sides of one numeric type, which is the result's. Overflow and integer division by zero fail the row.
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "MOD"
    case negate = "negate"
    // Comparison: both sides of one type; NULL where a side is NULL. Strings compare by UTF-8 bytes.
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    /// Two arguments of one type; never NULL.
    case isDistinctFrom = "IS DISTINCT FROM"
    case isNotDistinctFrom = "IS NOT DISTINCT FROM"
    // Three-valued logic.
    case and = "AND"
    case or = "OR"
    case not = "NOT"
    case isNull = "IS NULL"
    case isNotNull = "IS NOT NULL"
    case isTrue = "IS TRUE"
    case isNotTrue = "IS NOT TRUE"
    case isFalse = "IS FALSE"
    case isNotFalse = "IS NOT FALSE"
    /// First argument, then a list of at least one of the same type, NULLs as in SQL.
    case inList = "IN"
    /// Text, pattern, and optionally an escape character (a literal of one character).
    case like = "LIKE"
    /// condition, value, condition, value, …, else. Values are of one type. A branch is evaluated for its own rows only.
    case caseWhen = "CASE"
    /// The first argument that is not NULL; later ones are evaluated only for rows that need them.
    case coalesce = "COALESCE"
    /// To the expression's type.
    case cast = "CAST"
    // Strings. Positions and lengths are BIGINT, in characters (code points), 1-based.
    case substring = "SUBSTRING"
    case concat = "CONCAT"
    case upper = "UPPER"
    case lower = "LOWER"
    /// Text, and the characters to take off (a string argument).
    case trimBoth = "TRIM BOTH"
    case trimLeading = "TRIM LEADING"
    case trimTrailing = "TRIM TRAILING"
    case charLength = "CHAR_LENGTH"
    /// Text, a separator (text or the code of a character, INT or BIGINT), and an index (INT or BIGINT) from 0.
    case splitIndex = "SPLIT_INDEX"
    // Regular expressions, in Java's language: literals.
    /// Text, pattern, group (INT or BIGINT).
    case regexpExtract = "REGEXP_EXTRACT"
    /// Text, pattern.
    case regexp = "REGEXP"
    /// Text, pattern, replacement.
    case regexpReplace = "REGEXP_REPLACE"
}

package indirect enum ScalarExpression: Hashable, Sendable {
    /// The input's column of this index.
    case column(Int, DataType)
    case literal(Literal, DataType)
    case call(ScalarFunction, [ScalarExpression], DataType, SourcePlace)

    package var type: DataType {
        switch self {
        case .column(_, let type), .literal(_, let type), .call(_, _, let type, _): type
        }
    }
}

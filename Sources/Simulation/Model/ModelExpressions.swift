// Projections and conditions over one row, with NULL as the third value of logic.

extension ShapeItem {
    func value(of row: [ModelValue]) -> ModelValue {
        switch self {
        case .column(let column), .named(let column, _): row[column]
        case .plus(let column, let more):
            if case .integer(let value) = row[column] { .integer(value + more) } else { .null }
        case .suffixed(let column, let suffix):
            if case .text(let bytes) = row[column] { .text(bytes + Array(suffix.utf8)) } else { .null }
        case .orElse(let column, let text): row[column].isNull ? .text(text) : row[column]
        case .sign(let column):
            if case .integer(let value) = row[column] { .text(value > 0 ? "plus" : "minus") } else { .null }
        }
    }
}

extension ShapeCondition {
    /// nil: NULL.
    func isTrue(of row: [ModelValue]) -> Bool? {
        switch self {
        case .less(let column, let value): row[column].isNull ? nil : row[column].isLess(than: value)
        case .equal(let column, let value): row[column].isNull ? nil : row[column] == value
        case .isNull(let column): row[column].isNull
        case .remainder(let column, let divisor, let expected):
            // The sign is the dividend's, in SQL as here.
            if case .integer(let value) = row[column] { value % divisor == expected } else { nil }
        case .not(let condition): condition.isTrue(of: row).map { !$0 }
        case .both(let a, let b):
            switch (a.isTrue(of: row), b.isTrue(of: row)) {
            case (false, _), (_, false): false
            case (true, true): true
            default: nil
            }
        case .either(let a, let b):
            switch (a.isTrue(of: row), b.isTrue(of: row)) {
            case (true, _), (_, true): true
            case (false, false): false
            default: nil
            }
        }
    }
}

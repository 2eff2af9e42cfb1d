import Columnar

/// A call to be compiled: its types are checked, and its kernel is chosen.
struct ExpressionCall {
    var function: ScalarFunction
    var arguments: [ScalarExpression]
    var type: DataType
    var place: SourcePlace

    private var types: [DataType] { arguments.map(\.type) }

    /// - Errors: a number or types of arguments that the function's kernel does not take.
    func check() throws(ExpressionError) {
        guard !types.contains(where: \.isRow), !type.isRow, isSound else { throw noKernel }
    }

    private var noKernel: ExpressionError {
        let list = types.map(\.description)
        switch function {
        case .cast where list.count == 1: return .noKernel("CAST(\(list[0]) AS \(type))", place: place)
        default: return .noKernel("\(function.rawValue)(\(list.joined(separator: ", "))) as \(type)", place: place)
        }
    }

    private var isSound: Bool {
        let types = types
        let first = types.first ?? type
        switch function {
        case .add, .subtract, .multiply, .divide, .modulo:
            return types.count == 2 && types.allSatisfy { $0 == type } && type.isNumeric
        case .negate: return types == [type] && type.isNumeric
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isDistinctFrom, .isNotDistinctFrom:
            return types.count == 2 && areAlike(types) && type == .boolean
        case .and, .or: return types.count >= 2 && types.allSatisfy { $0 == .boolean } && type == .boolean
        case .not, .isTrue, .isNotTrue, .isFalse, .isNotFalse: return types == [.boolean] && type == .boolean
        case .isNull, .isNotNull: return types.count == 1 && type == .boolean
        case .inList: return types.count >= 2 && areAlike(types) && type == .boolean
        case .like: return 2...3 ~= types.count && areStrings(types) && type == .boolean && escapeIsSound
        case .caseWhen:
            return types.count >= 3 && types.count % 2 == 1 && conditions.allSatisfy { $0 == .boolean }
                && areAlike(values + [type])
        case .coalesce: return !types.isEmpty && areAlike(types + [type])
        case .cast: return types.count == 1 && Cast.isPossible(from: first, to: type)
        case .substring:
            return 2...3 ~= types.count && first == .string && type == .string
                && types.dropFirst().allSatisfy { $0 == .int || $0 == .bigint }
        case .concat: return !types.isEmpty && areStrings(types) && type == .string
        case .upper, .lower: return types == [.string] && type == .string
        case .trimBoth, .trimLeading, .trimTrailing: return types == [.string, .string] && type == .string
        case .charLength: return types == [.string] && (type == .int || type == .bigint)
        case .splitIndex:
            return types.count == 3 && first == .string && (types[1] == .string || isInteger(types[1]))
                && isInteger(types[2]) && type == .string
        case .regexpExtract:
            return types.count == 3 && areStrings(Array(types[..<2])) && isInteger(types[2]) && type == .string
        case .regexp: return types == [.string, .string] && type == .boolean
        case .regexpReplace: return types == [.string, .string, .string] && type == .string
        }
    }

    /// Of CASE: every second argument but the last.
    private var conditions: [DataType] { types.indices.dropLast().filter { $0 % 2 == 0 }.map { types[$0] } }
    private var values: [DataType] { types.indices.filter { $0 % 2 == 1 || $0 == types.count - 1 }.map { types[$0] } }

    private func areStrings(_ types: [DataType]) -> Bool { types.allSatisfy { $0 == .string } }

    private func isInteger(_ type: DataType) -> Bool { type == .int || type == .bigint }

    /// One type; of timestamps one unit: within it the precision makes no difference to their values.
    private func areAlike(_ types: [DataType]) -> Bool {
        types.allSatisfy { type in
            switch (type, types[0]) {
            case (.timestamp(let a), .timestamp(let b)): TimestampUnit(precision: a) == TimestampUnit(precision: b)
            default: type == types[0]
            }
        }
    }

    private var escapeIsSound: Bool { arguments.count == 2 || escape != nil }

    private var escape: Unicode.Scalar? {
        guard arguments.count == 3, case .literal(.string(let text), _) = arguments[2],
            text.unicodeScalars.count == 1
        else { return nil }
        return text.unicodeScalars.first
    }
}

extension ExpressionCall {
    /// - Input: for each argument its value where that is constant.
    func step(constants: [Column?]) throws(ExpressionError) -> ExpressionProgram.Step {
        switch function {
        case .add: return .arithmetic(.add)
        case .subtract: return .arithmetic(.subtract)
        case .multiply: return .arithmetic(.multiply)
        case .divide: return .arithmetic(.divide)
        case .modulo: return .arithmetic(.modulo)
        case .negate: return .negate
        case .equal: return .comparison(.equal)
        case .notEqual: return .comparison(.notEqual)
        case .less: return .comparison(.less)
        case .lessOrEqual: return .comparison(.lessOrEqual)
        case .greater: return .comparison(.greater)
        case .greaterOrEqual: return .comparison(.greaterOrEqual)
        case .isDistinctFrom: return .distinct(true)
        case .isNotDistinctFrom: return .distinct(false)
        case .and: return .and
        case .or: return .or
        case .not: return .not
        case .isNull: return .nullTest(.isNull)
        case .isNotNull: return .nullTest(.isNotNull)
        case .isTrue: return .nullTest(.isTrue)
        case .isNotTrue: return .nullTest(.isNotTrue)
        case .isFalse: return .nullTest(.isFalse)
        case .isNotFalse: return .nullTest(.isNotFalse)
        case .inList: return membership(constants.dropFirst())
        case .like: return try like(pattern: constants[1])
        case .caseWhen: return .caseWhen
        case .coalesce: return .coalesce
        case .cast: return .cast
        case .substring: return .substring
        case .concat: return .concat
        case .upper: return .letterCase(.upper)
        case .lower: return .letterCase(.lower)
        case .trimBoth: return .trim(.both)
        case .trimLeading: return .trim(.leading)
        case .trimTrailing: return .trim(.trailing)
        case .charLength: return .charLength
        case .splitIndex: return .splitIndex
        case .regexpExtract: return .patternExtraction(try regularExpression(constants[1]))
        case .regexp: return .patternTest(try regularExpression(constants[1]))
        case .regexpReplace: return .patternReplacement(try regularExpression(constants[1]))
        }
    }

    /// - Errors: a pattern that is no literal, or none in the language.
    private func regularExpression(_ pattern: Column?) throws(ExpressionError) -> RegularExpression {
        guard case .string(let column)? = pattern, column.validity == nil else { throw noKernel }
        do throws(InvalidPattern) {
            return try RegularExpression(String(decoding: column.bytes, as: UTF8.self))
        } catch {
            throw .invalidPattern(error, place: place)
        }
    }

    /// Up to four items are compared with one by one: as fast as a search, and without a branch.
    private func membership(_ items: ArraySlice<Column?>) -> ExpressionProgram.Step {
        let constants = items.compactMap { $0 }
        guard constants.count == items.count, items.count > 4, let test = MembershipTest(constants) else {
            return .inItems
        }
        return .inList(test)
    }

    private func like(pattern: Column?) throws(ExpressionError) -> ExpressionProgram.Step {
        guard case .string(let column)? = pattern, column.validity == nil else {
            return .likePatterns(escape: escape)
        }
        let text = String(decoding: column.bytes, as: UTF8.self)
        do {
            return .like(try LikePattern(text.unicodeScalars, escape: escape))
        } catch {
            throw .invalidEscape(pattern: String(text.prefix(40)), place: place)
        }
    }
}

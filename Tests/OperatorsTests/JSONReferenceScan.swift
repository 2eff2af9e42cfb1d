import Columnar

import Operators

// What a scan should give, by the reference reader: line by line, one document at a time.
extension JSONScanSetup {
    func referenceScan(_ bytes: [UInt8]) -> JSONScanResult {
        var result = JSONScanResult()
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            if line.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { continue }
            guard let document = try? JSONReferenceParser.object(in: Array(line)) else {
                if options.badRecords == .skip || options.ignoreParseErrors {
                    result.skippedRecords += 1
                    continue
                }
                return JSONScanResult(failedLine: index)
            }
            let row = JSONReferenceRow(setup: self, document: document)
            if !row.isKept { continue }
            if row.isBad {
                if options.badRecords == .fail { return JSONScanResult(failedLine: index) }
                result.skippedRecords += 1
                continue
            }
            result.rows.append(row.cells)
            result.lines.append(index)
            result.nulledFields += row.countMisfits()
        }
        return result
    }
}

/// One document against the asked-for columns.
private struct JSONReferenceRow {
    enum Finding: Equatable {
        case missing
        case null
        /// The title of the field that does not fit.
        case misfit(String)
        case value(JSONCell)
    }

    private let setup: JSONScanSetup
    private let findings: [Finding]

    init(setup: JSONScanSetup, document: JSONDocument) {
        self.setup = setup
        findings = setup.columns.map { column in
            Self.find(column, in: document, setup: setup)
        }
    }

    private static func find(_ column: ScanColumn, in document: JSONDocument, setup: JSONScanSetup) -> Finding {
        var document = document
        for (depth, name) in column.path.enumerated() {
            guard case .object(let fields) = document else {
                return .misfit(column.path[..<depth].joined(separator: "."))
            }
            guard let field = fields.last(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return .missing }
            if case .null = field.value { return .null }
            document = field.value
        }
        let title = column.path.joined(separator: ".")
        if column.kind == .presence {
            let isAsObject = setup.columns.contains {
                $0.path.starts(with: column.path) && $0.path.count > column.path.count
            }
            if case .row = column.type, case .object = document { return .value(.boolean(true)) }
            if case .row = column.type { return .misfit(title) }
            if isAsObject, case .object = document { return .value(.boolean(true)) }
            if isAsObject { return .misfit(title) }
            // A value that its own column cannot take is NULL, so it is not there.
            for other in setup.columns where other.path == column.path && other.kind == .value {
                if document.converted(to: other.type, format: setup.options.timestampFormat) == nil {
                    return .misfit(title)
                }
            }
            return .value(.boolean(true))
        }
        guard let cell = document.converted(to: column.type, format: setup.options.timestampFormat) else {
            return .misfit(title)
        }
        return .value(cell)
    }

    /// The cell of a column; nil where nothing can be said of it.
    private func cell(_ index: Int) -> JSONCell? {
        let column = setup.columns[index]
        switch findings[index] {
        case .value(let cell): return cell
        case .misfit where !setup.options.ignoreParseErrors: return nil
        default:
            if column.kind == .presence { return .boolean(false) }
            return column.isNullable ? .null : nil
        }
    }

    var cells: [JSONCell] { findings.indices.map { cell($0) ?? .null } }

    var isKept: Bool {
        setup.predicates.allSatisfy { predicate in
            guard let cell = cell(predicate.column) else { return true }
            return cell.satisfies(predicate)
        }
    }

    var isBad: Bool {
        findings.indices.contains { index in
            if cell(index) == nil { return true }
            return setup.options.failOnMissingField && findings[index] == .missing
                && setup.columns[index].kind == .value
        }
    }

    func countMisfits() -> Int {
        var titles: Set<String> = []
        for case .misfit(let title) in findings { titles.insert(title) }
        return titles.count
    }
}

extension JSONCell {
    func satisfies(_ predicate: ScanPredicate) -> Bool {
        if case .isNull = predicate.comparison { return self == .null }
        if case .isNotNull = predicate.comparison { return self != .null }
        switch (self, predicate.literal) {
        case (.boolean(let a), .boolean(let b)): return Self.compare(a ? 1 : 0, b ? 1 : 0, predicate.comparison)
        case (.integer(let a), .int(let b)): return Self.compare(a, Int64(b), predicate.comparison)
        case (.integer(let a), .date(let b)): return Self.compare(a, Int64(b), predicate.comparison)
        case (.integer(let a), .bigint(let b)), (.integer(let a), .timestamp(let b)),
            (.integer(let a), .timestampMicros(let b)):
            return Self.compare(a, b, predicate.comparison)
        case (.double(let a), .double(let b)): return Self.compare(Double(bitPattern: a), b, predicate.comparison)
        case (.string(let a), .string(let b)):
            let b = Array(b.utf8)
            let order = a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
            return Self.compare(order, 0, predicate.comparison)
        default: return false
        }
    }

    private static func compare<Value: Comparable>(
        _ a: Value, _ b: Value, _ comparison: ScanPredicate.Comparison
    ) -> Bool {
        switch comparison {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .isNull, .isNotNull: false
        }
    }
}

// MARK: - Conversions

extension JSONDocument {
    /// nil where the value does not fit the type.
    func converted(to type: DataType, format: JSONTimestampFormat) -> JSONCell? {
        switch (type, self) {
        case (.string, .string(let text)): .text(text)
        case (.string, _): .text(compact)
        case (.boolean, .boolean(let value)): .boolean(value)
        case (.boolean, .string(let text)):
            switch Self.trimmed(text).lowercased() {
            case "true": .boolean(true)
            case "false": .boolean(false)
            default: nil
            }
        case (.bigint, .number(let text)): Self.truncated(text).map { .integer($0.value) }
        case (.bigint, .string(let text)): Self.integer(text).map { .integer($0) }
        case (.int, .number(let text)):
            Self.truncated(text).flatMap {
                guard let value = Int32(exactly: $0.value) else { return nil }
                let isLimit = value == .max || value == .min
                return isLimit && !$0.isExact ? nil : .integer(Int64(value))
            }
        case (.int, .string(let text)): Self.integer(text).flatMap { Int32(exactly: $0) }.map { .integer(Int64($0)) }
        case (.double, .number(let text)): Double(text).map { .number($0) }
        case (.double, .string(let text)): Self.double(text).map { .number($0) }
        case (.date, .string(let text)):
            text.utf8.count == 10
                ? Self.timestamp(text + " 00:00:00", precision: 0, separator: " ").map { .integer($0 / 86_400_000) }
                : nil
        case (.timestamp(let precision), .string(let text)):
            Self.timestamp(text, precision: precision, separator: format == .sql ? " " : "T").map { .integer($0) }
        default: nil
        }
    }

    private static func trimmed(_ text: String) -> String {
        var scalars = Array(text.unicodeScalars)
        while let last = scalars.last, last.value <= 32 { scalars.removeLast() }
        while let first = scalars.first, first.value <= 32 { scalars.removeFirst() }
        var out = ""
        out.unicodeScalars.append(contentsOf: scalars)
        return out
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func integer(_ text: String) -> Int64? {
        let text = trimmed(text)
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        return isDigits(digits) ? Int64(text) : nil
    }

    private static func double(_ text: String) -> Double? {
        let text = trimmed(text)
        switch text {
        case "NaN", "+NaN", "-NaN": return .nan
        case "Infinity", "+Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: break
        }
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), text.contains(where: \.isNumber) else {
            return nil
        }
        return Double(text)
    }

    /// By moving the point in the digits.
    private static func truncated(_ text: String) -> (value: Int64, isExact: Bool)? {
        let parts = text.lowercased().split(separator: "e")
        let isNegative = text.hasPrefix("-")
        let mantissa = (isNegative ? parts[0].dropFirst() : parts[0]).split(separator: ".")
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        let digits = Array(mantissa[0].utf8) + Array(fraction.utf8)
        if digits.allSatisfy({ $0 == 0x30 }) { return (0, true) }
        let exponent =
            parts.count > 1
            ? max(-99_999, min(99_999, Int(parts[1]) ?? (parts[1].hasPrefix("-") ? -99_999 : 99_999))) : 0
        let point = mantissa[0].utf8.count + exponent
        var whole = isNegative ? "-" : ""
        for index in 0..<max(0, point) {
            whole.unicodeScalars.append(Unicode.Scalar(index < digits.count ? digits[index] : 0x30))
        }
        if point <= 0 { whole += "0" }
        guard let value = Int64(whole) else { return nil }
        return (value, digits.dropFirst(max(0, point)).allSatisfy { $0 == 0x30 })
    }

    private static func timestamp(_ text: String, precision: Int, separator: Character) -> Int64? {
        let characters = Array(text)
        let pattern = Array("dddd-dd-dd\(separator)dd:dd:dd")
        guard characters.count >= 19, text.utf8.count == characters.count else { return nil }
        for (character, expected) in zip(characters, pattern) {
            if expected == "d" ? !("0"..."9").contains(character) : character != expected { return nil }
        }
        func number(_ range: Range<Int>) -> Int { Int(String(characters[range])) ?? 0 }
        let year = number(0..<4), month = number(5..<7), day = number(8..<10)
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard year >= 1, (1...12).contains(month), (1...lengths[month - 1]).contains(day), number(11..<13) < 24,
            number(14..<16) < 60, number(17..<19) < 60
        else { return nil }
        var fraction = ""
        if characters.count > 19 {
            fraction = String(characters[20...])
            guard characters[19] == ".", fraction.count <= 9, fraction.isEmpty || isDigits(fraction) else { return nil }
        }
        var days = 0
        if year >= 1970 {
            for y in 1970..<year { days += y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365 }
        } else {
            for y in year..<1970 { days -= y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365 }
        }
        for m in 0..<(month - 1) { days += lengths[m] }
        days += day - 1
        let seconds = ((days * 24 + number(11..<13)) * 60 + number(14..<16)) * 60 + number(17..<19)
        let digits = precision <= 3 ? 3 : 6
        let kept = String((fraction + "000000").prefix(min(6, precision)))
        return Int64(seconds * (digits == 3 ? 1000 : 1_000_000) + (Int((kept + "000000").prefix(digits)) ?? 0))
    }
}

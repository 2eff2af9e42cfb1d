// Interval literals: `INTERVAL '4' SECOND`, `INTERVAL '1 10:30' DAY TO MINUTE`, `INTERVAL -'3' MONTHS`. Two kinds that never
// mix: a number of milliseconds, and a number of months, whose length no clock knows.

extension Parser {
    mutating func interval() throws(SQLError) -> Expression {
        let start = token.span
        try expect("INTERVAL")
        var isNegative = false
        if try acceptSymbol("-") { isNegative = true } else { _ = try acceptSymbol("+") }
        guard token.kind == .string else { throw unexpected("a string such as '4'") }
        let value = token
        try advance()
        let first = try intervalUnit()
        var last = first
        if try accept("TO") { last = try intervalUnit() }
        guard let range = IntervalRange(first: first, last: last) else {
            throw source.error(
                "an interval cannot run from \(first.rawValue) to \(last.rawValue)", at: start.through(previousSpan))
        }
        guard let syntax = range.parse(value.text, isNegative: isNegative) else {
            throw source.error("malformed interval", at: value.span, hint: "it is written like \(range.example)")
        }
        return Expression(.interval(syntax), start.through(previousSpan))
    }

    /// A unit, in the singular or the plural, with a precision that nobody needs: `SECONDS`, `DAY(3)`, `SECOND(2, 3)`.
    private mutating func intervalUnit() throws(SQLError) -> IntervalUnit {
        guard token.kind == .word, let unit = IntervalUnit(word: token.text) else {
            throw unexpected("SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER or YEAR")
        }
        try advance()
        if try acceptSymbol("(") {
            repeat {
                guard token.kind == .integer, token.text.utf8.count <= 2 else { throw unexpected("a precision") }
                try advance()
            } while try acceptSymbol(",")
            try expectSymbol(")")
        }
        return unit
    }
}

enum IntervalUnit: String, CaseIterable {
    case year = "YEAR"
    case quarter = "QUARTER"
    case month = "MONTH"
    case week = "WEEK"
    case day = "DAY"
    case hour = "HOUR"
    case minute = "MINUTE"
    case second = "SECOND"

    init?(word: String) {
        guard let unit = Self.allCases.first(where: { $0.rawValue == word || $0.rawValue + "S" == word }) else {
            return nil
        }
        self = unit
    }

    /// Milliseconds, or nil for what is counted in months.
    var milliseconds: Int64? {
        switch self {
        case .year, .quarter, .month: nil
        case .week: 604_800_000
        case .day: 86_400_000
        case .hour: 3_600_000
        case .minute: 60_000
        case .second: 1000
        }
    }

    var months: Int64 {
        switch self {
        case .year: 12
        case .quarter: 3
        default: 1
        }
    }
}

/// The units an interval is written in: one, or those from `first` to `last`.
private struct IntervalRange {
    private static let clock: [IntervalUnit] = [.day, .hour, .minute, .second]

    private let units: [IntervalUnit]

    /// Nil where the two do not make a range.
    init?(first: IntervalUnit, last: IntervalUnit) {
        if first == last {
            units = [first]
        } else if first == .year, last == .month {
            units = [.year, .month]
        } else if let low = Self.clock.firstIndex(of: first), let high = Self.clock.firstIndex(of: last), low < high {
            units = Array(Self.clock[low...high])
        } else {
            return nil
        }
    }

    var example: String {
        let names = units.count == 1 ? units[0].rawValue : "\(units[0].rawValue) TO \(units[units.count - 1].rawValue)"
        var text = "4"
        for unit in units.dropFirst() {
            text += unit == .month ? "-6" : unit == .hour ? " 12" : ":30"
        }
        return "INTERVAL '\(text)' \(names)"
    }

    /// Nil if `text` does not have the units, a number has more than nine digits, one but the first is out of its range, or
    /// there is a fraction of anything but seconds.
    func parse(_ text: String, isNegative: Bool) -> IntervalSyntax? {
        var rest = Substring(text)
        var sign: Int64 = isNegative ? -1 : 1
        if let mark = rest.first, mark == "-" || mark == "+" {
            if mark == "-" { sign = -sign }
            rest.removeFirst()
        }
        guard let numbers = split(rest) else { return nil }
        var total: Int64 = 0
        for (index, unit) in units.enumerated() {
            let fraction = unit == .second ? numbers[index].split(separator: ".", omittingEmptySubsequences: false) : []
            guard let number = Self.number(fraction.first ?? numbers[index]), fraction.count <= 2 else { return nil }
            if index > 0, number >= Self.limit(of: unit) { return nil }
            total += number * (unit.milliseconds ?? unit.months)
            if fraction.count == 2 {
                guard let milliseconds = Self.milliseconds(ofFraction: fraction[1]) else { return nil }
                total += milliseconds
            }
        }
        return units[0].milliseconds == nil
            ? IntervalSyntax(milliseconds: 0, months: sign * total)
            : IntervalSyntax(milliseconds: sign * total, months: 0)
    }

    /// `1 10:30:00` into one number a unit.
    private func split(_ text: Substring) -> [Substring]? {
        var numbers: [Substring] = []
        var rest = text
        for next in units.dropFirst() {
            let mark: Character = next == .month ? "-" : next == .hour ? " " : ":"
            guard let end = rest.firstIndex(of: mark) else { return nil }
            numbers.append(rest[..<end])
            rest = rest[rest.index(after: end)...]
        }
        return numbers + [rest]
    }

    private static func limit(of unit: IntervalUnit) -> Int64 {
        switch unit {
        case .month: 12
        case .hour: 24
        default: 60
        }
    }

    /// Thousandths; more digits have to be zeros.
    private static func milliseconds(ofFraction digits: Substring) -> Int64? {
        guard digits.utf8.count <= 9, number(digits) != nil, digits.utf8.dropFirst(3).allSatisfy({ $0 == 0x30 }),
            let fraction = number(digits.prefix(3))
        else { return nil }
        return fraction * [1000, 100, 10, 1][min(digits.utf8.count, 3)]
    }

    private static func number(_ digits: Substring) -> Int64? {
        guard !digits.isEmpty, digits.utf8.count <= 9, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return Int64(digits)
    }
}

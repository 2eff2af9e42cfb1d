/// Durations and sizes as Flink's configuration writes them: `30 min`, `128MB`. A number without a unit is milliseconds, or bytes.
package enum Quantity {
    package static func milliseconds(_ text: String) -> Int64? { parse(text, units: durations, without: 1) }

    static func bytes(_ text: String) -> Int64? { parse(text, units: sizes, without: 1) }

    static let durationHint = "a duration is written like '500 ms', '10 s', '30 min' or '1 h'"
    static let sizeHint = "a size is written like '64kb', '128MB' or '1g'"

    private static func parse(_ text: String, units: [String: Int64], without: Int64) -> Int64? {
        let trimmed = text.drop { $0.isWhitespace }
        let digits = trimmed.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let number = Int64(digits) else { return nil }
        var unit = String(trimmed.dropFirst(digits.count)).lowercased()
        unit = String(unit.drop { $0.isWhitespace })
        while unit.last?.isWhitespace == true { unit.removeLast() }
        guard let factor = unit.isEmpty ? without : units[unit] else { return nil }
        if factor < 0 { return number / -factor }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// Milliseconds in a unit; a negative factor divides.
    private static let durations: [String: Int64] = table([
        (86_400_000, "d day days"), (3_600_000, "h hour hours"), (60_000, "m min minute minutes"),
        (1000, "s sec secs second seconds"), (1, "ms milli millis millisecond milliseconds"),
        (-1000, "µs micro micros microsecond microseconds"), (-1_000_000, "ns nano nanos nanosecond nanoseconds"),
    ])

    private static let sizes: [String: Int64] = table([
        (1, "b bytes"), (1 << 10, "k kb kibibytes"), (1 << 20, "m mb mebibytes"), (1 << 30, "g gb gibibytes"),
        (1 << 40, "t tb tebibytes"),
    ])

    private static func table(_ rows: [(Int64, String)]) -> [String: Int64] {
        var units: [String: Int64] = [:]
        for (factor, names) in rows {
            for name in names.split(separator: " ") { units[String(name)] = factor }
        }
        return units
    }
}

import Columnar
import HostSystem
import Testing

/// Numbers as text: whole ones against the standard library, DOUBLE against Java's documented forms and round trips.
@Suite struct TextFormattingTests {
    @Test func wholeNumbersAreWrittenAsTheLibraryDoes() {
        let seed: UInt64 = 0x1A2C
        var random = SplitMix64(seed: seed)
        var values: [Int64] = [0, .max, .min]
        var power: Int64 = 1
        for _ in 0..<19 {
            values += [power, power - 1, power + 1, -power]
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        for _ in 0..<20_000 { values.append(Int64(bitPattern: random.next()) >> Int64(random.below(64))) }
        for value in values { #expect(format(value) == String(value), "\(value) of seed \(seed)") }
    }

    @Test(
        arguments: [
            (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (100, "100.0"), (-1.5, "-1.5"), (0.1, "0.1"), (0.001, "0.001"),
            (0.0012345, "0.0012345"), (0.00001, "1.0E-5"), (0.000999, "9.99E-4"), (9_999_999, "9999999.0"),
            (9_999_999.5, "9999999.5"), (1e7, "1.0E7"), (12_345_678.9, "1.23456789E7"), (1e10, "1.0E10"),
            (1e21, "1.0E21"), (1e23, "1.0E23"), (1.0 / 3, "0.3333333333333333"), (0.1 + 0.2, "0.30000000000000004"),
            (100.0 / 3, "33.333333333333336"), (1e15, "1.0E15"), (123_456_789_012_345_680, "1.2345678901234568E17"),
            (.greatestFiniteMagnitude, "1.7976931348623157E308"), (.leastNormalMagnitude, "2.2250738585072014E-308"),
            (.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity"),
            (.leastNonzeroMagnitude, "4.9E-324"), (.leastNonzeroMagnitude * 2, "9.9E-324"),
            (.leastNonzeroMagnitude * 3, "1.5E-323"), (.leastNonzeroMagnitude * 4, "2.0E-323"),
            (.leastNonzeroMagnitude * 10, "4.9E-323"), (.leastNonzeroMagnitude * 12, "5.9E-323"),
        ] as [(Double, String)])
    func doublesAreWrittenAsJavaDoes(value: Double, text: String) { #expect(format(value) == text) }

    /// The digits are the library's shortest ones, laid out by a slow rule; and they give the value back.
    @Test func randomDoublesAreShortestAndReadBack() {
        let seed: UInt64 = 0x5409
        var random = SplitMix64(seed: seed)
        for _ in 0..<30_000 {
            let value =
                switch random.below(4) {
                case 0: Double(bitPattern: random.next())
                case 1: Double(random.below(1_000_000_000)) / Double([1, 10, 100, 1000, 10_000][random.below(5)])
                case 2: Double(random.below(1 << 53)) * 0x1p-53
                default: -Double(random.below(1_000_000)) * 1.1
                }
            guard value.isFinite, value.magnitude > .leastNonzeroMagnitude * 1000 else { continue }
            #expect(format(value) == value.javaForm, "\(value) of seed \(seed)")
            let back = format(value).withBytes(TextParsing.double)
            #expect(back?.bitPattern == value.bitPattern, "\(value) of seed \(seed)")
        }
    }

    private func format(_ value: Int64) -> String {
        var out: [UInt8] = [0x3E]
        TextFormatting.append(value, to: &out)
        return String(decoding: out.dropFirst(), as: UTF8.self)
    }

    private func format(_ value: Double) -> String {
        var out: [UInt8] = [0x3E]
        TextFormatting.append(value, to: &out)
        return String(decoding: out.dropFirst(), as: UTF8.self)
    }
}

extension Double {
    fileprivate var javaForm: String {
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        var digits = mantissa.joined()
        var pointAt = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            pointAt -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        let sign = self.sign == .minus ? "-" : ""
        if digits == "0" { return sign + "0.0" }
        if pointAt > 7 || pointAt < -2 {
            let rest = digits.count > 1 ? String(digits.dropFirst()) : "0"
            return "\(sign)\(digits.prefix(1)).\(rest)E\(pointAt - 1)"
        }
        if pointAt <= 0 { return sign + "0." + String(repeating: "0", count: -pointAt) + digits }
        let whole = digits.prefix(pointAt) + String(repeating: "0", count: max(0, pointAt - digits.count))
        let fraction = digits.dropFirst(pointAt)
        return sign + whole + "." + (fraction.isEmpty ? "0" : fraction)
    }
}

import Glibc

// Numbers as Flink reads them: an integer column takes any JSON number, cut towards zero, and text with an integer in it;
// a DOUBLE column any number (too large ones are infinite) and text with a number, `NaN` or `Infinity` in it.
enum JSONNumbers {
    /// A checked JSON number, cut towards zero; nil beyond BIGINT. `isExact`: nothing was cut off.
    static func integer(_ start: JSONBytes, end: JSONBytes) -> (value: Int64, isExact: Bool)? {
        let isNegative = start.pointee == UInt8(ascii: "-")
        let mantissa = isNegative ? start + 1 : start
        let whole = JSONGrammar.skipDigits(mantissa)
        var mantissaEnd = whole
        if whole.pointee == UInt8(ascii: ".") { mantissaEnd = JSONGrammar.skipDigits(whole + 1) }
        // Digits in front of the point, once the exponent has moved it.
        var wholeDigits = (whole - mantissa) + (mantissaEnd < end ? exponent(mantissaEnd + 1, end: end) : 0)
        var magnitude: UInt64 = 0
        var isExact = true
        var p = mantissa
        while p < mantissaEnd {
            if p.pointee != UInt8(ascii: ".") {
                if wholeDigits > 0 {
                    guard append(p.pointee &- 0x30, to: &magnitude) else { return nil }
                } else if p.pointee != 0x30 {
                    isExact = false
                }
                wholeDigits -= 1
            }
            p += 1
        }
        while wholeDigits > 0, magnitude != 0 {
            guard append(0, to: &magnitude) else { return nil }
            wholeDigits -= 1
        }
        return signed(magnitude, isNegative: isNegative).map { ($0, isExact) }
    }

    /// An exponent with its sign, cut to what can make a difference in a line.
    private static func exponent(_ start: JSONBytes, end: JSONBytes) -> Int {
        let isNegative = start.pointee == UInt8(ascii: "-")
        var value = 0
        var p = isNegative || start.pointee == UInt8(ascii: "+") ? start + 1 : start
        while p < end {
            if value < 1 << 40 { value = value * 10 + Int(p.pointee &- 0x30) }
            p += 1
        }
        return isNegative ? -value : value
    }

    private static func append(_ digit: UInt8, to magnitude: inout UInt64) -> Bool {
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        magnitude = sum
        return !overflow && !carry
    }

    private static func signed(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
        if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int64(exactly: magnitude)
    }

    /// Text with an integer in it, white space around it.
    static func integer(text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var text = trimmed(text)
        guard let first = text.first else { return nil }
        if first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { text = text.dropFirst() }
        if text.isEmpty { return nil }
        var magnitude: UInt64 = 0
        for byte in text {
            guard JSONGrammar.isDigit(byte), append(byte &- 0x30, to: &magnitude) else { return nil }
        }
        return signed(magnitude, isNegative: first == UInt8(ascii: "-"))
    }

    /// Without what Java's `trim` takes off.
    static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> Slice<UnsafeBufferPointer<UInt8>> {
        var slice = text[...]
        while let first = slice.first, first <= 0x20 { slice = slice.dropFirst() }
        while let last = slice.last, last <= 0x20 { slice = slice.dropLast() }
        return slice
    }
}

// MARK: - DOUBLE

extension JSONNumbers {
    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]

    /// A checked JSON number; infinite where it is too large. A byte that belongs to no number must follow it.
    static func double(_ start: JSONBytes, end: JSONBytes) -> Double {
        let isNegative = start.pointee == UInt8(ascii: "-")
        var p = isNegative ? start + 1 : start
        var mantissa: UInt64 = 0
        var digits = 0
        var scale = 0
        var isFraction = false
        while p < end {
            let byte = p.pointee
            if JSONGrammar.isDigit(byte) {
                mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
                if mantissa != 0 { digits += 1 }
                if isFraction { scale -= 1 }
            } else if byte == UInt8(ascii: ".") {
                isFraction = true
            } else {
                scale += exponent(p + 1, end: end)
                break
            }
            p += 1
        }
        // Both exact in a Double, so one rounding, and the right one (Clinger 1990).
        if digits <= 18, mantissa <= 1 << 53, -22...22 ~= scale {
            let exact = Double(mantissa)
            let value = scale < 0 ? exact / powersOfTen[-scale] : exact * powersOfTen[scale]
            return isNegative ? -value : value
        }
        return UnsafeRawPointer(start).withMemoryRebound(to: CChar.self, capacity: end - start) { strtod($0, nil) }
    }

    /// Text with a decimal number in it (Java's: `.5`, `5.`, `+1e5` too, but neither suffixes nor hexadecimal), `NaN` or
    /// `Infinity`; white space around it.
    static func double(text: UnsafeBufferPointer<UInt8>) -> Double? {
        let text = trimmed(text)
        var digits = text
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            digits = text.dropFirst()
        }
        let isNegative = text.first == UInt8(ascii: "-")
        if digits.elementsEqual("NaN".utf8) { return .nan }
        if digits.elementsEqual("Infinity".utf8) { return isNegative ? -.infinity : .infinity }
        guard isDecimal(digits) else { return nil }
        // With an end of its own: what follows in the line could be taken for a part of the number.
        var terminated = text.map { CChar(bitPattern: $0) }
        terminated.append(0)
        return strtod(terminated, nil)
    }

    private static func isDecimal(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var rest = text
        func takeDigits() -> Int {
            let count = rest.prefix(while: JSONGrammar.isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        var count = takeDigits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += takeDigits()
        }
        guard count > 0 else { return false }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

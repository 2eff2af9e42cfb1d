// Decimal text to the nearest DOUBLE, ties to even.
//
// The text is m × 10^e with an integer m of at most 19 digits. Then, from cheap to dear:
//  1. m ≤ 2^53 and |e| ≤ 22: m and 10^|e| are exact, so one multiplication or division rounds once (Clinger, PLDI 1990).
//  2. |e| ≤ 27: 5^|e| fits in 64 bits, so m × 5^e is exact in 128 bits, and m / 5^|e| is a 64-bit quotient whose remainder
//     is kept as one sticky bit: rounding that to 53 bits rounds once.
//  3. More than 19 digits: the value lies between m and m + 1; where both round alike by 1 or 2, that is the answer.
//  4. The standard library, over the first 800 digits and a sticky one: no tie needs more than 768.

extension TextParsing {
    /// What Java's `Double.parseDouble` reads, without hexadecimal and the suffixes `d` and `f`: `1`, `.5`, `1.`, `1e-3`,
    /// `NaN`, `Infinity`, with a sign. Too large is infinite, too small is zero.
    package static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let base = text.baseAddress, text.count > 0 else { return nil }
        let first = base.load(as: UInt8.self)
        let isNegative = first == UInt8(ascii: "-")
        let start = isNegative || first == UInt8(ascii: "+") ? 1 : 0
        let unsigned = UnsafeRawBufferPointer(rebasing: text[start...])
        guard let magnitude = unsignedDouble(unsigned) ?? namedDouble(unsigned) else { return nil }
        return isNegative ? -magnitude : magnitude
    }

    private static func namedDouble(_ text: UnsafeRawBufferPointer) -> Double? {
        if text.elementsEqual("NaN".utf8) { return .nan }
        return text.elementsEqual("Infinity".utf8) ? .infinity : nil
    }

    private static func unsignedDouble(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let decimal = DecimalText(text) else { return nil }
        if !decimal.isCut { return nearest(decimal.mantissa, decimal.exponent) ?? decimal.nearestOfAllDigits(text) }
        if let below = nearest(decimal.mantissa, decimal.exponent),
            let above = nearest(decimal.mantissa &+ 1, decimal.exponent), below == above
        {
            return below
        }
        return decimal.nearestOfAllDigits(text)
    }

    /// The double nearest to `mantissa` × 10^`exponent`, nil where that takes more than 128 bits.
    package static func nearest(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        if mantissa == 0 || exponent < -400 { return 0 }
        if exponent > 400 { return .infinity }
        guard -27...27 ~= exponent else { return nil }
        let power = powersOfFive[abs(exponent)]
        if mantissa <= 1 << 53, -22...22 ~= exponent {
            // 10^22 has a 52-bit factor 5^22, so the conversion and the shift are exact.
            let ten = Double(power) * Double(UInt64(1) << UInt64(abs(exponent)))
            return exponent < 0 ? Double(mantissa) / ten : Double(mantissa) * ten
        }
        return exponent < 0 ? quotient(mantissa, power, exponent) : product(mantissa, power, exponent)
    }

    private static func product(_ mantissa: UInt64, _ power: UInt64, _ exponent: Int) -> Double {
        let (high, low) = mantissa.multipliedFullWidth(by: power)
        guard high != 0 else { return scaled(low, isInexact: false, by: exponent) }
        let shift = UInt64(high.leadingZeroBitCount)
        let top = shift == 0 ? high : high << shift | low >> (64 - shift)
        return scaled(top, isInexact: low << shift != 0, by: exponent + 64 - Int(shift))
    }

    private static func quotient(_ mantissa: UInt64, _ power: UInt64, _ exponent: Int) -> Double {
        let mantissaShift = mantissa.leadingZeroBitCount
        let powerShift = power.leadingZeroBitCount
        let dividend = mantissa << UInt64(mantissaShift)
        let divisor = power << UInt64(powerShift)
        // Half of the dividend is below the divisor, as both have their top bit: the quotient has 63 or 64 bits.
        let (quotient, remainder) = divisor.dividingFullWidth((dividend >> 1, dividend << 63))
        return scaled(quotient, isInexact: remainder != 0, by: exponent - 63 - mantissaShift + powerShift)
    }

    /// `bits` × 2^`shift`, rounded once. Where inexact, `bits` has over 60 bits, so that its lowest is far below the rounding.
    private static func scaled(_ bits: UInt64, isInexact: Bool, by shift: Int) -> Double {
        // The result is within 10^±50 here: never subnormal, never infinite, so the power of two is exact.
        Double(bits | (isInexact ? 1 : 0)) * Double(bitPattern: UInt64(1023 + shift) << 52)
    }

    static let powersOfFive: [UInt64] = (0...27).map { (0..<$0).reduce(1) { power, _ in power * 5 } }
}

/// Where the parts of a decimal number are, and its first 19 significant digits.
private struct DecimalText {
    var mantissa: UInt64 = 0
    /// The value is `mantissa` × 10^`exponent`, or a little more where `isCut`.
    var exponent = 0
    /// There are digits other than 0 beyond the mantissa's.
    var isCut = false
    /// Where the digits and the point end.
    private var digitsEnd = 0
    private var writtenExponent = 0

    /// nil where the text is not digits with an optional point and exponent.
    init?(_ text: UnsafeRawBufferPointer) {
        var digits = 0
        var significant = 0
        var isFraction = false
        while digitsEnd < text.count {
            let byte = text[digitsEnd]
            let digit = byte &- UInt8(ascii: "0")
            if digit <= 9 {
                digits += 1
                if significant < 19 {
                    mantissa = mantissa &* 10 &+ UInt64(digit)
                    if mantissa != 0 { significant += 1 }
                    if isFraction { exponent -= 1 }
                } else {
                    isCut = isCut || digit != 0
                    if !isFraction { exponent += 1 }
                }
            } else if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else {
                break
            }
            digitsEnd += 1
        }
        guard digits > 0, readExponent(text) else { return nil }
        exponent += writtenExponent
    }

    private mutating func readExponent(_ text: UnsafeRawBufferPointer) -> Bool {
        var at = digitsEnd
        guard at < text.count else { return true }
        guard text[at] | 0x20 == UInt8(ascii: "e") else { return false }
        at += 1
        let isNegative = at < text.count && text[at] == UInt8(ascii: "-")
        if isNegative || (at < text.count && text[at] == UInt8(ascii: "+")) { at += 1 }
        guard at < text.count else { return false }
        for byte in text[at...] {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return false }
            // Beyond 2^40 no count of digits brings it back.
            if writtenExponent < 1 << 40 { writtenExponent = writtenExponent * 10 + Int(digit) }
        }
        if isNegative { writtenExponent = -writtenExponent }
        return true
    }

    func nearestOfAllDigits(_ text: UnsafeRawBufferPointer) -> Double? {
        let most = 800
        return withUnsafeTemporaryAllocation(byteCount: most + 64, alignment: 1) { copy in
            var kept = 0
            var power = writtenExponent
            var isFraction = false
            var isSticky = false
            for byte in text[..<digitsEnd] {
                if byte == UInt8(ascii: ".") {
                    isFraction = true
                    continue
                }
                if isFraction { power -= 1 }
                if kept == 0 && byte == UInt8(ascii: "0") { continue }
                if kept < most {
                    copy[kept] = byte
                    kept += 1
                } else {
                    isSticky = isSticky || byte != UInt8(ascii: "0")
                    power += 1
                }
            }
            if isSticky {
                copy[kept] = UInt8(ascii: "1")
                kept += 1
                power -= 1
            }
            copy[kept] = UInt8(ascii: "e")
            kept += 1
            // Beyond 10^±2000 it is infinite or zero with 801 digits just as well.
            let bounded = Int64(min(max(power, -2000), 2000))
            kept += TextFormatting.write(bounded, to: copy.baseAddress.unsafelyUnwrapped + kept)
            return Double(String(decoding: copy[..<kept], as: UTF8.self))
        }
    }
}

// DOUBLE as Java's `Double.toString` writes it: the shortest digits that give the same value back (the closest of those),
// plain from 10^-3 to below 10^7, else `d.dddE±x`, always with a point and a digit on both sides of it.
//
// The digits: nearly all doubles in data are m / 10^k with m ≤ 10^15. Two such decimals never share a double, so where
// m / 10^k, divided once, is the value, m without its trailing zeros is the answer. The rest comes from the standard
// library's `description`, which is shortest and closest too. One rule of Java is its own: where one digit suffices it
// takes the closest of two digits, which differs among the smallest subnormals (`4.9E-324`).

extension TextFormatting {
    package static func append(_ value: Double, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: roomBytes, alignment: 8) { room in
            let start = room.baseAddress.unsafelyUnwrapped
            out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: write(value, to: start)))
        }
    }

    /// - Output: the bytes written.
    package static func write(_ value: Double, to out: UnsafeMutableRawPointer) -> Int {
        guard value.isFinite else { return write(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity", to: out) }
        var at = out
        if value.sign == .minus {
            at.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
            at += 1
        }
        at += ShortestDecimal(value.magnitude).write(to: at)
        return at - out
    }

    private static func write(_ text: StaticString, to out: UnsafeMutableRawPointer) -> Int {
        out.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        return text.utf8CodeUnitCount
    }
}

/// `digits` × 10^`exponent`, the digits without trailing zeros.
private struct ShortestDecimal {
    var digits: UInt64
    var exponent: Int

    /// Of a finite value that is not negative.
    init(_ value: Double) {
        if let simple = ShortestDecimal(quotient: value) {
            self = simple
        } else {
            self.init(description: value)
            if value.bitPattern < 1000, digits < 10 { self.init(subnormal: value) }
        }
        while digits >= 10, digits % 10 == 0 {
            digits /= 10
            exponent += 1
        }
    }

    private init?(quotient value: Double) {
        guard value < 1e15 else { return nil }
        var power: UInt64 = 1
        for scale in 0..<10 {
            let digits = (value * Double(power)).rounded()
            guard digits <= 1e15 else { return nil }
            if digits / Double(power) == value {
                self.digits = UInt64(digits)
                exponent = -scale
                return
            }
            power *= 10
        }
        return nil
    }

    /// From `12.5`, `1e+20`, `5e-324`.
    private init(description value: Double) {
        var text = value.description
        (digits, exponent) = text.withUTF8 { text in
            var digits: UInt64 = 0
            var exponent = 0
            var isFraction = false
            var at = 0
            while at < text.count, text[at] != UInt8(ascii: "e") {
                if text[at] == UInt8(ascii: ".") {
                    isFraction = true
                } else {
                    digits = digits &* 10 &+ UInt64(text[at] &- UInt8(ascii: "0"))
                    if isFraction { exponent -= 1 }
                }
                at += 1
            }
            let tail = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[min(at + 1, text.count)...])
            return (digits, exponent + Int(TextParsing.int64(tail) ?? 0))
        }
    }

    /// Two digits of a small multiple of the least subnormal, 4.940656458412465 × 10^-324.
    private init(subnormal value: Double) {
        digits = value.bitPattern &* 4_940_656_458_412_465
        exponent = -339
        while digits >= 1000 {
            digits /= 10
            exponent += 1
        }
        digits = (digits + 5) / 10
        exponent += 1
    }

    /// Java's layout. - Output: the bytes written.
    func write(to out: UnsafeMutableRawPointer) -> Int {
        let scratch = out + 24
        let count = TextFormatting.write(magnitude: digits, to: scratch)
        let magnitude = digits == 0 ? 0 : exponent + count - 1
        switch magnitude {
        case 0..<7: return plain(scratch, count, pointAfter: magnitude + 1, to: out)
        case -3..<0:
            let zeros = 1 - magnitude
            out.storeBytes(of: TextFormatting.eightDigits(0), as: UInt64.self)
            out.storeBytes(of: UInt8(ascii: "."), toByteOffset: 1, as: UInt8.self)
            (out + zeros).copyMemory(from: scratch, byteCount: count)
            return zeros + count
        default:
            let length = plain(scratch, count, pointAfter: 1, to: out)
            out.storeBytes(of: UInt8(ascii: "E"), toByteOffset: length, as: UInt8.self)
            return length + 1 + TextFormatting.write(Int64(magnitude), to: out + length + 1)
        }
    }

    /// The first `whole` digits, a point, and the others, filled up with zeros on both sides.
    private func plain(
        _ digits: UnsafeMutableRawPointer, _ count: Int, pointAfter whole: Int, to out: UnsafeMutableRawPointer
    ) -> Int {
        out.storeBytes(of: TextFormatting.eightDigits(0), as: UInt64.self)
        out.copyMemory(from: digits, byteCount: min(count, whole))
        out.storeBytes(of: UInt8(ascii: "."), toByteOffset: whole, as: UInt8.self)
        guard count > whole else {
            out.storeBytes(of: UInt8(ascii: "0"), toByteOffset: whole + 1, as: UInt8.self)
            return whole + 2
        }
        (out + whole + 1).copyMemory(from: digits + whole, byteCount: count - whole)
        return count + 1
    }
}

import HostSystem
import Testing

import Columnar

/// Numbers and booleans out of text, against the standard library and a reading by hand.
@Suite struct TextParsingTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("+7", 7), ("12345678", 12_345_678), ("-123456789012345678", -123_456_789_012_345_678),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("000000000000000000000000000001", 1),
        ] as [(String, Int64)])
    func wholeNumbersAreRead(text: String, value: Int64) { #expect(int64(text) == value) }

    @Test(arguments: [
        "", "-", "+", " 1", "1 ", "1.0", "1e3", "--1", "12345678x", "x12345678", "1234:678", "12/45678", "９",
        "9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999", "\u{0}",
    ])
    func otherTextIsNoWholeNumber(text: String) { #expect(int64(text) == nil) }

    @Test func randomWholeNumbersAreReadAsTheLibraryDoes() {
        let seed: UInt64 = 0x1A2B
        var random = SplitMix64(seed: seed)
        for _ in 0..<20_000 {
            var text = random.oneIn(3) ? "-" : random.oneIn(9) ? "+" : ""
            for _ in 0..<random.below(22) { text.append("0123456789"[random.below(10)]) }
            if random.oneIn(9) { text.append("/:. aF"[random.below(6)]) }
            #expect(int64(text) == Int64(text), "\(text) of seed \(seed)")
            #expect(text.withBytes(TextParsing.int32) == Int32(text), "\(text) of seed \(seed)")
        }
    }

    @Test(
        arguments: [
            ("true", true), ("TRUE", true), ("tRuE", true), ("false", false), ("False", false), ("", nil), ("1", nil),
            ("truE ", nil), ("yes", nil), ("falsy", nil), ("tru\u{5}", nil), ("false1", nil),
        ] as [(String, Bool?)])
    func booleansAreTrueAndFalseInAnyCase(text: String, value: Bool?) {
        #expect(text.withBytes(TextParsing.boolean) == value)
    }

    @Test(
        arguments: [
            ("0", 0), ("1.", 1), (".5", 0.5), ("-1.5e3", -1500), ("1E+2", 100), ("1e400", .infinity),
            ("-1e400", -.infinity),
            ("1e-400", 0), ("Infinity", .infinity), ("-Infinity", -.infinity), ("+Infinity", .infinity),
            ("9007199254740993", 9_007_199_254_740_992),
            ("9007199254740993.00000000000000000000000000001", 9_007_199_254_740_994),
            ("1e99999999999999999999999999", .infinity), ("0e99999999999999999999999999", 0),
            ("1e-99999999999999999999999999", 0), ("2.2250738585072011e-308", Double.leastNormalMagnitude.nextDown),
            ("1.7976931348623157e308", .greatestFiniteMagnitude), ("4.9e-324", .leastNonzeroMagnitude),
            ("2.4703282292062327208e-324", 0), ("2.4703282292062328e-324", .leastNonzeroMagnitude),
        ] as [(String, Double)])
    func doublesAreRead(text: String, value: Double) { #expect(double(text) == value) }

    @Test func notANumberAndTheSignOfZeroAreRead() {
        #expect(double("NaN")?.isNaN == true)
        #expect(double("-0.0")?.sign == .minus)
    }

    @Test(arguments: [
        "", "-", ".", "e5", "1e", "1e+", "1e5x", "1.2.3", "nan", "inf", "infinity", "0x10", "1d", "1f", " 1", "1 ",
        "1,5",
        "--1", "Infinityx", "-.e1",
    ])
    func otherTextIsNoDouble(text: String) { #expect(double(text) == nil) }

    @Test func randomDoublesAreReadAsTheLibraryDoes() {
        let seed: UInt64 = 0xD0B1E
        var random = SplitMix64(seed: seed)
        for _ in 0..<30_000 {
            let text = random.decimal()
            #expect(double(text)?.bitPattern == Double(text)?.bitPattern, "\(text) of seed \(seed)")
        }
    }

    /// The points half way between two doubles, exactly and a little beside: what rounds wrongly where digits are cut.
    @Test func tiesAreRoundedToEven() {
        let seed: UInt64 = 0x7135
        var random = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let whole = (1 << 53) + UInt64(random.below(1 << 53))
            for shift in 1...8 {
                let half = (whole << UInt64(shift)) | (1 << UInt64(shift - 1))
                for tail in ["", ".0", ".00000000000000000000000000000000001", "e0", "000000000000000e-15"] {
                    let text = "\(half)\(tail)"
                    #expect(double(text)?.bitPattern == Double(text)?.bitPattern, "\(text) of seed \(seed)")
                }
            }
        }
    }

    @Test func absurdLengthsAreReadOnce() {
        let zeros = String(repeating: "0", count: 300_000)
        #expect(double("1" + zeros + "e-300000") == 1)
        #expect(double("0." + zeros + "1e300001") == 1)
        #expect(double("1" + zeros) == .infinity)
        #expect(double(String(repeating: "9", count: 300_000) + "e-300000") == 1)
        #expect(int64(zeros + "12") == 12)
        #expect(int64("1" + zeros) == nil)
    }

    private func int64(_ text: String) -> Int64? { text.withBytes(TextParsing.int64) }
    private func double(_ text: String) -> Double? { text.withBytes(TextParsing.double) }
}

extension String {
    func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        Array(utf8).withUnsafeBytes(body)
    }

    fileprivate subscript(_ place: Int) -> Character { self[index(startIndex, offsetBy: place)] }
}

extension SplitMix64 {
    fileprivate mutating func decimal() -> String {
        var text = oneIn(3) ? "-" : ""
        for _ in 0...below(oneIn(10) ? 60 : 12) { text.append("\(below(10))") }
        if !oneIn(3) {
            text.append(".")
            for _ in 0..<below(oneIn(10) ? 900 : 16) { text.append("\(below(10))") }
        }
        if oneIn(2) { text.append("e\(below(oneIn(3) ? 700 : 60) - (oneIn(2) ? 350 : 30))") }
        return text
    }
}

import HostSystem
import TestSupport
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" \t\r\n true ", .boolean(true)), ("false", .boolean(false)), (#""""#, .string("")),
        ("0", .numeral("0")), ("-0", .numeral("-0")), ("-12.50e+03", .numeral("-12.50e+03")),
        ("1E9", .numeral("1E9")), ("[]", .array([])), ("{ }", .object([])),
        ("[1 , [ ] ,{}]", .array([.integer(1), .array([]), .object([])])),
        (#"{"a":1,"b":[null],"":{}}"#, .object([("a", .integer(1)), ("b", .array([.null])), ("", .object([]))])),
        // The last one counts, where the first one stood.
        (#"{"a":1,"b":2,"a":3}"#, .object([("a", .integer(3)), ("b", .integer(2))])),
        (#"{"é":1,"\u00e9":2}"#, .object([("é", .integer(2))])),
        (#""a\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC""#, .string("a\"\\/\u{8}\u{C}\n\r\tAé€")),
        (#""\uD83D\ude00\u0000""#, .string("😀\u{0}")), ("\"ä😀\u{7F}\u{2028}\"", .string("ä😀\u{7F}\u{2028}")),
        ("123456789012345678901234567890", .numeral("123456789012345678901234567890")),
    ])
    func whatIsJSONIsRead(text: String, value: JSONValue) throws { #expect(try JSONValue(parsing: text) == value) }

    @Test(arguments: [
        ("", 0), (" ", 1), ("nul", 0), ("nulL", 0), ("truefalse", 4), ("1 2", 2), ("{} {}", 3), ("[1,]", 3),
        ("[,1]", 1),
        ("[1", 2), ("[", 1), ("{", 1), ("{\"a\"", 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5),
        ("{a:1}", 1),
        (#"{'a':1}"#, 1), (#"{1:1}"#, 1), ("01", 1), ("-", 1), ("-01", 2), ("1.", 2), (".5", 0), ("+1", 0), ("1e", 2),
        ("1e+", 3), ("0x10", 1), ("NaN", 0), ("-Infinity", 1), ("\"", 1), ("\"a", 2), (#""\"#, 2), (#""\x""#, 1),
        (#""\u12"#, 5), (#""\u12g4""#, 5), (#""\uD800""#, 1), (#""\uD800\n""#, 1), (#""\uD800A""#, 1),
        (#""\uDC00""#, 1), (#""\uD800\uD800""#, 1), ("\"\n\"", 1), ("\"\u{1F}\"", 1), ("\u{FEFF}1", 0), ("// x\n1", 0),
        ("]", 0), ("[}", 1), ("{]", 1), ("[1}", 2), ("\u{0}", 0), ("1\u{0}", 1), ("\u{A0}1", 0),
    ])
    func whatIsNotIsRefusedWithItsPlace(text: String, offset: Int) {
        #expect { try JSONValue(parsing: text) } throws: { ($0 as? JSONSyntaxError)?.offset == offset }
    }

    @Test(
        arguments: [
            ([0x22, 0xFF, 0x22], 1), ([0x22, 0xC3, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1), ([0x31, 0x80], 1),
            ([0x22, 0xC0, 0x80, 0x22], 1), ([0xF5], 0),
        ] as [([UInt8], Int)])
    func whatIsNotUTF8IsRefused(bytes: [UInt8], offset: Int) {
        #expect(throws: JSONSyntaxError(message: "invalid UTF-8", offset: offset)) { try JSONValue(parsing: bytes) }
    }

    @Test func depthHasALimit() throws {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            func nested(_ depth: Int) -> String {
                String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            }
            #expect(try JSONValue(parsing: nested(64)).text == nested(64))
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(65)) }
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: open, count: 1_000_000)) }
        }
    }

    @Test func manyMembersAreNotComparedWithEachOther() throws {
        let text = "{" + (0..<100_000).map { "\"\($0)\":\($0)" }.joined(separator: ",") + "}"
        #expect(try JSONValue(parsing: text).text == text)
    }

    @Test func numbersAreWhatIsAskedFor() throws {
        func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }
        #expect(try read("9223372036854775807").integerValue == .max)
        #expect(try read("-9223372036854775808").integerValue == .min)
        #expect(try read("-0").integerValue == 0)
        for text in ["9223372036854775808", "1.0", "1e2", "\"1\"", "null"] {
            #expect(try read(text).integerValue == nil, "\(text)")
        }
        #expect(try read("0.1").doubleValue == 0.1)
        #expect(try read("1e2").doubleValue == 100)
        #expect(try read("1e-400").doubleValue == 0)
        #expect(try read("-1e999").doubleValue == nil)
        #expect(try read("1e99999999999999999999").doubleValue == nil)
        #expect(try read("\"1\"").doubleValue == nil)
        #expect(JSONValue.number(.nan) == .null)
        #expect(JSONValue.number(-.infinity) == .null)
        #expect(JSONValue.number(0.5).text == "0.5")
        #expect(JSONValue.integer(UInt64.max).text == "18446744073709551615")
    }

    @Test func membersAreFoundByName() {
        let value = JSONValue.object([("a", .string("x")), ("b", .array([.boolean(true)])), ("a", .null)])
        #expect(value["a"] == .null)
        #expect(value["b"]?.arrayValue?.first?.booleanValue == true)
        #expect(value["c"] == nil)
        #expect(JSONValue.string("a")["a"] == nil)
        #expect(JSONValue.string("a").stringValue == "a")
    }

    /// What is written is read as what it was, whatever it holds.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let value = Self.value(depth: 0, &random)
        #expect(try JSONValue(parsing: value.bytes) == value)
        #expect(!value.bytes.contains { $0 < 0x20 })
    }

    /// Any bytes are read, or refused with a place in them.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func damageIsRefusedOrRead(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var bytes = Self.value(depth: 0, &random).bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            if Bool.random(using: &random) {
                bytes.removeSubrange(at...)
            } else {
                bytes[at] = .random(in: 0...255, using: &random)
            }
        }
        do {
            let value = try JSONValue(parsing: bytes)
            #expect(try JSONValue(parsing: value.bytes) == value)
        } catch {
            #expect(0...bytes.count ~= error.offset)
        }
    }

    private static func value(depth: Int, _ random: inout SplitMix64) -> JSONValue {
        switch Int.random(in: depth > 5 ? 0...4 : 0...6, using: &random) {
        case 0: return .null
        case 1: return .boolean(.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .number(Double(bitPattern: .random(in: .min ... .max, using: &random)))
        case 4: return .string(text(&random))
        case 5: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth + 1, &random) })
        default:
            let names = Set((0..<Int.random(in: 0...4, using: &random)).map { _ in text(&random) })
            return .object(names.map { ($0, value(depth: depth + 1, &random)) })
        }
    }

    private static func text(_ random: inout SplitMix64) -> String {
        let scalars = (0..<Int.random(in: 0...6, using: &random)).compactMap { _ in
            Unicode.Scalar(
                [0x80, 0x800, 0x10000, 0x110000].randomElement(using: &random).map {
                    UInt32.random(in: 0..<$0, using: &random)
                } ?? 0)
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

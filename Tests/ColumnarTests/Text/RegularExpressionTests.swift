import Columnar
import Testing

@Suite struct RegularExpressionTests {
    private static func fullMatch(_ pattern: String, _ text: String) throws -> Bool {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { try RegularExpression(pattern).fullMatch($0) }
    }

    /// The groups of the first match, nil where one took no part; nil where nothing matches.
    private static func find(_ pattern: String, _ text: String) throws -> [String?]? {
        let expression = try RegularExpression(pattern)
        var search = RegularExpressionSearch(expression)
        let bytes = Array(text.utf8)
        guard try bytes.withUnsafeBytes({ try search.find(in: $0) }) else { return nil }
        return (0...expression.groupCount).map { group in
            search.group(group).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    @Test func aFullMatchTakesTheWholeText() throws {
        #expect(try Self.fullMatch(".*\\.csv", "part-1.csv"))
        #expect(try !Self.fullMatch(".*\\.csv", "part-1.csv.gz"))
        #expect(try !Self.fullMatch("part", "part-1.csv"))
        #expect(try Self.fullMatch("a|ab", "ab"))
        #expect(try Self.fullMatch("", ""))
        #expect(try Self.fullMatch("ü.", "üß"))
        #expect(try RegularExpression(".*").fullMatch(UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    @Test func bytesThatAreNotUTF8MatchNothing() throws {
        let expression = try RegularExpression(".*")
        for bytes: [UInt8] in [[0xFF], [0xC3], [0x61, 0xED, 0xA0, 0x80]] {
            #expect(try !bytes.withUnsafeBytes { try expression.fullMatch($0) })
        }
    }

    @Test func groupsThatTookNoPartAreTold() throws {
        #expect(try Self.find("(a)|(b)", "xb") == ["b", nil, "b"])
        #expect(try Self.find("(?<first>x*)y", "zy") == ["y", ""])
        #expect(try Self.find("q", "xyz") == nil)
        // As Java: a group keeps what it took in an earlier round.
        #expect(try Self.find("(?:(a)|(b))*", "abab") == ["abab", "a", "b"])
        #expect(try Self.find("(a(b)?)+", "aba") == ["aba", "a", "b"])
        #expect(try Self.find("(?<=price: )\\d+", "price: 100") == ["100"])
    }

    @Test(arguments: [
        ("\\u0041\\u00fc", "Aü"), ("\\uD83D\\uDE00", "😀"), ("\\0101\\012", "A\n"), ("\\x41\\x{1F600}", "A😀"),
        ("\\p{Alpha}+\\P{Alpha}", "ab1"), ("[\\p{Upper}\\d]+", "A1B2"), ("\\pL\\p{Lu}\\p{IsGreek}", "äÄγ"),
        ("(?i)AbC(?-i:d)", "aBcd"), ("a{2}b{1,}c{0,3}", "aabb"), ("[]a]+", "]a"), ("[^]]", "a"),
        ("\\Q[a&&b](\\E+", "[a&&b](("),
        ("(?<n>a)\\k<n>", "aa"), ("(.)\\1", "zz"), ("\\cA\\t\\e", "\u{1}\t\u{1B}"), ("x&y", "x&y"),
    ])
    func javaPatternsMeanTheSame(pattern: String, text: String) throws {
        #expect(try Self.fullMatch(pattern, text), "\(pattern)")
    }

    @Test(arguments: [
        "[a-z&&[^b]]", "[a[b]]", "(?x)a b", "(?U)a", "(?u)a", "\\K", "\\N", "a\\11", "\\p{IsAlphabetic}",
        "\\p{InGreek}",
        "[\\b]", "\\uD83D", "\\C", "\\p{Greek}", "\\c1", "[\\1]",
    ])
    func whatMeansSomethingElseIsRefusedByName(pattern: String) {
        #expect { try RegularExpression(pattern) } throws: { error in
            if case InvalidPattern.unsupported = error { true } else { false }
        }
    }

    @Test(arguments: [
        "(", ")", "[", "[a", "*", "a**", "(?<", "(?", "(*ACCEPT)", "(?R)", "(?1)", "a{", "a{b}", "a{,2}", "\\", "\\u12",
        "\\x1", "\\0",
        "\\p", "\\p{", "(?<1>a)", "\\k", "a{2,1}", "(?P<n>a)", "\\x{110000}", "(?#x)",
    ])
    func malformedPatternsAreRefused(pattern: String) {
        #expect(throws: InvalidPattern.self, "\(pattern)") { try RegularExpression(pattern) }
    }

    @Test func aPatternThatIsTooLongIsRefused() {
        #expect(throws: InvalidPattern.tooLong(limitBytes: 1 << 14)) {
            try RegularExpression(String(repeating: "a", count: 1 << 14 + 1))
        }
        #expect(throws: InvalidPattern.self) { try RegularExpression(String(repeating: "(", count: 1 << 14)) }
        #expect(throws: InvalidPattern.self) { try RegularExpression("(((((a{999}){999}){999}){999}){999})") }
    }

    @Test(arguments: ["(a+)+$", "(a*)*[xy]", "(a|aa)+$", "^(.*)*[xy]$"])
    func catastrophicPatternsEndWithAnError(pattern: String) throws {
        #expect(throws: MatchLimitExceeded.self) { try Self.find(pattern, String(repeating: "a", count: 60) + "c") }
    }

    @Test func longTextsAreSearched() throws {
        let text = String(repeating: "ab", count: 1 << 18) + "x"
        #expect(try Self.find("(x)$", text) == ["x", "x"])
        #expect(try Self.find("^(.*)x", text)?[1]?.utf8.count == 1 << 19)
    }

    /// One compiled pattern, several searches at once.
    @Test func aPatternIsSharedByThreads() async throws {
        let expression = try RegularExpression("([a-z]+)([0-9]+)")
        let sums = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var search = RegularExpressionSearch(expression)
                    var sum = 0
                    for number in 0..<1000 {
                        let bytes = Array("--task\(task * 1000 + number)--".utf8)
                        guard try bytes.withUnsafeBytes({ try search.find(in: $0) }) else { continue }
                        sum += search.group(2).flatMap { Int(String(decoding: bytes[$0], as: UTF8.self)) } ?? 0
                    }
                    return sum
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sums == (0..<4000).reduce(0, +))
    }
}

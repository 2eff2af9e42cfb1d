import Columnar
import HostSystem

import Operators

/// Lines that look alike, as those of one producer do, with every irregularity that JSON allows now and then.
struct JSONLineGenerator {
    var random: SplitMix64
    /// Once in so many times something is irregular.
    var irregularity: Int

    static let columns = [
        ScanColumn(path: ["kind"], type: .int),
        ScanColumn(path: ["bid", "auction"], type: .bigint),
        ScanColumn(path: ["bid", "price"], type: .double),
        ScanColumn(path: ["bid", "channel"], type: .string),
        ScanColumn(path: ["bid", "at"], type: .timestamp(precision: 3)),
        ScanColumn(path: ["bid", "day"], type: .timestamp(precision: 0)),
        ScanColumn(path: ["bid"], type: .row([]), kind: .presence),
        ScanColumn(path: ["ok"], type: .boolean),
        ScanColumn(path: ["note"], type: .string),
        ScanColumn(path: ["kind"], type: .boolean, kind: .presence),
        ScanColumn(path: ["bid", "exact"], type: .timestamp(precision: 6)),
        ScanColumn(path: ["bid", "tenth"], type: .timestamp(precision: 4)),
        ScanColumn(path: ["bid", "date"], type: .date),
    ]

    static let predicates: [[ScanPredicate]] = [
        [],
        [ScanPredicate(column: 0, comparison: .equal, literal: .int(2))],
        [
            ScanPredicate(column: 0, comparison: .less, literal: .int(5)),
            ScanPredicate(column: 3, comparison: .greater, literal: .string("B")),
        ],
        [ScanPredicate(column: 1, comparison: .isNull, literal: .null)],
        [ScanPredicate(column: 6, comparison: .equal, literal: .boolean(true))],
        [
            ScanPredicate(column: 4, comparison: .greaterOrEqual, literal: .timestamp(1_767_225_600_000)),
            ScanPredicate(column: 7, comparison: .notEqual, literal: .boolean(false)),
        ],
        [ScanPredicate(column: 10, comparison: .less, literal: .timestampMicros(1_767_244_650_500_000))],
        [ScanPredicate(column: 12, comparison: .equal, literal: .date(20_454))],
    ]

    mutating func line() -> String {
        var fields = [
            ("kind", integer()), ("bid", random.oneIn(irregularity) ? value() : bid()),
            ("person", random.oneIn(2) ? "{\"id\":1,\"name\":{\"first\":\"A\"}}" : "null"), ("ok", boolean()),
            ("note", text()),
        ]
        vary(&fields)
        return object(fields)
    }

    private mutating func bid() -> String {
        var fields = [
            ("auction", integer()), ("price", number()), ("channel", text()), ("url", text()), ("at", timestamp()),
            ("day", timestamp()), ("exact", timestamp(digits: 6)), ("tenth", timestamp(digits: 6)), ("date", date()),
        ]
        vary(&fields)
        return object(fields)
    }

    private mutating func vary(_ fields: inout [(String, String)]) {
        if random.oneIn(irregularity) { fields.shuffle(using: &random) }
        if random.oneIn(irregularity) { fields.remove(at: random.below(fields.count)) }
        if random.oneIn(irregularity), let field = fields.randomElement(using: &random) {
            fields.insert((field.0, value()), at: random.below(fields.count + 1))
        }
        if random.oneIn(irregularity) {
            fields.insert(("x\(random.below(40))", value()), at: random.below(fields.count + 1))
        }
        if random.oneIn(irregularity), !fields.isEmpty { fields[random.below(fields.count)].1 = value() }
    }

    private mutating func object(_ fields: [(String, String)]) -> String {
        let isSpaced = random.oneIn(irregularity)
        var parts: [String] = []
        for (name, value) in fields {
            parts.append(
                space(isSpaced) + "\"" + escaped(name) + "\"" + space(isSpaced) + ":" + space(isSpaced) + value
                    + space(isSpaced))
        }
        return "{" + parts.joined(separator: ",") + (parts.isEmpty ? space(isSpaced) : "") + "}"
    }

    private mutating func space(_ isSpaced: Bool) -> String {
        guard isSpaced else { return "" }
        return ["", " ", "  ", "\t", "\r", "                                   "][random.below(6)]
    }

    /// A name, now and then with an escape in it.
    private mutating func escaped(_ name: String) -> String {
        guard random.oneIn(irregularity * 4), let first = name.utf8.first else { return name }
        return "\\u00" + String(first, radix: 16) + name.dropFirst()
    }

    private mutating func integer() -> String {
        if random.oneIn(irregularity) { return number() }
        return String(random.oneIn(4) ? random.below(1_000_000_000_000) : random.below(4))
    }

    private mutating func number() -> String {
        let numbers = [
            "0", "-0", "1.5", "1e3", "-1.25E-2", "1e400", "-1e400", "9223372036854775807", "9223372036854775808", "0.1",
            "2147483648", "-2147483648", "123456789012345678901234567890", "1E-400", "3.14159265358979", "12345678",
            "1234567890123456", "0.000001", "1e0", "2147483647.5",
        ]
        return numbers[random.below(numbers.count)]
    }

    private mutating func boolean() -> String { ["true", "false", "null", "\"TRUE\""][random.below(4)] }

    private mutating func date() -> String {
        let dates = [
            "2026-01-02", "2026-1-1", "2026-02-30", "2026-01-01 ", "2026-01-0\\u0031", "0000-01-01", "1969-12-31",
        ]
        return "\"\(random.oneIn(irregularity) ? dates[random.below(dates.count)] : "2026-01-01")\""
    }

    private mutating func timestamp(digits: Int = 3) -> String {
        let minute = random.oneIn(irregularity) ? 10 + random.below(50) : 17
        let second = 10 + random.below(50)
        let forms = [".123", "", ".5", ".123456789", ".", "Z", ".1234567890"]
        let fraction =
            random.oneIn(irregularity)
            ? forms[random.below(forms.count)]
            : ".\(100 + random.below(900))\(digits == 6 ? "\(100 + random.below(900))" : "")"
        let day = random.oneIn(irregularity) ? "2026-02-30" : "2026-01-01"
        return "\"\(day)\(random.oneIn(irregularity) ? "T" : " ")05:\(minute):\(second)\(fraction)\""
    }

    private mutating func text() -> String {
        var out = "\""
        for _ in 0..<random.below(random.oneIn(3) ? 70 : 12) {
            if random.oneIn(irregularity * 8) {
                let pieces = [
                    "é", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\\udc00x", "漢", "😀", "\\\"", "\\\\", "\\/",
                    "\\u0000", "\u{7F}", "\\ud800\\u0041",
                ]
                out += pieces[random.below(pieces.count)]
            } else {
                out.unicodeScalars.append(Unicode.Scalar(UInt8(0x61 + random.below(26))))
            }
        }
        return out + "\""
    }

    /// Anything.
    private mutating func value() -> String {
        switch random.below(9) {
        case 0: return "null"
        case 1: return boolean()
        case 2: return number()
        case 3: return text()
        case 4: return "[" + (0..<random.below(3)).map { _ in number() }.joined(separator: ", ") + "]"
        case 5: return "{\"a\" : [{}, [ ], {\"b\\u0001\":\"\\u0007\\/\"}]}"
        case 6: return integer()
        case 7: return "\" \(random.below(10)) \""
        default: return timestamp()
        }
    }

    /// A line with some of its bytes changed, put in, taken out or doubled.
    mutating func mutated(_ line: [UInt8]) -> [UInt8] {
        var line = line
        for _ in 0...random.below(3) where !line.isEmpty {
            let place = random.below(line.count)
            let interesting =
                Array("\"\\{}[]:,0-.eE+tnu \t\r\u{1}".utf8) + [0x00, 0x7F, 0x80, 0xC3, 0xED, 0xA0, 0xF4, 0xFF]
            switch random.below(5) {
            case 0: line[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: line[place] = interesting[random.below(interesting.count)]
            case 2: line.insert(interesting[random.below(interesting.count)], at: place)
            case 3: line.removeSubrange(place..<min(line.count, place + 1 + random.below(4)))
            default: line.insert(contentsOf: line[place..<min(line.count, place + 1 + random.below(12))], at: place)
            }
        }
        return line
    }
}

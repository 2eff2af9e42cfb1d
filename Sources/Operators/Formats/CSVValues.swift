import CKernels
import Columnar

// Values of fixed width out of CSV text. Each type has a quick reading for the texts that are usual, which answers nil for
// all others, and a full one, over the trimmed text.

protocol CSVFieldValue {
    /// The value of usual text; nil says nothing. Up to 32 bytes are readable at `text`, whatever its length.
    static func quick(
        _ text: UnsafePointer<UInt8>, _ length: Int, _ dates: inout CSVDates
    ) -> Self?
    /// nil where the text is no value of the type.
    init?(_ text: UnsafeRawBufferPointer)
    static var underNull: Self { get }
}

extension Bool: CSVFieldValue {
    static func quick(_: UnsafePointer<UInt8>, _: Int, _: inout CSVDates) -> Bool? { nil }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.boolean(text) else { return nil }
        self = value
    }
    static var underNull: Bool { false }
}

extension Int32: CSVFieldValue {
    @inline(__always)
    static func quick(_ text: UnsafePointer<UInt8>, _ length: Int, _ dates: inout CSVDates) -> Int32? {
        guard let value = Int64.quick(text, length, &dates) else { return nil }
        return Int32(exactly: value)
    }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.int32(text) else { return nil }
        self = value
    }
    static var underNull: Int32 { 0 }
}

extension Int64: CSVFieldValue {
    @inline(__always)
    static func quick(_ text: UnsafePointer<UInt8>, _ length: Int, _: inout CSVDates) -> Int64? {
        let sign = text[0] == UInt8(ascii: "-") ? 1 : 0
        var magnitude: UInt64 = 0
        let digits = Int(sluice_digits(text + sign, &magnitude))
        guard digits > 0, digits + sign == length else { return nil }
        let value = Int64(truncatingIfNeeded: magnitude)
        return sign == 1 ? 0 &- value : value
    }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.int64(text) else { return nil }
        self = value
    }
    static var underNull: Int64 { 0 }
}

extension Double: CSVFieldValue {
    /// `-12.5`: at most 18 digits.
    @inline(__always)
    static func quick(_ text: UnsafePointer<UInt8>, _ length: Int, _: inout CSVDates) -> Double? {
        let sign = text[0] == UInt8(ascii: "-") ? 1 : 0
        let digits = length &- sign
        var mantissa: UInt64 = 0
        var decimals: UInt32 = 0
        guard
            1...8 ~= digits
                ? sluice_short_decimal(text + sign, digits, &mantissa, &decimals)
                : sluice_plain_decimal(text + sign, digits, &mantissa, &decimals)
        else { return nil }
        // Up to 2^53 both numbers are exact, so the division rounds once.
        let magnitude =
            mantissa <= 1 << 53
            ? Double(mantissa) / sluice_power_of_ten(decimals) : TextParsing.nearest(mantissa, -Int(decimals))
        guard let magnitude else { return nil }
        return sign == 1 ? -magnitude : magnitude
    }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.double(text) else { return nil }
        self = value
    }
    static var underNull: Double { 0 }
}

/// Milliseconds, from `2026-01-01 00:00:00.5`.
struct CSVTimestamp: CSVFieldValue {
    let milliseconds: Int64

    private init(milliseconds: Int64) { self.milliseconds = milliseconds }

    @inline(__always)
    static func quick(_ text: UnsafePointer<UInt8>, _ length: Int, _ dates: inout CSVDates) -> CSVTimestamp? {
        guard let value = dates.milliseconds(UnsafeRawPointer(text), length) else { return nil }
        return CSVTimestamp(milliseconds: value)
    }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.timestampMilliseconds(text, format: .sql) else { return nil }
        milliseconds = value
    }
    static var underNull: CSVTimestamp { CSVTimestamp(milliseconds: 0) }
}

/// Microseconds, from `2026-01-01 00:00:00.000005`.
struct CSVTimestampMicros: CSVFieldValue {
    let microseconds: Int64

    private init(microseconds: Int64) { self.microseconds = microseconds }

    static func quick(_: UnsafePointer<UInt8>, _: Int, _: inout CSVDates) -> CSVTimestampMicros? { nil }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.timestamp(text, format: .sql, unit: .microseconds) else { return nil }
        microseconds = value
    }
    static var underNull: CSVTimestampMicros { CSVTimestampMicros(microseconds: 0) }
}

/// Days, from `2026-01-01`.
struct CSVDate: CSVFieldValue {
    let days: Int32

    private init(days: Int32) { self.days = days }

    static func quick(_: UnsafePointer<UInt8>, _: Int, _: inout CSVDates) -> CSVDate? { nil }

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.date(text) else { return nil }
        days = value
    }
    static var underNull: CSVDate { CSVDate(days: 0) }
}

/// The date of the last timestamp: the next one mostly has the same.
struct CSVDates {
    /// `YYYY-MM-` and `Y-MM-DD `, as words.
    private var head = UInt64.max
    private var tail = UInt64.max
    private var dayStart: Int64 = 0

    /// Of a text of 19 or 23 bytes with a known date; nil for all others.
    @inline(__always)
    mutating func milliseconds(_ text: UnsafeRawPointer, _ length: Int) -> Int64? {
        guard length == 19 || length == 23 else { return nil }
        let isKnown =
            text.loadUnaligned(as: UInt64.self) == head
            && text.loadUnaligned(fromByteOffset: 3, as: UInt64.self) == tail
        if !isKnown, !learn(text) { return nil }
        // "HH:MM:SS", the first digit lowest; what is left of the colons is zero.
        let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: 11, as: UInt64.self))
        let clock = word ^ 0x3030_3A30_303A_3030
        let limits: UInt64 = 0x7676_7F76_767F_7676
        guard (clock | (clock &+ limits)) & 0x8080_8080_8080_8080 == 0 else { return nil }
        let pairs = clock &* 10 &+ (clock >> 8)
        let (hour, minute, second) = (pairs & 0xFF, pairs >> 24 & 0xFF, pairs >> 48 & 0xFF)
        guard hour <= 23, minute <= 59, second <= 59 else { return nil }
        let value = dayStart &+ Int64(truncatingIfNeeded: ((hour &* 60 &+ minute) &* 60 &+ second) &* 1000)
        guard length == 23 else { return value }
        let fraction = UInt32(littleEndian: text.loadUnaligned(fromByteOffset: 19, as: UInt32.self)) ^ 0x3030_302E
        guard (fraction | (fraction &+ 0x7676_767F)) & 0x8080_8080 == 0 else { return nil }
        let milliseconds = (fraction >> 8 & 0xFF) &* 100 &+ (fraction >> 16 & 0xFF) &* 10 &+ fraction >> 24
        return value &+ Int64(milliseconds)
    }

    @inline(never)
    private mutating func learn(_ text: UnsafeRawPointer) -> Bool {
        let whole = UnsafeRawBufferPointer(start: text, count: 19)
        guard let value = TextParsing.timestampMilliseconds(whole, format: .sql) else { return false }
        let timeOfDay = value % 86_400_000
        dayStart = value - (timeOfDay < 0 ? timeOfDay + 86_400_000 : timeOfDay)
        head = text.loadUnaligned(as: UInt64.self)
        tail = text.loadUnaligned(fromByteOffset: 3, as: UInt64.self)
        return true
    }
}

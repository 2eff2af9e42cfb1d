/// What CAST reads beyond what the formats do, as Flink does: blanks around numbers, a fraction that an integer drops,
/// more words for BOOLEAN, a date alone for a TIMESTAMP.
enum CastText {
    static func int64(_ text: UnsafeRawBufferPointer) -> Int64? {
        let text = trimmed(text) { $0 == 0x20 }
        if let value = TextParsing.int64(text) { return value }
        guard let point = text.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let fraction = text[(point + 1)...]
        guard fraction.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return TextParsing.int64(UnsafeRawBufferPointer(rebasing: text[..<point]))
    }

    static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        TextParsing.double(trimmed(text) { $0 <= 0x20 })
    }

    static func boolean(_ text: UnsafeRawBufferPointer) -> Bool? {
        if let value = TextParsing.boolean(text) { return value }
        guard text.count <= 3 else { return nil }
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "t", "y", "yes", "1": return true
        case "f", "n", "no", "0": return false
        default: return nil
        }
    }

    static func timestamp(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count == 10 else { return TextParsing.timestampMilliseconds(text, format: .sql) }
        return withUnsafeTemporaryAllocation(byteCount: 19, alignment: 1) { whole in
            whole.copyMemory(from: text)
            for (i, byte) in " 00:00:00".utf8.enumerated() { whole[10 + i] = byte }
            return TextParsing.timestampMilliseconds(UnsafeRawBufferPointer(whole), format: .sql)
        }
    }

    @inline(__always)
    private static func trimmed(
        _ text: UnsafeRawBufferPointer, _ isBlank: (UInt8) -> Bool
    ) -> UnsafeRawBufferPointer {
        var (start, end) = (0, text.count)
        while start < end, isBlank(text[start]) { start += 1 }
        while end > start, isBlank(text[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }
}

import Columnar

/// Where one field's values go during one `scan` call. Row `i` of a string is `arena[offsets[i]..<offsets[i + 1]]`; a row
/// that is not kept is simply overwritten by the next one.
struct JSONColumnStorage {
    /// Bool, Int32, Int64 or Double, by the field's content.
    var values: UnsafeMutableRawPointer
    /// What copying may write behind a text.
    static let slackBytes = 16

    var offsets: UnsafeMutablePointer<Int32>
    var arena: UnsafeMutablePointer<UInt8>
    /// The last place of the arena behind which `slackBytes` can be written.
    var arenaLimit: UnsafeMutablePointer<UInt8>
    /// Bytes of text per byte of input, as the calls so far had it; 1 to begin with.
    var density = 1.0
    /// A bit per row, all set until a NULL clears one; kept by the scanner from call to call.
    var validity: UnsafeMutablePointer<UInt64>
    var nullCount = 0
    /// Bytes of a value; 0 for a string.
    var width: Int
    /// The `YYYY-MM-DD HH:MM` read last, as its bytes, and its time: times in a file are mostly near each other. Of a DATE
    /// `YYYY-MM-` and `-DD"`, and its days.
    var minuteLow: UInt64
    var minuteHigh: UInt64
    var minuteStart: Int64 = 0
    /// Of a TIMESTAMP.
    var timestampUnit = TimestampUnit.milliseconds
    /// How many of the unit the column's precision can tell apart.
    var timestampStep: Int64 = 1

    /// An empty one, to be pointed at storage later.
    init(for field: JSONField, timestampSeparator: UInt8) {
        width = field.width
        // The cached minute must be a right one from the beginning: whatever equals it is taken for checked.
        let epoch = Array("1970-01-01".utf8) + [timestampSeparator] + Array("00:00".utf8)
        minuteLow = epoch.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        minuteHigh = epoch.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) }
        if case .date = field.content { minuteHigh = UInt64(Self.dateEnd(Array("-01\"".utf8))) }
        if case .timestamp(let precision) = field.content {
            timestampUnit = TimestampUnit(precision: precision)
            timestampStep = TimestampUnit.step(ofPrecision: precision)
        }
        let nowhere = UnsafeMutableRawPointer(bitPattern: 64)!
        values = nowhere
        offsets = nowhere.assumingMemoryBound(to: Int32.self)
        arena = nowhere.assumingMemoryBound(to: UInt8.self)
        arenaLimit = arena
        validity = nowhere.assumingMemoryBound(to: UInt64.self)
    }

    private static func dateEnd(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    }
}

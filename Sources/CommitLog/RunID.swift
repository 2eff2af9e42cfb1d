import HostSystem

/// Names one run of a job: drawn at random when it first starts, the same through all its restarts.
package struct RunID: Hashable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(drawnFrom random: any RandomSource) {
        self.init(high: random.next(), low: random.next())
    }

    /// 32 hex digits.
    package var description: String { RunID.hex(high) + RunID.hex(low) }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    package func encode(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(low)
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        self.init(high: try reader.read(UInt64.self, "run id"), low: try reader.read(UInt64.self, "run id"))
    }
}

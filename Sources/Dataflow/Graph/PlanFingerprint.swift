import HostSystem

/// Two plans are the same where their operators' lines are; the identity is a short form of them.
package enum PlanFingerprint {
    /// 16 hex digits.
    package static func identity(_ lines: [String]) -> String {
        var forward: UInt32 = 0
        var backward: UInt32 = 0xFFFF_FFFF
        for line in lines { forward = Checksum.crc32c(Array(line.utf8) + [0x0A], continuing: forward) }
        for line in lines.reversed() { backward = Checksum.crc32c(Array(line.utf8) + [0x0A], continuing: backward) }
        let bits = UInt64(forward) << 32 | UInt64(backward)
        let hex = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    /// The first operator that is not the same, in words.
    package static func difference(from old: [String], to new: [String]) -> String {
        for (before, after) in zip(old, new) where before != after { return "was: \(before)\nis:  \(after)" }
        if old.count > new.count { return "is gone: \(old[new.count])" }
        if new.count > old.count { return "is new: \(new[old.count])" }
        return "nothing"
    }

    /// As `difference`, of the operators that keep state or a position: sinks may differ. nil: there is none.
    package static func stateDifference(from old: [String], to new: [String]) -> String? {
        let (before, after) = (old.filter { !isSink($0) }, new.filter { !isSink($0) })
        return before == after ? nil : difference(from: before, to: after)
    }

    /// A line is a number, and what stands there.
    private static func isSink(_ line: String) -> Bool { line.split(separator: " ").dropFirst().first == "sink" }
}

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

    /// As `stateDifference`; and where nothing but the sources keeps anything, rows may be chosen and made otherwise too.
    package static func sourceDifference(from old: [String], to new: [String]) -> String? {
        guard let difference = stateDifference(from: old, to: new) else { return nil }
        let stateless: Set<Substring> = ["scan", "filter", "project", "union-all", "sink"]
        guard (old + new).allSatisfy({ kind(of: $0).map(stateless.contains) ?? false }) else { return difference }
        return numbered(old) == numbered(new) ? nil : difference
    }

    /// The operators that have numbers of their own, in their order: of a source what is read, and not which columns and rows.
    private static func numbered(_ lines: [String]) -> [String] {
        lines.compactMap { line -> String? in
            switch kind(of: line) {
            case "scan"?: return withoutLists(line.drop { $0 != " " })
            case "sink"?: return "sink"
            default: return nil
            }
        }
    }

    /// Without what stands in square brackets, other than in quotes.
    private static func withoutLists(_ line: Substring) -> String {
        var text = ""
        var (isQuoted, isEscaped, depth) = (false, false, 0)
        for character in line {
            if isQuoted {
                if !isEscaped, character == "\"" { isQuoted = false }
                isEscaped = !isEscaped && character == "\\"
            } else if character == "\"" {
                isQuoted = true
            } else if character == "[" {
                depth += 1
            } else if character == "]" {
                depth -= 1
                continue
            }
            if depth == 0 { text.append(character) }
        }
        return text
    }

    /// A line is a number, and what stands there.
    private static func kind(of line: String) -> Substring? { line.split(separator: " ").dropFirst().first }

    private static func isSink(_ line: String) -> Bool { kind(of: line) == "sink" }
}

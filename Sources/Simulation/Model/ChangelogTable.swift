// The table that the lines of part files leave behind, worked out apart from the engine that wrote them: an object is a
// row more; `{"before":…,"after":…,"op":…}` takes back the row before and adds the one after. A row is the bytes of its
// object, so it must be taken back as it was written.

/// Rows and how often each is there.
package struct ChangelogTable: Equatable, Sendable {
    package typealias Bytes = ArraySlice<UInt8>

    package struct Mistake: Error { package var description: String }

    package private(set) var counts: [Bytes: Int] = [:]

    package init() {}

    package init(rows: [[ModelValue]]) {
        for values in rows { add(Self.line(values)) }
    }

    /// As the `json` format writes a row of a table with the columns c0, c1, …
    static func line(_ values: [ModelValue]) -> Bytes {
        Array(("{" + values.enumerated().map { "\"c\($0)\":\($1.json)" }.joined(separator: ",") + "}").utf8)[...]
    }

    /// A row more, or one less, of those that `line` gives.
    mutating func apply(_ values: [ModelValue], adds: Bool) throws(Mistake) {
        if adds { add(Self.line(values)) } else { try takeBack(Self.line(values)) }
    }

    private mutating func add(_ row: Bytes) { counts[row, default: 0] += 1 }

    private mutating func takeBack(_ row: Bytes) throws(Mistake) {
        guard let count = counts[row] else { throw Self.mistake("it takes back a row that is not there", row) }
        counts[row] = count == 1 ? nil : count - 1
    }

    /// - Parameter line: without its end.
    package mutating func apply(_ line: Bytes, isChangelog: Bool) throws(Mistake) {
        guard isChangelog else {
            guard Self.object(line) == line, line.first == UInt8(ascii: "{") else { throw Self.mistake("no row", line) }
            return add(line)
        }
        var rest = line
        let before = try Self.member("{\"before\":", &rest)
        let after = try Self.member(",\"after\":", &rest)
        switch (String(decoding: rest, as: UTF8.self), before, after) {
        case (",\"op\":\"c\"}", nil, let row?): add(row)
        case (",\"op\":\"d\"}", let row?, nil): try takeBack(row)
        case (",\"op\":\"u\"}", let old?, let new?):
            try takeBack(old)
            add(new)
        default: throw Self.mistake("no change", line)
        }
    }

    /// The object behind a name, nil where it is `null`.
    private static func member(_ name: String, _ rest: inout Bytes) throws(Mistake) -> Bytes? {
        guard rest.starts(with: name.utf8) else { throw mistake("no change", rest) }
        rest = rest.dropFirst(name.utf8.count)
        if rest.starts(with: "null".utf8) {
            rest = rest.dropFirst(4)
            return nil
        }
        guard let row = object(rest) else { throw mistake("no change", rest) }
        rest = rest.dropFirst(row.count)
        return row
    }

    /// The object, without other objects in it, that the bytes begin with.
    private static func object(_ bytes: Bytes) -> Bytes? {
        var inString = false
        var at = bytes.startIndex
        while at < bytes.endIndex {
            switch bytes[at] {
            case UInt8(ascii: "\\") where inString: at += 1
            case UInt8(ascii: "\""): inString.toggle()
            case UInt8(ascii: "}") where !inString: return bytes[...at]
            default: break
            }
            at += 1
        }
        return nil
    }

    private static func mistake(_ text: String, _ bytes: Bytes) -> Mistake {
        Mistake(description: "\(text): \(String(decoding: bytes, as: UTF8.self))")
    }

    /// How the tables differ, at most `limit` rows of it.
    package func difference(to expected: ChangelogTable, limit: Int = 8) -> String {
        let rows = Set(counts.keys).union(expected.counts.keys).sorted { $0.lexicographicallyPrecedes($1) }
        let lines = rows.compactMap { row -> String? in
            let (found, right) = (counts[row] ?? 0, expected.counts[row] ?? 0)
            return found == right
                ? nil : "  \(found) times, expected \(right): \(String(decoding: row, as: UTF8.self))"
        }
        let more = lines.count > limit ? ["  … and \(lines.count - limit) rows more"] : []
        return (lines.prefix(limit) + more).joined(separator: "\n")
    }

    /// nil where each row is as often in the other table at least.
    package func firstRow(missingIn other: ChangelogTable) -> String? {
        counts.first { row, count in count > other.counts[row] ?? 0 }.map { String(decoding: $0.key, as: UTF8.self) }
    }
}

// The table that a changelog leaves behind, worked out apart from the engine that wrote it. Lines are JSON: a change as
// `{"before":…,"after":…,"op":"c|u|d|r"}`, or a plain object, which is an insert.
//
// Invariant: no change may take back a row that is not there. A row is compared as the text it was written as, so a row
// must be taken back as it was sent.

package struct FinalTable: Sendable {
    /// How many times each row is there; never 0. A row is the text of its object.
    package private(set) var counts: [[UInt8]: Int] = [:]
    /// How many changes were applied.
    package private(set) var changes = 0

    package init() {}

    package var rowCount: Int { counts.values.reduce(0, +) }

    /// Applies one line, without its line end.
    package mutating func apply(_ line: ArraySlice<UInt8>) throws(ChangelogMistake) {
        let members = try JSONLine.members(of: line)
        changes += 1
        guard let operation = members["op"], members["before"] != nil || members["after"] != nil else {
            add(Array(line))
            return
        }
        let before = members["before"].flatMap(Self.row)
        let after = members["after"].flatMap(Self.row)
        switch (String(decoding: operation, as: UTF8.self), before, after) {
        case ("\"c\"", nil, let row?), ("\"r\"", nil, let row?):
            add(row)
        case ("\"u\"", let old?, let new?):
            try takeBack(old)
            add(new)
        case ("\"d\"", let row?, nil):
            try takeBack(row)
        default:
            throw .notAChange
        }
    }

    private static func row(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        text.elementsEqual("null".utf8) ? nil : Array(text)
    }

    private mutating func add(_ row: [UInt8]) { counts[row, default: 0] += 1 }

    private mutating func takeBack(_ row: [UInt8]) throws(ChangelogMistake) {
        guard let count = counts[row] else { throw .rowNotThere(String(decoding: row, as: UTF8.self)) }
        counts[row] = count == 1 ? nil : count - 1
    }

    /// The rows in the order of their bytes, each as its values with a TAB between them: strings without quotes, escapes
    /// as they were written.
    package func sortedRows() throws(ChangelogMistake) -> [String] {
        var rows: [String] = []
        for (row, count) in counts {
            let text = try JSONLine.values(of: row[...]).map(Self.text).joined(separator: "\t")
            rows.append(contentsOf: repeatElement(text, count: count))
        }
        return rows.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The sum over all rows of the first eight bytes (big-endian) of the MD5 of the row as `sortedRows` gives it, with
    /// timestamps brought to three digits of fraction. It does not depend on the order of rows.
    package func checksum() throws(ChangelogMistake) -> UInt64 {
        var sum: UInt64 = 0
        for (row, count) in counts {
            let values = try JSONLine.values(of: row[...]).map { Self.withMilliseconds(Self.text($0)) }
            let digest = MD5.digest(Array(values.joined(separator: "\t").utf8))
            let word = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            sum &+= word &* UInt64(count)
        }
        return sum
    }

    private static func text(_ value: ArraySlice<UInt8>) -> String {
        let isQuoted = value.count >= 2 && value.first == 0x22
        return String(decoding: isQuoted ? value.dropFirst().dropLast() : value, as: UTF8.self)
    }

    /// `2026-01-01 00:00:00.5` to `2026-01-01 00:00:00.500`; anything else as it is.
    private static func withMilliseconds(_ text: String) -> String {
        let pattern = Array("dddd-dd-dd dd:dd:dd".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count == pattern.count || (21...23).contains(bytes.count) else { return text }
        for (byte, expected) in zip(bytes, pattern) {
            guard expected == 0x64 ? (0x30...0x39).contains(byte) : byte == expected else { return text }
        }
        let fraction = bytes.dropFirst(pattern.count + 1)
        guard fraction.allSatisfy({ (0x30...0x39).contains($0) }) else { return text }
        let whole = String(decoding: bytes.prefix(pattern.count), as: UTF8.self)
        return whole + "." + String(decoding: fraction, as: UTF8.self)
            + String(repeating: "0", count: 3 - fraction.count)
    }
}

/// What is wrong with a line of a changelog.
package enum ChangelogMistake: Error, Equatable, CustomStringConvertible {
    case notAnObject
    /// An operation that is not c, r, u or d, or one without the rows it needs.
    case notAChange
    case rowNotThere(String)
    /// `errno`
    case unreadable(Int32)
    /// The last line of a file has no line end.
    case unterminatedLine

    package var description: String {
        switch self {
        case .notAnObject: "the line is not one JSON object"
        case .notAChange: "the change is none of c, r, u, d with the rows it needs"
        case .rowNotThere(let row): "the change takes back a row that is not there: \(row)"
        case .unreadable(let code): "cannot be read (errno \(code))"
        case .unterminatedLine: "the last line has no line end"
        }
    }
}

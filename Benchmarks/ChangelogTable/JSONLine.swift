/// Cuts one JSON object into the texts of its members. Values are not looked into, only their ends are found.
enum JSONLine {
    static func members(of line: ArraySlice<UInt8>) throws(ChangelogMistake) -> [String: ArraySlice<UInt8>] {
        var members: [String: ArraySlice<UInt8>] = [:]
        try forEachMember(of: line) { name, value in members[String(decoding: name, as: UTF8.self)] = value }
        return members
    }

    static func values(of line: ArraySlice<UInt8>) throws(ChangelogMistake) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        try forEachMember(of: line) { _, value in values.append(value) }
        return values
    }

    /// `name` comes without its quotes, escapes as they were written.
    private static func forEachMember(
        of line: ArraySlice<UInt8>, _ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void
    ) throws(ChangelogMistake) {
        guard line.count >= 2, line.first == UInt8(ascii: "{"), line.last == UInt8(ascii: "}") else {
            throw .notAnObject
        }
        let end = line.endIndex - 1
        var at = line.startIndex + 1
        while at < end {
            guard line[at] == UInt8(ascii: "\""), let colon = valueEnd(line, at, end), colon < end,
                line[colon] == UInt8(ascii: ":"), let comma = valueEnd(line, colon + 1, end), comma > colon + 1
            else { throw .notAnObject }
            body(line[(at + 1)..<(colon - 1)], line[(colon + 1)..<comma])
            at = comma
            if at < end {
                guard line[at] == UInt8(ascii: ","), at + 1 < end else { throw .notAnObject }
                at += 1
            }
        }
    }

    /// The place after a value that begins at `start`: where, outside strings and brackets, a `,` or `:` stands or the
    /// object ends. nil: a string or bracket is left open.
    private static func valueEnd(_ line: ArraySlice<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var depth = 0
        var inString = false
        var at = start
        while at < end {
            let byte = line[at]
            if inString {
                if byte == UInt8(ascii: "\\") { at += 1 }
                if byte == UInt8(ascii: "\"") { inString = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): inString = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth < 0 { return nil }
                case UInt8(ascii: ","), UInt8(ascii: ":"): if depth == 0 { return at }
                default: break
                }
            }
            at += 1
        }
        return inString || depth != 0 || at > end ? nil : end
    }
}

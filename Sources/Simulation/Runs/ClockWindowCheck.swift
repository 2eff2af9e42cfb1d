// Windows over processing time hold what came while they were open, and nobody can say beforehand what that is. What is
// known: no window and key comes twice, and over all windows of a key counts and sums are those of all its rows, as often
// as a row has windows.

struct ClockWindowCheck {
    private typealias Bytes = ChangelogTable.Bytes

    private let window: ShapeWindow
    private let grouping: Grouping
    /// By the texts of the keys: the sums of all aggregates, in order.
    private var found: [[Bytes]: [Double]] = [:]

    /// - Returns: what is wrong with a table of `.windowGroup(_, window, grouping)`; nil: nothing.
    static func mistake(
        in table: ChangelogTable, _ window: ShapeWindow, _ grouping: Grouping, expected: [ModelRow]
    ) -> String? {
        var check = ClockWindowCheck(window: window, grouping: grouping)
        return check.add(table) ?? check.compare(expected)
    }

    private init(window: ShapeWindow, grouping: Grouping) {
        self.window = window
        self.grouping = grouping
    }

    private mutating func add(_ table: ChangelogTable) -> String? {
        var seen: Set<[Bytes]> = []
        for (row, count) in table.counts {
            let values = Self.values(row)
            guard values.count == 2 + grouping.keys.count + grouping.calls.count else {
                return "no row: \(Self.text(row))"
            }
            let key = Array(values[2..<(2 + grouping.keys.count)])
            guard count == 1, seen.insert(values[..<2] + key).inserted else {
                return "a window's key comes twice: \(Self.text(row))"
            }
            var sums = found[key] ?? [Double](repeating: 0, count: grouping.calls.count)
            for (index, value) in values[(2 + grouping.keys.count)...].enumerated() {
                sums[index] += Double(Self.text(value)) ?? 0
            }
            found[key] = sums
        }
        return nil
    }

    private func compare(_ expected: [ModelRow]) -> String? {
        let windows = Double(window.sizeSeconds / window.slideSeconds)
        var missing = Set(found.keys)
        for row in expected {
            let key = row.values[..<grouping.keys.count].map { Array($0.json.utf8)[...] }
            let sums = row.values[grouping.keys.count...].map { (Double($0.json) ?? 0) * windows }
            missing.remove(key)
            guard found[key] == sums else {
                let name = key.map { Self.text($0) }.joined(separator: ", ")
                return "over all windows the key (\(name)) has \(found[key] ?? []), expected \(sums)"
            }
        }
        return missing.first.map { "nothing has the key (\($0.map { Self.text($0) }.joined(separator: ", ")))" }
    }

    private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The texts between `"c0":`, `"c1":`, … ; no text of the input holds such a name.
    private static func values(_ row: Bytes) -> [Bytes] {
        var values: [Bytes] = []
        var rest = row.dropFirst()
        while true {
            let name = Array("\"c\(values.count)\":".utf8)
            guard rest.starts(with: name) else { return values }
            rest = rest.dropFirst(name.count)
            let next = Array(",\"c\(values.count + 1)\":".utf8)
            let end = rest.indices.first { rest[$0...].starts(with: next) }
            values.append(end.map { rest[..<$0] } ?? rest.dropLast())
            rest = end.map { rest[($0 + 1)...] } ?? []
        }
    }
}

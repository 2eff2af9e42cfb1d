import HostSystem

// A random job of one to three tables and sinks. Small on purpose: what goes wrong in a large job goes wrong in a small one
// too, and there it can be understood.

/// What the jobs of a simulation may hold besides filters, projections, unions and groups.
package struct JobFeatures: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let windows = JobFeatures(rawValue: 1)
    package static let processingTime = JobFeatures(rawValue: 2)
    package static let parallelism = JobFeatures(rawValue: 4)
    /// Groups over groups.
    package static let changelogs = JobFeatures(rawValue: 8)
    /// Tables that are both written and read.
    package static let wiring = JobFeatures(rawValue: 16)
    package static let all: JobFeatures = [.parallelism, .windows, .processingTime, .changelogs, .wiring]
}

struct JobGenerator {
    private let features: JobFeatures
    var random: SplitMix64
    private var tables: [InputTable] = []

    init(_ random: SplitMix64, _ features: JobFeatures) {
        self.random = random
        self.features = features
    }

    static func job(_ random: inout SplitMix64, _ features: JobFeatures) -> JobShape {
        var generator = JobGenerator(random, features)
        defer { random = generator.random }
        return generator.job()
    }

    private mutating func job() -> JobShape {
        let count = 1 + random.below(3)
        let hasWatermarks = features.contains(.windows) && !random.oneIn(4)
        for number in 0..<count {
            let delay = hasWatermarks && !random.oneIn(6) ? [0, 1, 3, 10][random.below(4)] : nil
            tables.append(
                InputTable(number: number, format: random.oneIn(4) ? .csv : .json, delaySeconds: delay))
        }
        let sinks = (0..<(1 + random.below(3))).map { number in
            OutputTable(number: number, relation: output(), rollBytes: [50, 500, 1 << 20][random.below(3)])
        }
        let used = Set(sinks.flatMap { $0.relation.tables.map(\.number) })
        return JobShape(tables: tables.filter { used.contains($0.number) }, sinks: sinks)
    }

    /// What one sink gets.
    private mutating func output() -> Relation {
        if features.contains(.processingTime), random.oneIn(8) { return processingTimeGroup() }
        let timed = tables.filter { $0.delaySeconds != nil }
        if !timed.isEmpty, !random.oneIn(4) { return windowed(rows(of: timed, keepsTime: true)) }
        let rows = rows(of: tables, keepsTime: false)
        if random.oneIn(4) { return rows }
        let groups = having(.group(rows, grouping(rows.columns)))
        guard features.contains(.changelogs), random.oneIn(2) else { return groups }
        return groupsOfGroups(groups)
    }

    /// Over a changelog, perhaps of several groups, or of groups and rows.
    private mutating func groupsOfGroups(_ groups: Relation) -> Relation {
        var input = groups
        if random.oneIn(3) {
            let items = items(groups.columns, keeping: nil)
            input = .project(groups, items)
        }
        if random.oneIn(4) { input = .union([input, input]) }
        let outer = having(.group(input, grouping(input.columns)))
        return random.oneIn(4) ? having(.group(outer, grouping(outer.columns))) : outer
    }

    // MARK: Rows

    /// Some of the tables, each perhaps filtered, all with the same columns.
    private mutating func rows(of tables: [InputTable], keepsTime: Bool) -> Relation {
        var inputs: [Relation] = []
        for table in tables where inputs.isEmpty || random.oneIn(2) { inputs.append(filtered(.table(table))) }
        if random.oneIn(8), let first = inputs.first { inputs.append(first) }
        var rows = inputs.count == 1 ? inputs[0] : .union(inputs)
        if random.oneIn(3) { rows = .project(rows, items(rows.columns, keeping: keepsTime ? rows.rowtime : nil)) }
        return random.oneIn(4) ? filtered(rows) : rows
    }

    mutating func filtered(_ rows: Relation) -> Relation {
        random.oneIn(2) ? rows : .filter(rows, condition(rows.columns, depth: 2))
    }

    mutating func items(_ columns: [ShapeColumn], keeping: Int?) -> [ShapeItem] {
        var items: [ShapeItem] = []
        for (index, column) in columns.enumerated() where index == keeping || !random.oneIn(4) {
            items.append(.column(index))
            guard random.oneIn(3) else { continue }
            switch column.type {
            case .bigint: items.append(random.oneIn(2) ? .plus(index, Int64(random.below(9)) + 1) : .sign(index))
            case .string: items.append(random.oneIn(2) ? .suffixed(index, "-x") : .orElse(index, "none"))
            default: break
            }
        }
        return items.isEmpty ? [.column(0)] : items
    }

    mutating func condition(_ columns: [ShapeColumn], depth: Int) -> ShapeCondition {
        if depth > 0, random.oneIn(3) {
            let (a, b) = (condition(columns, depth: depth - 1), condition(columns, depth: depth - 1))
            switch random.below(3) {
            case 0: return .both(a, b)
            case 1: return .either(a, b)
            default: return .not(a)
            }
        }
        let index = random.below(columns.count)
        if random.oneIn(4) { return .isNull(index) }
        switch columns[index].type {
        case .int, .bigint:
            if random.oneIn(2) { return .remainder(index, by: Int64(2 + random.below(3)), is: Int64(random.below(2))) }
            return .less(index, .integer(Int64(random.below(40)) - 10))
        case .double: return .less(index, .double(Double(random.below(80)) / 4))
        case .string:
            let text = ModelValue.text(InputGenerator.texts[random.below(InputGenerator.texts.count)])
            return random.oneIn(2) ? .less(index, text) : .equal(index, text)
        case .timestamp: return .not(.isNull(index))
        }
    }

    // MARK: Groups and windows

    mutating func grouping(_ columns: [ShapeColumn], without: Set<Int> = []) -> Grouping {
        let usable = columns.indices.filter { !without.contains($0) }
        let keyable = usable.filter { columns[$0].type != .double }
        var keys: [Int] = []
        if !random.oneIn(8) {
            for _ in 0...random.below(2) {
                if let key = keyable.isEmpty ? nil : keyable[random.below(keyable.count)], !keys.contains(key) {
                    keys.append(key)
                }
            }
        }
        var calls: [ShapeCall] = [ShapeCall(function: .rows, column: 0)]
        for _ in 0..<random.below(4) {
            guard let column = usable.isEmpty ? nil : usable[random.below(usable.count)] else { break }
            let isNumber = columns[column].type == .bigint || columns[column].type == .int
            let functions = ShapeCall.Function.allCases.filter { function in
                switch function {
                case .rows: false
                case .count, .least, .greatest: true
                case .sum: isNumber || columns[column].type == .double
                case .average: isNumber
                }
            }
            let call = ShapeCall(function: functions[random.below(functions.count)], column: column)
            if !calls.contains(call) { calls.append(call) }
        }
        return Grouping(keys: keys, calls: calls)
    }

    /// Only rows of the result that meet a condition.
    mutating func having(_ groups: Relation) -> Relation {
        random.oneIn(5) ? .filter(groups, condition(groups.columns, depth: 1)) : groups
    }

    private mutating func window(_ time: ShapeWindow.Time) -> ShapeWindow {
        let slide = [1, 2, 5, 10, 30][random.below(5)]
        let windows = random.oneIn(2) ? 1 : 2 + random.below(4)
        let offset = random.oneIn(4) ? random.below(slide) : 0
        var window = ShapeWindow(time: time, sizeSeconds: slide * windows, slideSeconds: slide, offsetSeconds: offset)
        if offset == 0, time == .event, random.oneIn(5) { window.isOldForm = true }
        return window
    }

    private mutating func windowed(_ rows: Relation) -> Relation {
        if random.oneIn(8) { return .windowRows(rows, tableWindow()) }
        let time = rows.rowtime.map { [$0] } ?? []
        let groups = Relation.windowGroup(rows, window(.event), grouping(rows.columns, without: Set(time)))
        let ofWindow = Set(groups.windowColumns.indices)
        switch random.below(6) {
        case 0: return .sameWindow(groups, grouping(groups.columns, without: ofWindow))
        case 1:
            var outer = tableWindow()
            outer.sizeSeconds *= 2
            outer.slideSeconds = random.oneIn(2) ? outer.sizeSeconds : outer.slideSeconds
            let rest = groups.columns.indices.filter { !ofWindow.contains($0) }.map { ShapeItem.column($0) }
            let rows = Relation.project(groups, [.named(2, "wt")] + rest)
            return .windowGroup(rows, outer, grouping(rows.columns, without: [0]))
        case 2: return .group(groups, grouping(groups.columns, without: [2]))
        default: return random.oneIn(6) ? filtered(groups) : groups
        }
    }

    private mutating func tableWindow() -> ShapeWindow {
        var window = window(.event)
        window.isOldForm = false
        return window
    }

    private mutating func processingTimeGroup() -> Relation {
        let table = Relation.table(tables[random.below(tables.count)])
        let functions: Set<ShapeCall.Function> = [.rows, .count, .sum]
        var grouping = grouping(table.columns)
        grouping.calls.removeAll { !functions.contains($0.function) }
        return .windowGroup(table, window(.processing), grouping)
    }
}

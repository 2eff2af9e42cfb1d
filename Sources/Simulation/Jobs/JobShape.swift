// A job as a small value: what it reads, what it makes of it, where it writes. `JobSQL` writes it as the SQL that the
// engine runs; `RowModel` works out what must come of it.

/// A job's tables and what is inserted where.
package struct JobShape: Sendable {
    package var tables: [InputTable]
    package var sinks: [OutputTable]

    package init(tables: [InputTable], sinks: [OutputTable]) {
        self.tables = tables
        self.sinks = sinks
    }
}

/// A folder of files, or a topic. All tables have the same columns, `InputTable.columns`.
package struct InputTable: Hashable, Sendable {
    package static let columns: [ShapeColumn] = [
        ShapeColumn("id", .bigint), ShapeColumn("k", .string), ShapeColumn("g", .int), ShapeColumn("v", .bigint),
        ShapeColumn("d", .double), ShapeColumn("ts", .timestamp),
    ]
    package static let timeColumn = 5

    package enum Format: Sendable { case json, csv, topic }

    /// Its place in the job.
    package var number: Int
    package var format: Format
    /// The watermark is the time less this; nil: there is none.
    package var delaySeconds: Int?

    package init(number: Int, format: Format, delaySeconds: Int?) {
        self.number = number
        self.format = format
        self.delaySeconds = delaySeconds
    }

    package var name: String { "t\(number)" }
    package var folder: String { "in/\(name)" }
}

/// What is written, by a table's worth of part files or to a topic.
package struct OutputTable: Sendable {
    package var number: Int
    package var relation: Relation
    /// A part file is closed when it is larger.
    package var rollBytes: Int
    /// nil: part files.
    package var topic: ShapeTopic?

    package init(number: Int, relation: Relation, rollBytes: Int = 1 << 20) {
        self.number = number
        self.relation = relation
        self.rollBytes = rollBytes
    }

    package var name: String { "s\(number)" }
    package var folder: String { "out/\(name)" }
}

/// A topic that a job fills, with its columns c0, c1, …
package struct ShapeTopic: Sendable {
    var name: String
    var partitions: Int
    /// What it is filled with.
    var relation: Relation
    /// Columns that come first; none where rows are only added.
    var keyCount: Int

    var columns: [ShapeColumn] { relation.columns.enumerated().map { ShapeColumn("c\($0)", $1.type) } }
}

package enum ShapeType: String, Sendable {
    case int = "INT"
    case bigint = "BIGINT"
    case double = "DOUBLE"
    case string = "STRING"
    case timestamp = "TIMESTAMP(3)"
}

package struct ShapeColumn: Hashable, Sendable {
    package var name: String
    package var type: ShapeType

    init(_ name: String, _ type: ShapeType) {
        self.name = name
        self.type = type
    }
}

/// A stream of rows. Columns are named by their index in the input.
package indirect enum Relation: Sendable {
    case table(InputTable)
    /// What another job fills.
    case topic(ShapeTopic)
    case filter(Relation, ShapeCondition)
    /// Each with a name.
    case project(Relation, [ShapeItem])
    /// Inputs with the same columns.
    case union([Relation])
    /// One row per key, updated for ever.
    case group(Relation, Grouping)
    /// Every row once for each of its windows: the input's columns, then the window's.
    case windowRows(Relation, ShapeWindow)
    /// One row per window and key: the window's columns, then the keys, then the aggregates.
    case windowGroup(Relation, ShapeWindow, Grouping)
    /// Over the rows of a `windowGroup`: grouped by their windows too. Columns as there.
    case sameWindow(Relation, Grouping)
}

package struct Grouping: Sendable {
    package var keys: [Int]
    package var calls: [ShapeCall]

    package init(keys: [Int], calls: [ShapeCall]) {
        self.keys = keys
        self.calls = calls
    }
}

package struct ShapeCall: Hashable, Sendable {
    package enum Function: String, CaseIterable, Sendable {
        case rows = "COUNT(*)"
        case count = "COUNT"
        case sum = "SUM"
        case least = "MIN"
        case greatest = "MAX"
        case average = "AVG"
    }

    package var function: Function
    /// Nothing to `rows`.
    package var column: Int

    package init(function: Function, column: Int) {
        self.function = function
        self.column = column
    }
}

package struct ShapeWindow: Hashable, Sendable {
    package enum Time: Sendable { case event, processing }

    package var time: Time
    package var sizeSeconds: Int
    /// From one window's start to the next; equal to the size: the windows tumble.
    package var slideSeconds: Int
    package var offsetSeconds = 0
    /// `GROUP BY TUMBLE(ts, …)` instead of a table function.
    package var isOldForm = false

    package init(time: Time, sizeSeconds: Int, slideSeconds: Int, offsetSeconds: Int = 0) {
        self.time = time
        self.sizeSeconds = sizeSeconds
        self.slideSeconds = slideSeconds
        self.offsetSeconds = offsetSeconds
    }

    var tumbles: Bool { sizeSeconds == slideSeconds }
}

/// A column of a projection.
package enum ShapeItem: Hashable, Sendable {
    case column(Int)
    /// The column under another name.
    case named(Int, String)
    /// Of a BIGINT column.
    case plus(Int, Int64)
    /// Of a STRING column.
    case suffixed(Int, String)
    /// Of a STRING column: itself, or the text where it is NULL.
    case orElse(Int, String)
    /// Of a BIGINT column: a text.
    case sign(Int)
}

/// TRUE, FALSE, or NULL; only rows for which it is TRUE stay.
package indirect enum ShapeCondition: Hashable, Sendable {
    case less(Int, ModelValue)
    case equal(Int, ModelValue)
    case isNull(Int)
    /// Of an integer column.
    case remainder(Int, by: Int64, is: Int64)
    case not(ShapeCondition)
    case both(ShapeCondition, ShapeCondition)
    case either(ShapeCondition, ShapeCondition)
}

extension Relation {
    package var inputs: [Relation] {
        switch self {
        case .table, .topic: []
        case .union(let inputs): inputs
        case .filter(let input, _), .project(let input, _), .group(let input, _), .windowRows(let input, _),
            .windowGroup(let input, _, _), .sameWindow(let input, _):
            [input]
        }
    }

    package var columns: [ShapeColumn] {
        switch self {
        case .table: return InputTable.columns
        case .topic(let topic): return topic.columns
        case .filter(let input, _): return input.columns
        case .project(let input, let items): return items.enumerated().map { $1.column(of: input.columns, at: $0) }
        case .union(let inputs): return inputs[0].columns
        case .group(let input, let grouping): return grouping.columns(of: input.columns)
        case .windowRows(let input, _): return input.columns + windowColumns
        case .windowGroup(let input, _, let grouping), .sameWindow(let input, let grouping):
            return windowColumns + grouping.columns(of: input.columns)
        }
    }

    /// Of a relation with windows: start, end, and over event time the column that carries it on.
    var windowColumns: [ShapeColumn] {
        let ends = [ShapeColumn("window_start", .timestamp), ShapeColumn("window_end", .timestamp)]
        return dependsOnTheClock ? ends : ends + [ShapeColumn("window_time", .timestamp)]
    }

    /// The column that carries event time.
    package var rowtime: Int? {
        switch self {
        case .table(let table): table.delaySeconds == nil ? nil : InputTable.timeColumn
        case .filter(let input, _): input.rowtime
        case .project(let input, let items):
            input.rowtime.flatMap { rowtime in items.firstIndex { $0.isColumn(rowtime) } }
        case .union(let inputs): inputs.allSatisfy { $0.rowtime != nil } ? inputs[0].rowtime : nil
        case .group, .topic: nil
        case .windowRows(let input, let window): window.time == .event ? input.columns.count + 2 : nil
        case .windowGroup(_, let window, _): window.time == .event ? 2 : nil
        case .sameWindow(let input, _): input.rowtime == nil ? nil : 2
        }
    }

    /// Rows are only added, never changed.
    package var isAppendOnly: Bool {
        if case .group = self { return false }
        if case .topic(let topic) = self { return topic.relation.isAppendOnly }
        return inputs.allSatisfy(\.isAppendOnly)
    }

    package var tables: [InputTable] {
        if case .table(let table) = self { return [table] }
        return inputs.flatMap(\.tables)
    }

    /// Those that it reads.
    var topics: [ShapeTopic] {
        if case .topic(let topic) = self { return [topic] }
        return inputs.flatMap(\.topics)
    }

    /// A filter stands over windows: the engine may filter before them, and then fewer rows come late.
    package var filtersWindows: Bool {
        if case .filter(let input, _) = self { return input.hasWindows || input.filtersWindows }
        return inputs.contains(where: \.filtersWindows)
    }

    var hasWindows: Bool {
        if case .windowGroup = self { return true }
        return inputs.contains(where: \.hasWindows)
    }

    /// Somewhere in it are windows over processing time.
    package var dependsOnTheClock: Bool {
        switch self {
        case .windowRows(let input, let window), .windowGroup(let input, let window, _):
            window.time == .processing || input.dependsOnTheClock
        default: inputs.contains(where: \.dependsOnTheClock)
        }
    }
}

extension Grouping {
    func columns(of input: [ShapeColumn]) -> [ShapeColumn] {
        let names = callNames(input)
        return keys.map { input[$0] } + zip(names, calls).map { ShapeColumn($0, $1.type(of: input)) }
    }

    /// Names that no column of the input has.
    func callNames(_ input: [ShapeColumn]) -> [String] {
        var prefix = "a"
        while input.contains(where: { $0.name.hasPrefix(prefix) }) { prefix += "a" }
        return calls.indices.map { "\(prefix)\($0)" }
    }
}

extension ShapeCall {
    func type(of input: [ShapeColumn]) -> ShapeType {
        switch function {
        case .rows, .count: .bigint
        case .sum, .least, .greatest, .average: input[column].type
        }
    }
}

extension ShapeItem {
    func isColumn(_ index: Int) -> Bool {
        switch self {
        case .column(index), .named(index, _): true
        default: false
        }
    }

    func column(of input: [ShapeColumn], at index: Int) -> ShapeColumn {
        switch self {
        case .column(let column): input[column]
        case .named(let column, let name): ShapeColumn(name, input[column].type)
        case .plus(let column, _): ShapeColumn(Self.name(index, beside: input), input[column].type)
        case .suffixed, .orElse, .sign: ShapeColumn(Self.name(index, beside: input), .string)
        }
    }

    /// Of what is worked out: none of the columns that may stand beside it.
    private static func name(_ index: Int, beside input: [ShapeColumn]) -> String {
        var name = "p\(index)"
        while input.contains(where: { $0.name == name }) { name = "p" + name }
        return name
    }
}

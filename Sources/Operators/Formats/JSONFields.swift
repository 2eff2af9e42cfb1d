import Columnar

// The fields of a record that somebody asks for, as a tree: inner nodes are objects, leaves have a column or are only asked
// about their presence. A field's index is also its bit in the masks that a row is judged by. A *level* is an object in
// which field names are looked up: level 0 is the record, the others belong to fields asked for below it (and later, see
// `JSONStretches`, to objects nobody asked for but which occur).

struct JSONField {
    /// What the value becomes.
    enum Content: Equatable {
        case object
        case boolean
        case int
        case bigint
        case double
        case string
        case date
        case timestamp(precision: Int)
        /// Only its presence is asked for; `isObject`: and it must be an object.
        case presence(isObject: Bool)
    }

    var name: [UInt8]
    /// -1 at the top.
    var parent: Int
    /// The level in which its name is looked up.
    var level: Int
    /// For an object: the level of its fields.
    var childLevel = -1
    var content: Content
    var isNullable = true
    /// A scan predicate depends on it or on something inside it.
    var isTested = false
    /// Itself and everything inside it.
    var subtree: [Int] = []
    /// `bid.price`
    var title: String

    /// Whether it has a column of values.
    var hasColumn: Bool {
        switch content {
        case .object, .presence: false
        default: true
        }
    }

    /// Bytes of a value in its column; 0 for a string, or where there is no column.
    var width: Int {
        switch content {
        case .object, .presence, .string: 0
        case .boolean: 1
        case .int, .date: 4
        case .bigint, .double, .timestamp: 8
        }
    }

    /// `a BIGINT`, as messages call what was expected.
    var expectation: String {
        switch content {
        case .object, .presence: "an object"
        case .boolean: "a BOOLEAN"
        case .int: "an INT"
        case .bigint: "a BIGINT"
        case .double: "a DOUBLE"
        case .string: "a STRING"
        case .date: "a DATE"
        case .timestamp(let precision): "a TIMESTAMP(\(precision))"
        }
    }
}

struct JSONFields {
    private(set) var fields: [JSONField] = []
    /// Fields of each level.
    private(set) var levels: [[Int]] = [[]]
    /// The field of each scan column.
    private(set) var columnFields: [Int] = []

    init(columns: [ScanColumn], predicates: [ScanPredicate]) {
        for column in columns {
            precondition(!column.path.isEmpty, "a scan column has a path")
            precondition(
                column.path.count < JSONGrammar.maximumDepth, "a scan column's path is shorter than lines may nest")
            columnFields.append(insert(column))
        }
        for predicate in predicates {
            var field = columnFields[predicate.column]
            while field >= 0 {
                fields[field].isTested = true
                field = fields[field].parent
            }
        }
        for index in fields.indices {
            var field = index
            while field >= 0 {
                fields[field].subtree.append(index)
                field = fields[field].parent
            }
        }
    }

    private mutating func insert(_ column: ScanColumn) -> Int {
        var parent = -1
        for depth in column.path.indices {
            let isLast = depth == column.path.count - 1
            let content = isLast ? Self.content(of: column) : .object
            let level = parent < 0 ? 0 : openLevel(of: parent)
            let name = Array(column.path[depth].utf8)
            if let known = levels[level].first(where: { fields[$0].name == name }) {
                fields[known].content = Self.merge(fields[known].content, content)
                parent = known
            } else {
                levels[level].append(fields.count)
                let title = column.path[...depth].joined(separator: ".")
                fields.append(JSONField(name: name, parent: parent, level: level, content: content, title: title))
                parent = fields.count - 1
            }
        }
        if !column.isNullable { fields[parent].isNullable = false }
        return parent
    }

    private mutating func openLevel(of field: Int) -> Int {
        if fields[field].childLevel < 0 {
            fields[field].childLevel = levels.count
            levels.append([])
        }
        return fields[field].childLevel
    }

    private static func content(of column: ScanColumn) -> JSONField.Content {
        if column.kind == .presence {
            if case .row = column.type { return .presence(isObject: true) }
            return .presence(isObject: false)
        }
        switch column.type {
        case .boolean: return .boolean
        case .int: return .int
        case .bigint: return .bigint
        case .double: return .double
        case .string: return .string
        case .date: return .date
        case .timestamp(let precision): return .timestamp(precision: precision)
        case .row: preconditionFailure("a scan gives the fields of a ROW, not the ROW")
        }
    }

    /// One path asked for twice: as an object and by its presence, say.
    private static func merge(_ a: JSONField.Content, _ b: JSONField.Content) -> JSONField.Content {
        switch (a, b) {
        case (.presence(let first), .presence(let second)): return .presence(isObject: first || second)
        case (.presence, let other), (let other, .presence): return other
        default:
            precondition(a == b, "one path of a scan has one type")
            return a
        }
    }
}

import GRDB

/// A row that does not hold what its column is declared to: the file was changed by somebody else.
struct UnexpectedValue: Error {
    var column: String
    var value: String
}

/// The values of one row, by position. What is not of the expected kind is an error, never a trap.
struct CatalogRow {
    private let row: Row

    init(_ row: Row) { self.row = row }

    func integer(_ index: Int) throws -> Int64 {
        guard case .int64(let number) = try value(index).storage else { throw unexpected(index) }
        return number
    }

    func optionalInteger(_ index: Int) throws -> Int64? { try value(index).isNull ? nil : integer(index) }

    func number(_ index: Int) throws -> Int {
        guard let number = Int(exactly: try integer(index)) else { throw unexpected(index) }
        return number
    }

    func position(_ index: Int) throws -> UInt64 {
        guard let position = UInt64(exactly: try integer(index)) else { throw unexpected(index) }
        return position
    }

    func text(_ index: Int) throws -> String {
        guard case .string(let text) = try value(index).storage else { throw unexpected(index) }
        return text
    }

    func optionalText(_ index: Int) throws -> String? { try value(index).isNull ? nil : text(index) }

    func name<Value: RawRepresentable>(_ index: Int, as: Value.Type) throws -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: try text(index)) else { throw unexpected(index) }
        return value
    }

    /// Of two columns.
    func version(_ index: Int) throws -> VersionID { VersionID(try text(index), try number(index + 1)) }

    /// Of two columns: who, and the command.
    func author(_ index: Int) throws -> Transition.Author {
        switch try text(index) {
        case "user": .user(command: try text(index + 1))
        case "server": .server
        case "journal": .journal
        default: throw unexpected(index)
        }
    }

    func unexpected(_ index: Int) -> UnexpectedValue {
        guard index < row.count else { return UnexpectedValue(column: "column \(index)", value: "nothing") }
        let value: DatabaseValue = row[index]
        return UnexpectedValue(column: Array(row.columnNames)[index], value: String(value.description.prefix(80)))
    }

    private func value(_ index: Int) throws -> DatabaseValue {
        guard index < row.count else { throw unexpected(index) }
        return row[index]
    }
}

/// The values of a statement, in order. SQLite ends a text at a zero byte, so such a text is refused before.
struct CatalogArguments {
    private(set) var values: [(any DatabaseValueConvertible)?] = []

    mutating func text(_ text: String, _ what: String) throws(CatalogError) {
        guard !text.utf8.contains(0) else { throw .unstorable("\(what) with a zero byte in it") }
        values.append(text)
    }

    mutating func optionalText(_ text: String?, _ what: String) throws(CatalogError) {
        if let text { try self.text(text, what) } else { values.append(nil) }
    }

    mutating func integer(_ number: Int64?) { values.append(number) }

    mutating func position(_ position: UInt64?) throws(CatalogError) {
        guard let position else { return values.append(nil) }
        guard let number = Int64(exactly: position) else { throw .unstorable("the journal position \(position)") }
        values.append(number)
    }

    mutating func version(_ id: VersionID) throws(CatalogError) {
        try text(id.job, "a job's name")
        integer(Int64(id.number))
    }

    mutating func author(_ author: Transition.Author) throws(CatalogError) {
        switch author {
        case .user(let command):
            values.append("user")
            try text(command, "a command")
        case .server: values += ["server", nil]
        case .journal: values += ["journal", nil]
        }
    }
}

extension Database {
    /// `INSERT INTO <table and columns> VALUES (…)`, with as many values as there are.
    func insert(into target: String, _ arguments: CatalogArguments) throws {
        let marks = Array(repeating: "?", count: arguments.values.count).joined(separator: ", ")
        try execute(
            sql: "INSERT INTO \(target) VALUES (\(marks))", arguments: StatementArguments(arguments.values))
    }

    func rows<Value>(
        _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = [], _ read: (CatalogRow) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(self, sql: sql, arguments: StatementArguments(arguments))
        var values: [Value] = []
        while let row = try cursor.next() { values.append(try read(CatalogRow(row))) }
        return values
    }
}

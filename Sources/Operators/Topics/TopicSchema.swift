import Columnar
import HostSystem

/// A column of a topic. Its id is what frames name it by, so that its name and its place are free.
package struct TopicColumn: Hashable, Sendable {
    package var id: UInt32
    package var name: String
    package var type: DataType
    package var isNullable: Bool

    package init(id: UInt32, name: String, type: DataType, isNullable: Bool = true) {
        self.id = id
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// The columns of a topic and its key. For the log it is a blob: `Docs/Formats/topic-frames.md` has its bytes.
///
/// - Invariant: names and ids are unique, key columns are there and NOT NULL, types are those that columns can have.
package struct TopicSchema: Hashable, Sendable {
    package private(set) var columns: [TopicColumn]
    /// Names of columns; none in a topic of rows that are only added.
    package private(set) var key: [String]

    /// - Errors: what is against the invariant, in words.
    package init(columns: [TopicColumn], key: [String] = []) throws(TopicSchemaMistake) {
        self.columns = columns
        self.key = key
        try check()
    }

    /// Numbers the columns in their order. Columns of the key are NOT NULL.
    package init(fields: [Field], key: [String] = []) throws(TopicSchemaMistake) {
        let columns = fields.enumerated().map { index, field in
            TopicColumn(
                id: UInt32(truncatingIfNeeded: index), name: field.name, type: field.type,
                isNullable: field.isNullable && !key.contains(field.name))
        }
        try self.init(columns: columns, key: key)
    }

    package var fields: [Field] { columns.map { Field($0.name, $0.type, isNullable: $0.isNullable) } }

    package var isKeyed: Bool { !key.isEmpty }

    package func column(_ name: String) -> TopicColumn? { columns.first { $0.name == name } }

    /// Where the key's columns are.
    package var keyIndexes: [Int] { key.compactMap { name in columns.firstIndex { $0.name == name } } }

    /// The schema with more columns at its end, whose old frames give NULLs for them.
    /// - Errors: names that are taken, columns that are NOT NULL.
    package func adding(_ fields: [Field]) throws(TopicSchemaMistake) -> TopicSchema {
        if let field = fields.first(where: { !$0.isNullable }) { throw .addedColumnIsNotNull(field.name) }
        var next = (columns.map(\.id).max() ?? 0) &+ 1
        var added = columns
        for field in fields {
            added.append(TopicColumn(id: next, name: field.name, type: field.type))
            next &+= 1
        }
        return try TopicSchema(columns: added, key: key)
    }

    private func check() throws(TopicSchemaMistake) {
        guard !columns.isEmpty else { throw .noColumns }
        guard columns.count <= Self.mostColumns else { throw .tooManyColumns(columns.count) }
        var names: Set<String> = []
        var ids: Set<UInt32> = []
        for column in columns {
            guard names.insert(column.name).inserted else { throw .columnIsThereTwice(column.name) }
            guard column.id < TopicFrame.rowKindsID, ids.insert(column.id).inserted else {
                throw .columnIsThereTwice(column.name)
            }
            if case .row = column.type { throw .typeIsNotSupported(column.name, column.type) }
        }
        var seen: Set<String> = []
        for name in key {
            guard let column = column(name) else { throw .keyColumnIsMissing(name) }
            guard seen.insert(name).inserted else { throw .columnIsThereTwice(name) }
            guard !column.isNullable else { throw .keyColumnIsNullable(name) }
        }
    }

    package static let mostColumns = 4096
}

package enum TopicSchemaMistake: Error, Equatable, Sendable {
    case noColumns
    case tooManyColumns(Int)
    case columnIsThereTwice(String)
    case typeIsNotSupported(String, DataType)
    case keyColumnIsMissing(String)
    case keyColumnIsNullable(String)
    case addedColumnIsNotNull(String)
}

extension TopicSchemaMistake: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noColumns: "a topic needs a column"
        case .tooManyColumns(let count): "\(count) columns are more than \(TopicSchema.mostColumns)"
        case .columnIsThereTwice(let name): "column \"\(name)\" is there twice"
        case .typeIsNotSupported(let name, let type):
            "column \"\(name)\" is \(type), which topics do not support yet: its fields can be columns"
        case .keyColumnIsMissing(let name): "key column \"\(name)\" is not a column of the topic"
        case .keyColumnIsNullable(let name): "key column \"\(name)\" is not NOT NULL"
        case .addedColumnIsNotNull(let name):
            "column \"\(name)\" cannot be added as NOT NULL: the rows that are there have no value for it"
        }
    }
}

// MARK: Bytes

extension TopicSchema {
    private static let version: UInt8 = 1

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.writeVarint(UInt64(columns.count))
        for column in columns {
            writer.write(column.id)
            writer.writeString(column.name)
            column.type.encode(to: &writer)
            writer.write(column.isNullable)
        }
        writer.writeVarint(UInt64(key.count))
        for name in key { writer.writeString(name) }
        return writer.bytes
    }

    /// - Errors: bytes that `encoded` does not give.
    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self, "version of the schema") == Self.version else {
            throw CorruptBytes(offset: 0, expected: "version \(Self.version) of a topic's schema")
        }
        columns = []
        for _ in 0..<(try Self.readCount(&reader)) {
            columns.append(
                TopicColumn(
                    id: try reader.read(UInt32.self, "column id"), name: try reader.readString("column name"),
                    type: try DataType(fromTopic: &reader), isNullable: try reader.readBool()))
        }
        key = []
        for _ in 0..<(try Self.readCount(&reader)) { key.append(try reader.readString("key column")) }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the schema") }
        do throws(TopicSchemaMistake) {
            try check()
        } catch {
            throw CorruptBytes(offset: 0, expected: "a schema: \(error)")
        }
    }

    private static func readCount(_ reader: inout ByteReader) throws(CorruptBytes) -> Int {
        let count = try reader.readVarint("number of columns")
        guard count <= UInt64(min(reader.remaining, mostColumns)) else {
            throw CorruptBytes(offset: reader.position, expected: "number of columns")
        }
        return Int(count)
    }
}

extension DataType {
    /// One byte for the type, then its precision where it has one.
    fileprivate func encode(to writer: inout ByteWriter) {
        switch self {
        case .boolean: writer.write(UInt8(1))
        case .int: writer.write(UInt8(2))
        case .bigint: writer.write(UInt8(3))
        case .double: writer.write(UInt8(4))
        case .string: writer.write(UInt8(5))
        case .date: writer.write(UInt8(6))
        case .timestamp(let precision):
            writer.write(UInt8(7))
            writer.write(UInt8(truncatingIfNeeded: precision))
        case .row: preconditionFailure("a topic's schema has no ROW")
        }
    }

    fileprivate init(fromTopic reader: inout ByteReader) throws(CorruptBytes) {
        switch try reader.read(UInt8.self, "type") {
        case 1: self = .boolean
        case 2: self = .int
        case 3: self = .bigint
        case 4: self = .double
        case 5: self = .string
        case 6: self = .date
        case 7:
            let precision = try reader.read(UInt8.self, "precision")
            guard precision <= 6 else { throw CorruptBytes(offset: reader.position, expected: "a precision up to 6") }
            self = .timestamp(precision: Int(precision))
        default: throw CorruptBytes(offset: reader.position, expected: "a known type")
        }
    }
}

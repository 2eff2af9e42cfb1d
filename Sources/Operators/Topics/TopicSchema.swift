import Columnar
import HostSystem

/// What a topic keeps: a column, or, of a ROW, whether it is there, and each of its fields. Its id is what frames name it by,
/// so that its name and its place are free.
package struct TopicColumn: Hashable, Sendable {
    package var id: UInt32
    /// Field names from the top of the row.
    package var path: [String]
    package var kind: ScanColumn.Kind
    package var type: DataType
    /// It, or a ROW that it is in, may be NULL.
    package var isNullable: Bool

    /// A column that is no ROW.
    package init(id: UInt32, name: String, type: DataType, isNullable: Bool = true) {
        self.init(id: id, ScanColumn(path: [name], type: type, isNullable: isNullable))
    }

    package init(id: UInt32, _ leaf: ScanColumn) {
        self.id = id
        path = leaf.path
        kind = leaf.kind
        type = leaf.type
        isNullable = leaf.isNullable
    }

    /// For people.
    package var name: String { path.joined(separator: ".") }
}

/// The columns of a topic and its key. For the log it is a blob: `Docs/Formats/topic-frames.md` has its bytes.
///
/// - Invariant: names and ids are unique, key columns are there, NOT NULL and no ROWs.
package struct TopicSchema: Hashable, Sendable {
    /// As users see them.
    package private(set) var fields: [Field]
    /// What is kept of `fields`: their leaves, in order.
    package private(set) var columns: [TopicColumn]
    /// Names of columns; none in a topic of rows that are only added.
    package private(set) var key: [String]

    /// Numbers what is kept in its order. Columns of the key are NOT NULL.
    /// - Errors: what is against the invariant, in words.
    package init(fields: [Field], key: [String] = []) throws(TopicSchemaMistake) {
        self.fields = fields.map { field in
            Field(field.name, field.type, isNullable: field.isNullable && !key.contains(field.name))
        }
        columns = ScanColumn.leaves(of: self.fields).enumerated().map { index, leaf in
            TopicColumn(id: UInt32(truncatingIfNeeded: index), leaf)
        }
        self.key = key
        try check()
    }

    package var isKeyed: Bool { !key.isEmpty }

    package func field(_ name: String) -> Field? { fields.first { $0.name == name } }

    /// nil: the topic does not have it.
    package func column(_ leaf: ScanColumn) -> TopicColumn? {
        columns.first { $0.path == leaf.path && $0.kind == leaf.kind }
    }

    /// Where the key's columns are.
    package var keyIndexes: [Int] { key.compactMap { name in columns.firstIndex { $0.path == [name] } } }

    /// The schema with more columns at its end, whose old frames give NULLs for them.
    /// - Parameter others: schemas of the same rows, whose columns are not numbered again.
    /// - Errors: names that are taken, columns that are NOT NULL.
    package func adding(_ fields: [Field], beside others: [TopicSchema] = []) throws(TopicSchemaMistake) -> TopicSchema
    {
        if let field = fields.first(where: { !$0.isNullable }) { throw .addedColumnIsNotNull(field.name) }
        let first = (([self] + others).flatMap(\.columns).map(\.id).max() ?? 0) &+ 1
        var schema = self
        schema.fields += fields
        schema.columns += ScanColumn.leaves(of: fields).enumerated().map { index, leaf in
            TopicColumn(id: first &+ UInt32(truncatingIfNeeded: index), leaf)
        }
        try schema.check()
        return schema
    }

    private func check() throws(TopicSchemaMistake) {
        guard !columns.isEmpty else { throw .noColumns }
        guard columns.count <= Self.mostColumns else { throw .tooManyColumns(columns.count) }
        try Self.checkNames(fields, under: [])
        var ids: Set<UInt32> = []
        for column in columns {
            guard column.id < TopicFrame.rowKindsID, ids.insert(column.id).inserted else {
                throw .columnIsThereTwice(column.name)
            }
        }
        var seen: Set<String> = []
        for name in key {
            guard let field = field(name) else { throw .keyColumnIsMissing(name) }
            guard seen.insert(name).inserted else { throw .columnIsThereTwice(name) }
            guard !field.isNullable else { throw .keyColumnIsNullable(name) }
            if case .row = field.type { throw .keyColumnIsRow(name) }
        }
    }

    private static func checkNames(_ fields: [Field], under parents: [String]) throws(TopicSchemaMistake) {
        guard parents.count <= mostLevels else { throw .tooDeep(parents[0]) }
        var names: Set<String> = []
        for field in fields {
            let path = parents + [field.name]
            guard names.insert(field.name).inserted else {
                throw .columnIsThereTwice(path.joined(separator: "."))
            }
            guard case .row(let inner) = field.type else { continue }
            guard !inner.isEmpty else { throw .rowIsEmpty(path.joined(separator: ".")) }
            try checkNames(inner, under: path)
        }
    }

    package static let mostColumns = 4096
    /// Of ROWs in ROWs.
    package static let mostLevels = 64
}

package enum TopicSchemaMistake: Error, Equatable, Sendable {
    case noColumns
    case tooManyColumns(Int)
    case columnIsThereTwice(String)
    case rowIsEmpty(String)
    case tooDeep(String)
    case keyColumnIsMissing(String)
    case keyColumnIsNullable(String)
    case keyColumnIsRow(String)
    case addedColumnIsNotNull(String)
}

extension TopicSchemaMistake: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noColumns: "a topic needs a column"
        case .tooManyColumns(let count): "\(count) columns are more than \(TopicSchema.mostColumns)"
        case .columnIsThereTwice(let name): "column \"\(name)\" is there twice"
        case .rowIsEmpty(let name): "ROW \"\(name)\" has no fields"
        case .tooDeep(let name): "ROW \"\(name)\" has ROWs in more than \(TopicSchema.mostLevels) levels"
        case .keyColumnIsMissing(let name): "key column \"\(name)\" is not a column of the topic"
        case .keyColumnIsNullable(let name): "key column \"\(name)\" is not NOT NULL"
        case .keyColumnIsRow(let name): "key column \"\(name)\" is a ROW"
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
        var ids = columns.map(\.id)[...]
        Self.encode(fields, &ids, to: &writer)
        writer.writeVarint(UInt64(key.count))
        for name in key { writer.writeString(name) }
        return writer.bytes
    }

    /// - Parameter ids: of the leaves of the fields, and those behind them.
    private static func encode(_ fields: [Field], _ ids: inout ArraySlice<UInt32>, to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(fields.count))
        for field in fields {
            writer.write(ids.removeFirst())
            writer.writeString(field.name)
            if case .row(let inner) = field.type {
                writer.write(DataType.rowCode)
                encode(inner, &ids, to: &writer)
            } else {
                field.type.encode(to: &writer)
            }
            writer.write(field.isNullable)
        }
    }

    /// - Errors: bytes that `encoded` does not give.
    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self, "version of the schema") == Self.version else {
            throw CorruptBytes(offset: 0, expected: "version \(Self.version) of a topic's schema")
        }
        var ids: [UInt32] = []
        fields = try Self.decodeFields(&reader, &ids, level: 0)
        let leaves = ScanColumn.leaves(of: fields)
        columns = zip(ids, leaves).map { TopicColumn(id: $0, $1) }
        key = []
        for _ in 0..<(try Self.readCount(&reader)) { key.append(try reader.readString("key column")) }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the schema") }
        do throws(TopicSchemaMistake) {
            try check()
        } catch {
            throw CorruptBytes(offset: 0, expected: "a schema: \(error)")
        }
    }

    private static func decodeFields(
        _ reader: inout ByteReader, _ ids: inout [UInt32], level: Int
    ) throws(CorruptBytes) -> [Field] {
        guard level <= mostLevels else {
            throw CorruptBytes(offset: reader.position, expected: "an end of ROWs in ROWs")
        }
        var fields: [Field] = []
        for _ in 0..<(try readCount(&reader)) {
            ids.append(try reader.read(UInt32.self, "column id"))
            let name = try reader.readString("column name")
            let code = try reader.read(UInt8.self, "type")
            let type: DataType =
                code == DataType.rowCode
                ? .row(try decodeFields(&reader, &ids, level: level + 1)) : try DataType(code, fromTopic: &reader)
            fields.append(Field(name, type, isNullable: try reader.readBool()))
        }
        return fields
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
    fileprivate static let rowCode: UInt8 = 8

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
        case .row: preconditionFailure("a ROW is written with its fields")
        }
    }

    fileprivate init(_ code: UInt8, fromTopic reader: inout ByteReader) throws(CorruptBytes) {
        switch code {
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

/// Numbers the distinct keys it is shown: 0, 1, 2 … in order of first appearance. NULL is a key like others, -0.0 is
/// 0.0, and all NaNs are one key.
package final class GroupTable {
    private enum Storage {
        case integer(IntegerGroupTable)
        case integerPair(IntegerPairGroupTable)
        case string(StringGroupTable)
        case composite(CompositeGroupTable)
    }

    package let types: [DataType]
    private let storage: Storage

    /// - Input: the types of the keys, none of them a ROW. No keys at all: every row is of group 0.
    package init(_ types: [DataType]) {
        precondition(types.allSatisfy { KeyEncoding.isKeyType($0) }, "a ROW is no key")
        self.types = types
        if types.count == 2, types.allSatisfy(\.isIntegerKey) {
            storage = .integerPair(IntegerPairGroupTable(types))
            return
        }
        switch types.count == 1 ? types[0] : .double {
        case .boolean, .int, .bigint, .date, .timestamp: storage = .integer(IntegerGroupTable(types[0]))
        case .string: storage = .string(StringGroupTable())
        case .double, .row: storage = .composite(CompositeGroupTable(types))
        }
    }

    package var count: Int {
        switch storage {
        case .integer(let table): table.count
        case .integerPair(let table): table.count
        case .string(let table): table.count
        case .composite(let table): table.count
        }
    }

    /// All memory held.
    package var sizeBytes: Int {
        switch storage {
        case .integer(let table): table.sizeBytes
        case .integerPair(let table): table.sizeBytes
        case .string(let table): table.sizeBytes
        case .composite(let table): table.sizeBytes
        }
    }

    /// The group of each selected row, in order. Replaces what `groups` held.
    package func resolve(
        _ keys: [Column], rowCount: Int, selection: [Int32]? = nil, into groups: inout [Int32]
    ) {
        precondition(keys.count == types.count, "one column per key")
        for (key, type) in zip(keys, types) { precondition(key.holds(type), "a key of its type") }
        switch storage {
        case .integer(let table): table.resolve(keys[0], rowCount: rowCount, selection: selection, into: &groups)
        case .integerPair(let table):
            table.resolve(keys, rowCount: rowCount, selection: selection, into: &groups)
        case .string(let table):
            guard case .string(let key) = keys[0] else { preconditionFailure("a key of its type") }
            table.resolve(key, rowCount: rowCount, selection: selection, into: &groups)
        case .composite(let table):
            table.resolve(keys, rowCount: rowCount, selection: selection, into: &groups)
        }
    }

    /// The keys of groups, in the order asked for, as columns of the key types.
    ///
    /// - Shape: strings of less than 2 GiB together.
    package func keyColumns(for groups: [Int32]) -> [Column] {
        switch storage {
        case .integer(let table): [table.keyColumn(for: groups)]
        case .integerPair(let table): table.keyColumns(for: groups)
        case .string(let table): [table.keyColumn(for: groups)]
        case .composite(let table): table.keyColumns(for: groups)
        }
    }
}

extension GroupTable {
    /// Appends the key of a group as `KeyEncoding` writes it.
    package func encodedKey(of group: Int, into bytes: inout [UInt8]) {
        switch storage {
        case .integer(let table):
            KeyEncoding.append([table.keyColumn(for: [Int32(truncatingIfNeeded: group)])], row: 0, to: &bytes)
        case .integerPair(let table):
            KeyEncoding.append(table.keyColumns(for: [Int32(truncatingIfNeeded: group)]), row: 0, to: &bytes)
        case .string(let table):
            if table.isNull(group) {
                bytes.append(0)
            } else {
                bytes.append(1)
                KeyEncoding.appendText(table.key(of: group), to: &bytes)
            }
        case .composite(let table): bytes.append(contentsOf: table.key(of: group))
        }
    }

    /// The group of an encoded key, made if it is new; nil where the bytes are no key of these types.
    package func insert(encodedKey: UnsafeRawBufferPointer) -> Int32? {
        let columns: [Column]
        do throws(InvalidKey) { columns = try KeyEncoding.decode([encodedKey], types: types) } catch { return nil }
        switch (storage, columns.first) {
        case (.integer(let table), let key?): return table.insert(key.integer(0))
        case (.integerPair(let table), let key?): return table.insert(key.integer(0), columns[1].integer(0))
        case (.string(let table), .string(let key)?):
            return key.isNull(0) ? table.insert(nil) : key.withRow(0) { table.insert($0) }
        case (.composite(let table), _): return table.insert(encodedKey)
        default: preconditionFailure("one column per key")
        }
    }

    package func insert(encodedKey: [UInt8]) -> Int32? {
        encodedKey.withUnsafeBytes { insert(encodedKey: $0) }
    }
}

extension DataType {
    /// Kept as 64 bits.
    fileprivate var isIntegerKey: Bool {
        switch self {
        case .boolean, .int, .bigint, .date, .timestamp: true
        case .double, .string, .row: false
        }
    }
}

extension Column {
    /// A BOOLEAN, INT, BIGINT, DATE or TIMESTAMP as 64 bits; nil for NULL.
    fileprivate func integer(_ row: Int) -> Int64? {
        if isNull(row) { return nil }
        switch self {
        case .boolean(let c): return c.values[row] ? 1 : 0
        case .int(let c), .date(let c): return Int64(c.values[row])
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c): return c.values[row]
        case .double, .string: preconditionFailure("the key is an integer")
        }
    }
}

import Columnar

/// Rows of the reference model as the engine's columns, for whoever publishes them.
enum ModelBatch {
    /// - Shape: each row has a value for each of the types.
    static func batch(_ rows: [[ModelValue]], _ types: [ShapeType]) -> Batch {
        let columns = types.indices.map { index in column(rows.map { $0[index] }, types[index]) }
        return Batch(columns: columns, rowCount: rows.count)
    }

    private static func column(_ values: [ModelValue], _ type: ShapeType) -> Column {
        var validity: Bitmap?
        if values.contains(.null) {
            var bits = Bitmap(repeating: true, count: values.count)
            for (row, value) in values.enumerated() where value.isNull { bits[row] = false }
            validity = bits
        }
        switch type {
        case .int: return .int(FixedColumn(values.map { Int32(truncatingIfNeeded: integer($0)) }, validity: validity))
        case .bigint: return .bigint(FixedColumn(values.map(integer), validity: validity))
        case .timestamp: return .timestamp(FixedColumn(values.map(integer), validity: validity))
        case .double: return .double(FixedColumn(values.map(double), validity: validity))
        case .string: return .string(strings(values, validity))
        }
    }

    private static func strings(_ values: [ModelValue], _ validity: Bitmap?) -> StringColumn {
        var column = StringColumn(validity: validity)
        for value in values {
            if case .text(let bytes) = value { column.bytes += bytes }
            column.offsets.append(Int32(column.bytes.count))
        }
        return column
    }

    private static func integer(_ value: ModelValue) -> Int64 {
        switch value {
        case .integer(let value), .timestamp(let value): value
        default: 0
        }
    }

    private static func double(_ value: ModelValue) -> Double {
        if case .double(let value) = value { value } else { 0 }
    }
}

extension ShapeType {
    var dataType: DataType {
        switch self {
        case .int: .int
        case .bigint: .bigint
        case .double: .double
        case .string: .string
        case .timestamp: .timestamp(precision: 3)
        }
    }
}

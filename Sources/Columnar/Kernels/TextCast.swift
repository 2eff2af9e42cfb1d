extension Cast {
    /// - Errors: text that does not read as the type is a fault of its row.
    static func parse(
        _ texts: StringColumn, as target: DataType, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> Column {
        switch target {
        case .boolean: .boolean(parse(texts, target, false, scope, &faults) { CastText.boolean($0) })
        case .int: .int(parse(texts, target, 0, scope, &faults) { CastText.int64($0).flatMap { Int32(exactly: $0) } })
        case .bigint: .bigint(parse(texts, target, 0, scope, &faults) { CastText.int64($0) })
        case .double: .double(parse(texts, target, 0, scope, &faults) { CastText.double($0) })
        case .date: .date(parse(texts, target, 0, scope, &faults) { CastText.date($0) })
        case .timestamp(let precision): timestamps(texts, precision, scope, &faults)
        case .string, .row: preconditionFailure("no cast from STRING to \(target)")
        }
    }

    private static func timestamps(
        _ texts: StringColumn, _ precision: Int, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> Column {
        let unit = TimestampUnit(precision: precision)
        var column = parse(texts, .timestamp(precision: precision), 0, scope, &faults) {
            CastText.timestamp($0, unit)
        }
        column.values = floor(column.values, to: TimestampUnit.step(ofPrecision: precision))
        return .timestamps(column, unit)
    }

    @inline(__always)
    private static func parse<T>(
        _ texts: StringColumn, _ type: DataType, _ zero: T, _ scope: RowScope, _ faults: inout [RowFault],
        _ read: (UnsafeRawBufferPointer) -> T?
    ) -> FixedColumn<T> {
        var values = [T](repeating: zero, count: scope.rowCount)
        var bad: [Int32] = []
        texts.bytes.withUnsafeBytes { raw in
            let offsets = texts.offsets.span
            var out = values.mutableSpan
            scope.forEach(validBy: texts.validity) { row in
                let text = UnsafeRawBufferPointer(rebasing: raw[Int(offsets[row])..<Int(offsets[row + 1])])
                if let value = read(text) { out[row] = value } else { bad.append(Int32(truncatingIfNeeded: row)) }
            }
        }
        for row in bad.lazy.map({ Int($0) }) {
            let text = texts.withRow(row) { RowFault.Reason.shortened($0) }
            faults.append(RowFault(row: row, reason: .malformed(text: text, type: type)))
        }
        return FixedColumn(values, validity: texts.validity)
    }

    static func format(
        _ column: Column, _ source: DataType, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> StringColumn {
        switch (column, source) {
        case (.boolean(let c), _):
            format(c, scope, &faults) { $1.append(contentsOf: $0 ? "TRUE".utf8 : "FALSE".utf8) }
        case (.int(let c), _): format(c, scope, &faults) { TextFormatting.append(Int64($0), to: &$1) }
        case (.bigint(let c), _): format(c, scope, &faults) { TextFormatting.append($0, to: &$1) }
        case (.double(let c), _): format(c, scope, &faults) { TextFormatting.append($0, to: &$1) }
        case (.date(let c), _): format(c, scope, &faults) { TextFormatting.appendDate(days: $0, to: &$1) }
        case (.timestamp(let c), .timestamp(let precision)):
            format(c, scope, &faults) {
                TextFormatting.appendTimestamp($0, .milliseconds, style: .fixed(digits: precision), to: &$1)
            }
        case (.timestampMicros(let c), .timestamp(let precision)):
            format(c, scope, &faults) {
                TextFormatting.appendTimestamp($0, .microseconds, style: .fixed(digits: precision), to: &$1)
            }
        default: preconditionFailure("no cast from \(source) to STRING")
        }
    }

    @inline(__always)
    private static func format<T>(
        _ c: FixedColumn<T>, _ scope: RowScope, _ faults: inout [RowFault], _ write: (T, inout [UInt8]) -> Void
    ) -> StringColumn {
        var builder = StringColumnBuilder(rowCount: scope.rowCount, bytes: scope.count * 8)
        scope.forEach(validBy: c.validity) { row in
            builder.skip(to: row)
            write(c.values[row], &builder.bytes)
            builder.endRow(row, &faults)
        }
        builder.skip(to: scope.rowCount)
        return builder.column(validity: c.validity)
    }
}

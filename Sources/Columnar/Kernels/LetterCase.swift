/// `UPPER` and `LOWER`, by Unicode's full mappings without regard to language: "ß" becomes "SS", and "Σ" at the end of
/// a word "ς".
package enum LetterCase: Hashable, Sendable {
    case upper
    case lower

    /// - Errors: results of one batch that exceed 2 GiB are faults of their rows.
    package func apply(_ text: Operand, scope: RowScope, faults: inout [RowFault]) -> Column {
        let column = text.strings(scope.rowCount)
        if column.bytes.withUnsafeBytes({ CharacterPosition.isASCII($0) }) {
            let bytes = mapASCII(column.bytes)
            return .string(StringColumn(offsets: column.offsets, bytes: bytes, validity: column.validity))
        }
        var builder = StringColumnBuilder(rowCount: scope.rowCount, bytes: column.bytes.count)
        scope.forEach(validBy: column.validity) { row in
            builder.skip(to: row)
            column.withRow(row) { append($0, &builder.bytes) }
            builder.endRow(row, &faults)
        }
        builder.skip(to: scope.rowCount)
        return .string(builder.column(validity: column.validity))
    }

    private func mapASCII(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .upper: mapValues(bytes) { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 }
        case .lower: mapValues(bytes) { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        }
    }

    private func append(_ text: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
        if CharacterPosition.isASCII(text) {
            out.append(contentsOf: mapASCII(Array(text)))
            return
        }
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            switch self {
            case .upper: out.append(contentsOf: scalar.properties.uppercaseMapping.utf8)
            case .lower where scalar == "\u{3A3}" && Self.isFinal(index, scalars):
                out.append(contentsOf: "\u{3C2}".utf8)
            case .lower: out.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
    }

    /// After a letter and not before one, whatever ignorable characters lie between.
    ///
    /// - Source: The Unicode Standard, table 3-17, Final_Sigma.
    private static func isFinal(_ index: Int, _ scalars: [Unicode.Scalar]) -> Bool {
        let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return (before?.properties.isCased ?? false) && !(after?.properties.isCased ?? false)
    }
}

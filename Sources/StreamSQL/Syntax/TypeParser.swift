import Columnar

extension Parser {
    /// A type with its nullability; one that is not here yet is refused by name.
    mutating func dataType() throws(SQLError) -> TypeSyntax {
        let start = token.span
        guard token.kind == .word else { throw unexpected("a type") }
        let type = try nested { (parser) throws(SQLError) in try parser.bareType() }
        try refuse("ARRAY", "MULTISET")
        var isNullable = true
        if try accept("NOT") {
            try expect("NULL")
            isNullable = false
        } else {
            _ = try accept("NULL")
        }
        return TypeSyntax(type: type, isNullable: isNullable, span: start.through(previousSpan))
    }

    private mutating func bareType() throws(SQLError) -> DataType {
        let word = token
        switch word.text {
        case "BOOLEAN": return try simple(.boolean)
        case "INT", "INTEGER": return try simple(.int)
        case "BIGINT": return try simple(.bigint)
        case "DOUBLE":
            try advance()
            _ = try accept("PRECISION")
            return .double
        case "STRING": return try simple(.string)
        case "VARCHAR": return try varchar()
        case "DATE": return try simple(.date)
        case "TIMESTAMP": return try timestamp()
        case "ROW":
            try advance()
            return try row()
        case "TINYINT", "SMALLINT", "FLOAT", "REAL", "DECIMAL", "DEC", "NUMERIC", "CHAR", "CHARACTER", "BINARY",
            "VARBINARY",
            "BYTES", "TIME", "TIMESTAMP_LTZ", "INTERVAL", "ARRAY", "MAP", "MULTISET", "RAW", "VARIANT",
            "BITMAP",
            "STRUCTURED", "DESCRIPTOR", "NULL":
            throw source.notSupported("type \(word.text)", at: word.span)
        default:
            let known = ["BOOLEAN", "INT", "INTEGER", "BIGINT", "DOUBLE", "STRING", "DATE", "TIMESTAMP", "ROW"]
            throw source.error(
                "type \"\(source.text(word.span))\" does not exist", at: word.span,
                hint: Suggestion.hint(for: word.text, among: known))
        }
    }

    private mutating func simple(_ type: DataType) throws(SQLError) -> DataType {
        try advance()
        return type
    }

    /// VARCHAR of the greatest length is STRING; shorter ones are not here yet.
    private mutating func varchar() throws(SQLError) -> DataType {
        let start = token.span
        try advance()
        if try acceptSymbol("(") {
            let isString = token.kind == .integer && token.text == "2147483647"
            try advance()
            try expectSymbol(")")
            if isString { return .string }
        }
        throw source.notSupported("type VARCHAR", at: start.through(previousSpan), hint: "STRING holds any length")
    }

    private mutating func timestamp() throws(SQLError) -> DataType {
        let start = token.span
        try advance()
        var precision = 6
        if try acceptSymbol("(") {
            guard token.kind == .integer, let digits = Int(token.text), digits <= 9 else {
                throw unexpected("a precision from 0 to 9")
            }
            precision = digits
            try advance()
            try expectSymbol(")")
        }
        if try accept("WITH") {
            throw source.notSupported("type TIMESTAMP WITH … TIME ZONE", at: start.through(previousSpan))
        }
        if try accept("WITHOUT") {
            try expect("TIME")
            try expect("ZONE")
        }
        guard precision <= TimestampUnit.microseconds.digits else {
            throw source.notSupported(
                "type TIMESTAMP(\(precision))", at: start.through(previousSpan), hint: "TIMESTAMP(6) holds microseconds"
            )
        }
        return .timestamp(precision: precision)
    }

    /// `<name type, …>` or `(name type, …)`, after ROW.
    private mutating func row() throws(SQLError) -> DataType {
        let close = atSymbol("<") ? ">" : ")"
        guard atSymbol("<") || atSymbol("(") else { throw unexpected("\"<\" after ROW") }
        try advance()
        var fields: [Field] = []
        var names: Set<String> = []
        repeat {
            if atSymbol(close) || atSymbol("<>") { throw source.notSupported("a ROW without fields", at: token.span) }
            let name = try identifier("a field")
            guard names.insert(name.name).inserted else {
                throw source.error("field \"\(name.name)\" is there twice", at: name.span)
            }
            let type = try dataType()
            if token.kind == .string { try advance() }  // A comment on the field.
            fields.append(Field(name.name, type.type, isNullable: type.isNullable))
            try checkLength(fields.count, of: "fields")
        } while try acceptSymbol(",")
        try expectSymbol(close)
        return .row(fields)
    }
}

// CREATE TABLE and CREATE VIEW: columns, computed columns, WATERMARK, PRIMARY KEY, options.

extension Parser {
    mutating func create() throws(SQLError) -> StatementSyntax {
        let start = token.span
        try expect("CREATE")
        if at("OR") { throw source.notSupported("CREATE OR REPLACE", at: token.span) }
        if try accept("TEMPORARY") {
            guard at("TABLE") || at("VIEW") else {
                throw source.notSupported("CREATE TEMPORARY \(token.text)", at: token.span)
            }
        }
        if try accept("TABLE") { return .createTable(try createTable(from: start)) }
        if try accept("VIEW") { return .createView(try createView()) }
        for kind in ["FUNCTION", "CATALOG", "DATABASE", "MATERIALIZED", "MODEL", "CONNECTION", "SYSTEM"] where at(kind)
        {
            throw source.notSupported("CREATE \(kind)", at: token.span)
        }
        throw unexpected("TABLE or VIEW")
    }

    private mutating func ifNotExists() throws(SQLError) -> Bool {
        guard try accept("IF") else { return false }
        try expect("NOT")
        try expect("EXISTS")
        return true
    }

    // MARK: CREATE VIEW

    private mutating func createView() throws(SQLError) -> CreateViewSyntax {
        let ifNotExists = try ifNotExists()
        let name = try objectName("a name for the view")
        var columns: [Identifier] = []
        if atSymbol("(") { columns = try bracketedNames("a column") }
        if try accept("COMMENT") { try skipString() }
        try expect("AS")
        return CreateViewSyntax(name: name, ifNotExists: ifNotExists, columns: columns, query: try query())
    }

    private mutating func skipString() throws(SQLError) {
        guard token.kind == .string else { throw unexpected("a string") }
        try advance()
    }

    // MARK: CREATE TABLE

    private mutating func createTable(from start: SourceSpan) throws(SQLError) -> CreateTableSyntax {
        let ifNotExists = try ifNotExists()
        let name = try objectName("a name for the table")
        var elements = TableElements()
        if at("AS") { throw source.notSupported("CREATE TABLE … AS", at: token.span) }
        try refuse("LIKE")
        try expectSymbol("(")
        repeat {
            try tableElement(into: &elements)
            try checkLength(elements.columns.count, of: "columns")
        } while try acceptSymbol(",")
        try expectSymbol(")")
        if try accept("COMMENT") { try skipString() }
        if at("PARTITIONED") { throw source.notSupported("PARTITIONED BY", at: token.span) }
        try refuse("DISTRIBUTED", "DISTRIBUTION")
        var options: [TableOption] = []
        if try accept("WITH") { options = try tableOptions() }
        if at("AS") { throw source.notSupported("CREATE TABLE … AS", at: token.span) }
        try refuse("LIKE")
        return CreateTableSyntax(
            name: name, ifNotExists: ifNotExists, columns: elements.columns, watermark: elements.watermark,
            primaryKey: elements.primaryKey ?? [], options: options, span: start.through(previousSpan))
    }

    private struct TableElements {
        var columns: [ColumnSyntax] = []
        var watermark: WatermarkSyntax?
        var primaryKey: [Identifier]?
    }

    private mutating func tableElement(into elements: inout TableElements) throws(SQLError) {
        let start = token.span
        if try accept("WATERMARK") {
            guard elements.watermark == nil else { throw source.error("a second WATERMARK", at: start) }
            elements.watermark = try watermark(from: start)
        } else if at("PRIMARY") {
            try setPrimaryKey(try primaryKey(), at: start, in: &elements)
        } else if at("CONSTRAINT") {
            try constraint(into: &elements)
        } else if at("UNIQUE") || at("CHECK") {
            try refuse("UNIQUE", "CHECK")
        } else {
            try column(into: &elements)
        }
    }

    private mutating func column(into elements: inout TableElements) throws(SQLError) {
        let name = try identifier("a column")
        if try accept("AS") {
            elements.columns.append(ColumnSyntax(name: name, kind: .computed(try expression())))
            if try accept("COMMENT") { try skipString() }
            return
        }
        let type = try dataType()
        if at("METADATA") {
            elements.columns.append(ColumnSyntax(name: name, kind: try metadata(type, of: name)))
            if try accept("COMMENT") { try skipString() }
            return
        }
        try refuse("CONSTRAINT", "REFERENCES", "DEFAULT", "UNIQUE")
        elements.columns.append(ColumnSyntax(name: name, kind: .physical(type)))
        if at("PRIMARY") {
            let start = token.span
            try expect("PRIMARY")
            try expect("KEY")
            try notEnforced()
            try setPrimaryKey([name], at: start, in: &elements)
        }
        if try accept("COMMENT") { try skipString() }
    }

    private mutating func metadata(_ type: TypeSyntax, of name: Identifier) throws(SQLError) -> ColumnSyntax.Kind {
        try expect("METADATA")
        var (key, span) = (name.name, name.span)
        if try accept("FROM") {
            guard token.kind == .string else { throw unexpected("a key such as 'file.path'") }
            (key, span) = (token.text, token.span)
            try advance()
        }
        return .metadata(type, key: key, isVirtual: try accept("VIRTUAL"), span)
    }

    /// `CONSTRAINT name PRIMARY KEY …`; quality constraints are refused.
    private mutating func constraint(into elements: inout TableElements) throws(SQLError) {
        let start = token.span
        try expect("CONSTRAINT")
        _ = try identifier("a name for the constraint")
        guard at("PRIMARY") else { throw source.notSupported("CONSTRAINT … \(token.text)", at: start) }
        try setPrimaryKey(try primaryKey(), at: start, in: &elements)
    }

    private mutating func primaryKey() throws(SQLError) -> [Identifier] {
        try expect("PRIMARY")
        try expect("KEY")
        let columns = try bracketedNames("a column")
        try notEnforced()
        return columns
    }

    private mutating func notEnforced() throws(SQLError) {
        guard at("NOT") else {
            throw source.error(
                "a PRIMARY KEY must be NOT ENFORCED", at: previousSpan,
                detail: "nothing here checks that keys are unique",
                hint: "write PRIMARY KEY (…) NOT ENFORCED")
        }
        try advance()
        try expect("ENFORCED")
    }

    private func setPrimaryKey(
        _ columns: [Identifier], at start: SourceSpan, in elements: inout TableElements
    ) throws(SQLError) {
        guard elements.primaryKey == nil else { throw source.error("a second PRIMARY KEY", at: start) }
        elements.primaryKey = columns
    }

    /// `WATERMARK` is already taken.
    private mutating func watermark(from start: SourceSpan) throws(SQLError) -> WatermarkSyntax {
        try expect("FOR")
        var column = [try identifier("a column")]
        while try acceptSymbol(".") { column.append(try identifier("a field")) }
        try expect("AS")
        let expression = try expression()
        return WatermarkSyntax(column: column, expression: expression, span: start.through(previousSpan))
    }

    // MARK: WITH (…)

    private mutating func tableOptions() throws(SQLError) -> [TableOption] {
        try expectSymbol("(")
        var options: [TableOption] = []
        repeat {
            let key = token
            guard key.kind == .string else { throw unexpected("an option such as 'connector'") }
            try advance()
            try expectSymbol("=")
            let value = token
            guard value.kind == .string else { throw unexpected("a value in single quotes") }
            try advance()
            options.append(
                TableOption(key: key.text, value: value.text, keySpan: key.span, valueSpan: value.span))
            try checkLength(options.count, of: "options")
        } while try acceptSymbol(",")
        try expectSymbol(")")
        return options
    }
}

import Operators

extension TableOptions {
    /// Flink's options of `csv`, and `csv.skip-header`, which is ours.
    mutating func csvOptions() throws(SQLError) -> CSVOptions {
        var options = CSVOptions()
        options.skipHeader = try takeBoolean("csv.skip-header")
        options.ignoreParseErrors = try takeBoolean("csv.ignore-parse-errors")
        options.allowComments = try takeBoolean("csv.allow-comments")
        options.nullLiteral = take("csv.null-literal")?.value
        options.syntax = try csvSyntax()
        // There are no ARRAYs and no DECIMALs that these could act on.
        _ = take("csv.array-element-delimiter")
        _ = try takeBoolean("csv.write-bigdecimal-in-scientific-notation")
        return options
    }

    private mutating func csvSyntax() throws(SQLError) -> CSVSyntax {
        var syntax = CSVSyntax()
        if let option = take("csv.field-delimiter") {
            guard let delimiter = CSVSyntax.fieldDelimiter(option.value) else {
                throw malformed(option, hint: "it is one ASCII character other than a line end; a tab is '\\t'")
            }
            syntax.fieldDelimiter = delimiter
        }
        let isDisabled = try takeBoolean("csv.disable-quote-character")
        if let option = take("csv.quote-character") {
            if isDisabled {
                throw source.error(
                    "'csv.quote-character' and 'csv.disable-quote-character' exclude each other", at: option.keySpan)
            }
            syntax.quote = try character(option)
        } else if isDisabled {
            syntax.quote = nil
        }
        if let option = take("csv.escape-character") { syntax.escape = try character(option) }
        guard let problem = syntax.problem else { return syntax }
        // The delimiter may be the one that was given.
        guard let option = take(problem.option) ?? take("csv.field-delimiter") else {
            preconditionFailure("the characters are told apart unless an option says otherwise")
        }
        let subject = option.key == problem.option ? "it" : "'\(problem.option)'"
        throw malformed(option, hint: "\(subject) \(problem.reason)")
    }

    private func character(_ option: TableOption) throws(SQLError) -> UInt8 {
        let bytes = Array(option.value.utf8)
        guard bytes.count == 1 else { throw malformed(option, hint: "it is one ASCII character") }
        return bytes[0]
    }
}

/// The options of one table's WITH clause, each of which somebody has to take: what is left over is refused.
struct TableOptions {
    let source: SourceText
    let table: String
    private let options: [TableOption]
    private let indexes: [String: Int]
    private var taken: Set<String> = []
    /// Where late rows are kept.
    var latePolicy: TableOption?
    /// Option names that have an effect, and those that are refused as well: for messages.
    private var supported: [String] = []
    private var known: [String] = []

    /// - Errors: one option given twice.
    init(_ options: [TableOption], table: Identifier, source: SourceText) throws(SQLError) {
        self.source = source
        self.table = table.name
        self.options = options
        var indexes: [String: Int] = [:]
        for (index, option) in options.enumerated() {
            guard indexes.updateValue(index, forKey: option.key) == nil else {
                throw source.error("option '\(option.key)' is given twice", at: option.keySpan)
            }
        }
        self.indexes = indexes
    }

    mutating func take(_ key: String) -> TableOption? {
        supported.append(key)
        return find(key)
    }

    private mutating func find(_ key: String) -> TableOption? {
        known.append(key)
        guard let index = indexes[key] else { return nil }
        taken.insert(key)
        return options[index]
    }

    mutating func takeRequired(_ key: String, at table: Identifier) throws(SQLError) -> TableOption {
        if let option = take(key) { return option }
        throw source.error(
            "option '\(key)' is missing for table \"\(self.table)\"", at: table.span,
            hint: "add '\(key)' = '…' to its WITH clause")
    }

    mutating func takeBoolean(_ key: String, default value: Bool = false) throws(SQLError) -> Bool {
        guard let option = take(key) else { return value }
        switch option.value.lowercased() {
        case "true": return true
        case "false": return false
        default: throw malformed(option, hint: "it is 'true' or 'false'")
        }
    }

    mutating func takeMilliseconds(_ key: String, default value: Int64) throws(SQLError) -> Int64 {
        guard let option = take(key) else { return value }
        guard let parsed = Quantity.milliseconds(option.value) else {
            throw malformed(option, hint: Quantity.durationHint)
        }
        return parsed
    }

    mutating func takeBytes(_ key: String, default value: Int64) throws(SQLError) -> Int64 {
        guard let option = take(key) else { return value }
        guard let parsed = Quantity.bytes(option.value), parsed > 0 else {
            throw malformed(option, hint: Quantity.sizeHint)
        }
        return parsed
    }

    /// An option that Flink has and that changes what happens: only its default is taken.
    mutating func refuse(_ key: String, unless accepted: String? = nil) throws(SQLError) {
        if accepted != nil { supported.append(key) }
        guard let option = find(key) else { return }
        if let accepted, option.value.lowercased() == accepted.lowercased() { return }
        let what = accepted == nil ? "option '\(key)'" : "'\(key)' = '\(option.value)'"
        throw source.notSupported(what, at: option.keySpan)
    }

    /// The options given whose names begin so, in their order.
    func keys(withPrefix prefix: String) -> [String] { options.map(\.key).filter { $0.hasPrefix(prefix) } }

    func first(withPrefix prefix: String) -> TableOption? { options.first { $0.key.hasPrefix(prefix) } }

    func malformed(_ option: TableOption, hint: String) -> SQLError {
        source.error("invalid value for option '\(option.key)'", at: option.valueSpan, hint: hint)
    }

    /// Refuses the first option nobody took.
    func finish(for what: String) throws(SQLError) {
        guard let option = options.first(where: { !taken.contains($0.key) }) else { return }
        throw source.error(
            "unsupported option '\(option.key)' for \(what)", at: option.keySpan,
            detail: "supported options: \(Set(supported).sorted().joined(separator: ", "))",
            hint: Suggestion.hint(for: option.key, among: known))
    }
}

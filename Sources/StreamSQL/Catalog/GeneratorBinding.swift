import Columnar
import Operators

// The options of the connectors that make their rows: `datagen` and `nexmark`.

extension TableOptions {
    // MARK: datagen

    mutating func generatedRows() throws(SQLError) -> GeneratedRows {
        var rows = GeneratedRows()
        rows.rowsPerSecond = try takeInteger("rows-per-second", from: 1) ?? rows.rowsPerSecond
        rows.rowCount = try takeInteger("number-of-rows", from: 0)
        try refuse("scan.parallelism")
        for key in keys(withPrefix: "fields.") { try takeField(key, into: &rows) }
        return rows
    }

    /// `fields.<name>.<option>`; the name may have points in it.
    private mutating func takeField(_ key: String, into rows: inout GeneratedRows) throws(SQLError) {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, let last = parts.last else { return }
        let name = parts[1..<(parts.count - 1)].joined(separator: ".")
        var field = rows.fields[name] ?? GeneratedField()
        switch last {
        case "kind":
            guard let option = take(key) else { return }
            guard let kind = GeneratedField.Kind(rawValue: option.value) else {
                throw malformed(option, hint: "it is 'random' or 'sequence'")
            }
            field.kind = kind
        case "min": field.least = take(key)?.value
        case "max": field.greatest = take(key)?.value
        case "max-past": field.mostPastMilliseconds = try takeMilliseconds(key, default: 0)
        case "length": field.length = try takeInteger(key, from: 1, to: 1 << 20).map(Int.init)
        case "var-len": field.hasVariableLength = try takeBoolean(key)
        case "start": field.start = try takeInteger(key, from: .min)
        case "end": field.end = try takeInteger(key, from: .min)
        case "null-rate": field.nullRate = try takeNumber(key, in: 0...1) ?? 0
        default: return
        }
        rows.fields[name] = field
    }

    /// - Errors: options of columns that are not there, sequences without an end, values that cannot be.
    func check(_ rows: GeneratedRows, columns: [Field], at place: SourceSpan) throws(SQLError) {
        let leaves = rows.fields(of: columns)
        let names = leaves.map { $0.path.joined(separator: ".") }
        for (name, field) in rows.fields.sorted(by: { $0.key < $1.key }) {
            guard let option = first(withPrefix: "fields.\(name).") else { continue }
            guard let index = names.firstIndex(of: name) else {
                throw source.error(
                    "option '\(option.key)' is of a column that table \"\(table)\" does not have", at: option.keySpan,
                    hint: Suggestion.hint(for: name, among: names))
            }
            if field.kind == .random, let bound = field.malformedBound(leaves[index].type) {
                throw source.error(
                    "option 'fields.\(name).\(bound)' is no value of a random \(leaves[index].type)", at: option.keySpan
                )
            }
            guard field.kind == .sequence else { continue }
            guard let start = field.start, let end = field.end, start <= end else {
                throw source.error(
                    "the sequence of column \"\(name)\" needs 'fields.\(name).start' and 'fields.\(name).end', the end not below the start",
                    at: option.keySpan)
            }
        }
        for leaf in leaves {
            guard let problem = leaf.problem else { continue }
            let name = leaf.path.joined(separator: ".")
            throw source.error(
                "option '\(problem.option)' \(problem.reason)",
                at: first(withPrefix: "fields.\(name).")?.keySpan ?? place)
        }
    }

    // MARK: nexmark

    /// - Errors: values that cannot be, alone or together.
    func check(_ events: NexmarkConnector, at place: SourceSpan) throws(SQLError) {
        guard events.firstEventRate == events.nextEventRate else {
            throw source.notSupported(
                "a 'first-event.rate' that is not the 'next-event.rate'",
                at: first(withPrefix: "first-event.rate")?.keySpan ?? place)
        }
        guard let problem = events.options.problem else { return }
        throw source.error(
            "option '\(problem.option)' \(problem.reason)",
            at: first(withPrefix: problem.option)?.keySpan ?? place)
    }

    mutating func nexmarkConnector() throws(SQLError) -> NexmarkConnector {
        var events = NexmarkConnector()
        events.eventCount = try takeInteger("events.num", from: 0) ?? events.eventCount
        let firstRate = try takeInteger("first-event.rate", from: 1)
        events.firstEventRate = firstRate ?? events.firstEventRate
        // One of them alone stands for both.
        events.nextEventRate = try takeInteger("next-event.rate", from: 1) ?? events.firstEventRate
        if firstRate == nil { events.firstEventRate = events.nextEventRate }
        events.isRateLimited = try takeBoolean("rate.limited")
        events.personProportion = try takeCount("person.proportion", events.personProportion)
        events.auctionProportion = try takeCount("auction.proportion", events.auctionProportion)
        events.bidProportion = try takeCount("bid.proportion", events.bidProportion)
        events.personBytes = try takeBytes("person.avg-size", default: events.personBytes)
        events.auctionBytes = try takeBytes("auction.avg-size", default: events.auctionBytes)
        events.bidBytes = try takeBytes("bid.avg-size", default: events.bidBytes)
        events.hotAuctionRatio = try takeCount("bid.hot-ratio.auctions", events.hotAuctionRatio, from: 1)
        events.hotBidderRatio = try takeCount("bid.hot-ratio.bidders", events.hotBidderRatio, from: 1)
        events.hotSellerRatio = try takeCount("auction.hot-ratio.sellers", events.hotSellerRatio, from: 1)
        try refuse("rate.shape", unless: "SQUARE")
        for key in ["rate.period", "keep-alive", "stop-at"] { try refuse(key) }
        if events.personProportion + events.auctionProportion + events.bidProportion == 0,
            let option = take("bid.proportion")
        {
            throw malformed(option, hint: "one of the proportions is above 0")
        }
        return events
    }

    // MARK: Numbers

    private mutating func takeCount(_ key: String, _ value: Int, from least: Int64 = 0) throws(SQLError) -> Int {
        try takeInteger(key, from: least, to: 1_000_000).map(Int.init) ?? value
    }

    private mutating func takeInteger(
        _ key: String, from least: Int64, to greatest: Int64 = .max
    ) throws(SQLError) -> Int64? {
        guard let option = take(key) else { return nil }
        guard let number = Int64(option.value), number >= least, number <= greatest else {
            let range = least == .min ? "a number" : greatest == .max ? "a number from \(least)" : nil
            throw malformed(option, hint: "it is \(range ?? "a number from \(least) to \(greatest)")")
        }
        return number
    }

    private mutating func takeNumber(_ key: String, in range: ClosedRange<Double>) throws(SQLError) -> Double? {
        guard let option = take(key) else { return nil }
        guard let number = Double(option.value), range.contains(number) else {
            throw malformed(option, hint: "it is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

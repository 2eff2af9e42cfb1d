import Columnar
import Operators

// What the options of a generating connector come to, for the columns of a table.

extension GeneratedRows {
    /// What the leaves of a table's columns are filled with. A field that cannot be has a `problem`.
    func fields(of columns: [Field]) -> [DatagenField] { columns.flatMap { fields(of: $0.type, at: [$0.name]) } }

    private func fields(of type: DataType, at path: [String]) -> [DatagenField] {
        if case .row(let members) = type { return members.flatMap { fields(of: $0.type, at: path + [$0.name]) } }
        guard let standard = DatagenField.defaultValues(type) else { return [] }
        let name = path.joined(separator: ".")
        guard let options = fields[name] else { return [DatagenField(path: path, type: type, values: standard)] }
        return [
            DatagenField(
                path: path, type: type, values: options.values(standard), nullRate: options.nullRate)
        ]
    }
}

extension GeneratedField {
    /// - Parameter standard: what the connector gives where no option says otherwise.
    fileprivate func values(_ standard: DatagenField.Values) -> DatagenField.Values {
        if kind == .sequence { return .sequence(start ?? 0, end ?? -1) }
        switch standard {
        case .integers(let low, let high): return .integers(integer(least, low), integer(greatest, high))
        case .doubles(let low, let high): return .doubles(number(least, low), number(greatest, high))
        case .strings: return .strings(length: length ?? DatagenField.defaultLength, isVariable: hasVariableLength)
        case .times: return .times(mostPastMilliseconds: mostPastMilliseconds ?? 0)
        case .booleans, .sequence: return standard
        }
    }

    /// The text was looked at by `malformedBound`.
    private func integer(_ text: String?, _ standard: Int64) -> Int64 { text.flatMap { Int64($0) } ?? standard }
    private func number(_ text: String?, _ standard: Double) -> Double { text.flatMap { Double($0) } ?? standard }

    /// The option, `min` or `max`, that is no number of the type; nil: both are.
    func malformedBound(_ type: DataType) -> String? {
        for (name, text) in [("min", least), ("max", greatest)] {
            guard let text else { continue }
            switch type {
            case .int where Int32(text) == nil, .bigint where Int64(text) == nil: return name
            case .double where Double(text) == nil: return name
            case .boolean, .string, .timestamp, .date, .row: return name
            default: continue
            }
        }
        return nil
    }
}

extension NexmarkConnector {
    /// The rate is one, checked where the table is bound.
    var options: NexmarkOptions {
        var options = NexmarkOptions()
        options.eventCount = eventCount == 0 ? nil : eventCount
        options.eventsPerSecond = Int(clamping: nextEventRate)
        options.isRateLimited = isRateLimited
        options.personProportion = personProportion
        options.auctionProportion = auctionProportion
        options.bidProportion = bidProportion
        options.personBytes = Int(clamping: personBytes)
        options.auctionBytes = Int(clamping: auctionBytes)
        options.bidBytes = Int(clamping: bidBytes)
        options.hotAuctionRatio = hotAuctionRatio
        options.hotBidderRatio = hotBidderRatio
        options.hotSellerRatio = hotSellerRatio
        return options
    }
}

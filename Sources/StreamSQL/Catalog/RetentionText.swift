import Operators

extension RetentionChange {
    /// `7d`, `12 h`, `10GB`; `none`: neither age nor size is a reason to go.
    package init?(text: String) {
        if ["none", "-1"].contains(text) {
            self.init(milliseconds: .unbounded, bytes: .unbounded)
            return
        }
        // `m` may be minutes or megabytes, and a number alone anything.
        guard let last = text.last, last.isLetter, !text.lowercased().hasSuffix("m") else { return nil }
        if let bytes = Quantity.bytes(text), bytes > 0 {
            self.init(bytes: .at(bytes))
        } else if let milliseconds = Quantity.milliseconds(text), milliseconds > 0 {
            self.init(milliseconds: .at(milliseconds))
        } else {
            return nil
        }
    }

    package static let hint = "'7d', '12h', '10GB' or 'none'"

    /// Kafka's options: `retention.ms`, and `retention.bytes` of each partition; -1: unbounded.
    package init?(key: String, value: String) {
        let isUnbounded = value == "-1"
        switch key {
        case "retention.ms":
            guard let limit = isUnbounded ? .unbounded : Quantity.milliseconds(value).map(Limit.at) else { return nil }
            self.init(milliseconds: limit)
        case "retention.bytes":
            guard let limit = isUnbounded ? .unbounded : Quantity.bytes(value).map(Limit.at) else { return nil }
            self.init(bytes: limit)
        default: return nil
        }
    }

    package static let keys = ["retention.ms", "retention.bytes"]
}

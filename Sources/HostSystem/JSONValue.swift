// JSON for messages: requests, answers, logs, what commands print for programs. Rows of tables go another way, by columns.

/// A value as RFC 8259 has it.
package enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    /// A number, as it is written: no digit is lost before somebody asks for it as an integer or a double.
    case numeral(String)
    case string(String)
    case array([JSONValue])
    /// In order. What is read has every name once.
    case object([(String, JSONValue)])

    package static func integer(_ value: some BinaryInteger) -> JSONValue { .numeral(String(value)) }

    /// JSON has no word for what is not finite: `null`.
    package static func number(_ value: Double) -> JSONValue { value.isFinite ? .numeral(String(value)) : .null }

    /// nil, too, where this is no object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.0 == name }?.1
    }

    package var booleanValue: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var arrayValue: [JSONValue]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// nil where this is no number, has a fraction or an exponent, or is larger than 64 bits hold.
    package var integerValue: Int64? {
        if case .numeral(let text) = self { Int64(text) } else { nil }
    }

    /// The nearest double; nil where this is no number, or beyond all doubles.
    package var doubleValue: Double? {
        guard case .numeral(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

extension JSONValue: Equatable {
    /// Numbers are equal as they are written, objects with their members in the same order.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.numeral(let a), .numeral(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a.elementsEqual(b) { $0.0 == $1.0 && $0.1 == $1.1 }
        default: false
        }
    }
}

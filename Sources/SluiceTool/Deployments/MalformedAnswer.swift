import HostSystem

/// The server's answer is not as its client expects it.
package struct MalformedAnswer: Error, Equatable {
    package var expected: String
}

extension JSONValue {
    func text(_ name: String) throws(MalformedAnswer) -> String {
        guard let text = self[name]?.stringValue else { throw MalformedAnswer(expected: "a text '\(name)'") }
        return text
    }

    func integer(_ name: String) throws(MalformedAnswer) -> Int {
        guard let integer = optionalInteger(name) else { throw MalformedAnswer(expected: "an integer '\(name)'") }
        return integer
    }

    func items(_ name: String) throws(MalformedAnswer) -> [JSONValue] {
        guard let items = self[name]?.arrayValue else { throw MalformedAnswer(expected: "a list '\(name)'") }
        return items
    }

    func optionalText(_ name: String) -> String? { self[name]?.stringValue }

    func optionalInteger(_ name: String) -> Int? { self[name]?.integerValue.map { Int($0) } }

    /// Of a list of texts; none where it is not there.
    func texts(_ name: String) -> [String] { (self[name]?.arrayValue ?? []).compactMap(\.stringValue) }

    /// Of a JSON object, where `null` is none.
    func optionalObject(_ name: String) -> JSONValue? {
        if case .object? = self[name] { self[name] } else { nil }
    }

    func map<Item>(
        _ name: String, _ item: (JSONValue) throws(MalformedAnswer) -> Item
    ) throws(MalformedAnswer) -> [Item] {
        var result: [Item] = []
        for element in try items(name) { result.append(try item(element)) }
        return result
    }
}

// The target of a request (RFC 9112, 3.2), apart and together: `/jobs/a%20b/plan?mode=full` is the path
// ["jobs", "a b", "plan"] and the query [("mode", "full")]. What does not decode to UTF-8 is refused.

package struct RequestTarget: Sendable {
    package var path: [String]
    package var query: [(name: String, value: String)]

    package init(path: [String], query: [(name: String, value: String)] = []) {
        self.path = path
        self.query = query
    }

    /// nil: malformed. One slash at the end counts for nothing; other empty components are components.
    package init?(parsing target: String) {
        guard target.utf8.first == UInt8(ascii: "/") else { return nil }
        let parts = target.utf8.dropFirst().prefix { $0 != UInt8(ascii: "#") }
            .split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        var components = parts[0].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if components.last?.isEmpty == true { components.removeLast() }
        path = []
        for component in components {
            guard let text = Self.decoded(component) else { return nil }
            path.append(text)
        }
        query = []
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(sides[0], isQuery: true),
                let value = sides.count == 2 ? Self.decoded(sides[1], isQuery: true) : ""
            else { return nil }
            query.append((name, value))
        }
    }

    /// As it stands in a request.
    package var text: String {
        var text = path.isEmpty ? "/" : ""
        for component in path { text += "/" + Self.encoded(component) }
        for (index, pair) in query.enumerated() {
            text += (index == 0 ? "?" : "&") + Self.encoded(pair.name) + "=" + Self.encoded(pair.value)
        }
        return text
    }

    /// - Parameter isQuery: `+` stands for a space there.
    private static func decoded(_ encoded: some Collection<UInt8>, isQuery: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where isQuery: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) }
    }

    /// All but the unreserved characters of RFC 3986.
    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// Prometheus' text format, version 0.0.4: each family once, with what it means and its samples in the order in which they
// were added.
//
//     # HELP sluice_job_uptime Milliseconds since the job runs.
//     # TYPE sluice_job_uptime gauge
//     sluice_job_uptime{job="orders"} 1234
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/

package struct MetricsText: Sendable {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package enum Kind: String, Sendable {
        case counter, gauge
    }

    private struct Family: Sendable {
        var name: String
        var kind: Kind
        var help: String
        var samples = ""
    }

    private var families: [Family] = []
    private var places: [String: Int] = [:]

    package init() {}

    /// One sample. The first one of a family says what it means.
    /// - Parameters:
    ///   - name: letters, digits, `_` and `:`, as is the name of each label, without `:`.
    ///   - labels: tell the samples of a family apart; values may hold anything.
    package mutating func add(
        _ name: String, _ kind: Kind, help: String, labels: [(name: String, value: String)] = [], value: Double
    ) {
        precondition(Self.isName(name, colons: true), "'\(name)' names a metric")
        let place = place(name, kind, help)
        precondition(families[place].kind == kind, "all samples of \(name) are of one kind")
        families[place].samples += name + Self.text(labels) + " " + Self.text(value) + "\n"
    }

    package mutating func add(
        _ name: String, _ kind: Kind, help: String, labels: [(name: String, value: String)] = [],
        value: some BinaryInteger
    ) {
        add(name, kind, help: help, labels: labels, value: Double(value))
    }

    package var text: String {
        families.map { family in
            "# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n"
                + "# TYPE \(family.name) \(family.kind.rawValue)\n" + family.samples
        }.joined()
    }

    private mutating func place(_ name: String, _ kind: Kind, _ help: String) -> Int {
        if let place = places[name] { return place }
        places[name] = families.count
        families.append(Family(name: name, kind: kind, help: help))
        return families.count - 1
    }

    private static func text(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        return "{"
            + labels.map { label in
                precondition(isName(label.name, colons: false), "'\(label.name)' names a label")
                return "\(label.name)=\"\(escaped(label.value, quotes: true))\""
            }.joined(separator: ",") + "}"
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39 ~= first) else { return false }
        return text.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            case UInt8(ascii: ":"): colons
            default: false
            }
        }
    }
}

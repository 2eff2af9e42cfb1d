import Dataflow
import HostSystem

/// A number of things, as people read it.
enum Rows {
    static func count(_ value: Int) -> String {
        var digits = Array(String(value))
        var at = digits.count - 3
        while at > (value < 0 ? 1 : 0) {
            digits.insert(",", at: at)
            at -= 3
        }
        return String(digits)
    }

    static func text(_ value: Int, _ noun: String) -> String { "\(count(value)) \(noun)\(value == 1 ? "" : "s")" }
}

/// The report as people read it.
struct AuditText {
    private static let indent = "  "
    private let report: AuditReport
    private var lines: [String] = []

    init(_ report: AuditReport) { self.report = report }

    static func percent(_ part: Double) -> String {
        let tenths = (part * 1000).rounded()
        guard abs(tenths) < 1e15 else { return part < 0 ? "-∞ %" : "∞ %" }
        let whole = Int(tenths) / 10
        let rest = abs(Int(tenths) % 10)
        let sign = tenths < 0 && whole == 0 ? "-" : ""
        return rest == 0 ? "\(sign)\(whole) %" : "\(sign)\(whole).\(rest) %"
    }

    mutating func render() -> String {
        let (old, new) = (report.cut.old.number, report.cut.new.number)
        lines = [
            "Audit of job \"\(report.cut.job)\": version \(new) against version \(old), where both have read the same"
        ]
        for output in report.outputs { add(output) }
        addChecks()
        addFacts()
        lines += ["", "\(report.verdict.rawValue)"]
        for finding in report.findings { lines.append(Self.indent + "\(finding.verdict.rawValue)  \(finding.text)") }
        return lines.map { $0 + "\n" }.joined()
    }

    // MARK: Outputs

    private mutating func add(_ output: OutputAudit) {
        lines.append("")
        switch output.outcome {
        case .onlyOld: lines.append("\(output.name): the new version does not write it")
        case .onlyNew: lines.append("\(output.name): new, there is nothing to compare it with")
        case .incomparable(let message, let detail):
            lines.append("\(output.name): \(message)")
            if let detail { lines.append(Self.indent + detail) }
        case .compared(let found): add(found, output.name)
        }
    }

    private mutating func add(_ found: OutputComparison, _ name: String) {
        let key = found.isKeyed ? "key \(found.key.joined(separator: ", "))" : "no key, compared in any order"
        let counts = found.counts
        lines.append("\(name) (\(key)): \(Rows.count(counts.old)) rows before, \(Rows.count(counts.new)) now")
        var equal = ""
        if counts.near > 0 {
            equal = "\(Rows.count(counts.near)) of them within 1e-9 of the other"
        }
        var table: [(String, Int, String)] = [("equal", counts.equal, equal)]
        let changed = found.changedColumns.map { "\($0.name) \(Rows.count($0.rows))" }
        if counts.changed > 0 { table.append(("changed", counts.changed, changed.joined(separator: ", "))) }
        if counts.onlyOld > 0 { table.append(("only in the old", counts.onlyOld, "")) }
        if counts.onlyNew > 0 { table.append(("only in the new", counts.onlyNew, "")) }
        for expectation in found.expectations { table.append(("expected", expectation.rows, expectation.text)) }
        if report.hasExpectations { table.append(("not expected", found.unexpected, "")) }
        add(table)
        if !found.addedColumns.isEmpty {
            lines.append(Self.indent + "new columns: \(found.addedColumns.joined(separator: ", "))")
        }
        if !found.removedColumns.isEmpty {
            lines.append(Self.indent + "columns of the old alone: \(found.removedColumns.joined(separator: ", "))")
        }
        if let volume = found.volume { add(volume) }
        addSamples(found)
    }

    /// Aligned.
    private mutating func add(_ table: [(title: String, count: Int, note: String)]) {
        let titles = table.map(\.title.count).max() ?? 0
        let counts = table.map { Rows.count($0.count).count }.max() ?? 0
        for (title, count, note) in table {
            let number = Rows.count(count)
            var line = Self.indent + title + String(repeating: " ", count: titles - title.count + 2)
            line += String(repeating: " ", count: counts - number.count) + number
            lines.append(note.isEmpty ? line : "\(line)  \(note)")
        }
    }

    private mutating func add(_ volume: VolumeAudit) {
        let tolerance = Self.percent(report.options.volumeTolerance)
        let windows = Rows.text(volume.windows, volume.period.rawValue)
        lines.append(
            Self.indent + "rows by \(volume.column): \(windows), "
                + (volume.outside == 0
                    ? "all within \(tolerance)" : "\(Rows.count(volume.outside)) not within \(tolerance)"))
        for window in volume.shown {
            let change = window.old == 0 ? "" : Self.percent(Double(window.new) / Double(window.old) - 1)
            let text = "\(Rows.count(window.old)) before, \(Rows.count(window.new)) now"
            lines.append(
                Self.indent + Self.indent + "\(window.text): \(text)"
                    + (change.isEmpty ? "" : " (\(change.hasPrefix("-") ? "" : "+")\(change))"))
        }
        if volume.outside > volume.shown.count { lines.append(Self.indent + Self.indent + "…") }
    }

    private mutating func addSamples(_ found: OutputComparison) {
        for kind in DifferentRows.Kind.allCases {
            let samples = found.samples.filter { $0.kind == kind }
            guard !samples.isEmpty else { continue }
            let total = kind.count(in: found.counts)
            let shown = samples.count < total ? ", \(samples.count) of \(Rows.count(total))" : ""
            lines.append(Self.indent + "\(kind.title)\(shown):")
            for sample in samples {
                let mark = report.hasExpectations ? (sample.isExpected ? "  expected" : "  not expected") : ""
                lines.append(Self.indent + Self.indent + sample.text + mark)
            }
        }
    }

    // MARK: Checks and facts

    private mutating func addChecks() {
        guard !report.checks.isEmpty else { return }
        lines += ["", "Checks"]
        let width = report.checks.map(\.name.count).max() ?? 0
        for check in report.checks {
            let name = check.name + String(repeating: " ", count: width - check.name.count)
            var line = Self.indent + "\(name)  \(check.verdict.rawValue)"
            switch check.outcome {
            case .violations(0, _, _): lines.append(line)
            case .violations(let count, let columns, let sample):
                line += "  \(Rows.text(count, "violation"))"
                if sample.count < count { line += ", \(Rows.count(sample.count)) of them:" }
                lines.append(line)
                for row in sample {
                    let values = zip(columns, row).map { "\($0)=\($1)" }.joined(separator: ", ")
                    lines.append(Self.indent + Self.indent + values)
                }
            case .doesNotRun(let message):
                lines.append(line + "  does not run")
                for part in message.split(separator: "\n") { lines.append(Self.indent + Self.indent + part) }
            }
        }
    }

    private mutating func addFacts() {
        guard let facts = report.facts else { return }
        let rows: [(String, KeyPath<RunFacts, Int64?>, (Int) -> String)] = [
            ("late rows", \.lateRows, Rows.count), ("quarantined rows", \.quarantinedRows, Rows.count),
            ("state", \.stateBytes, byteText),
        ]
        let known = rows.filter { facts.old[keyPath: $0.1] != nil || facts.new[keyPath: $0.1] != nil }
        guard !known.isEmpty else { return }
        lines += ["", "While they ran"]
        for (title, path, shown) in known {
            let values = [facts.old[keyPath: path], facts.new[keyPath: path]].map { value in
                value.map { shown(Int(clamping: $0)) } ?? "not known"
            }
            lines.append(Self.indent + "\(title): \(values[0]) before, \(values[1]) now")
        }
    }
}

extension DifferentRows.Kind {
    fileprivate var title: String {
        switch self {
        case .changed: "changed"
        case .onlyOld: "only in the old version"
        case .onlyNew: "only in the new version"
        }
    }

    fileprivate func count(in counts: RowCounts) -> Int {
        switch self {
        case .changed: counts.changed
        case .onlyOld: counts.onlyOld
        case .onlyNew: counts.onlyNew
        }
    }
}

extension DifferenceSample {
    /// `id=7: tax 1.0 → 1.9`
    package var text: String {
        let key = key.map { "\($0.column)=\($0.new ?? $0.old ?? "")" }.joined(separator: ", ")
        let values = values.map { value in
            guard let old = value.old, let new = value.new else {
                return "\(value.column)=\(value.new ?? value.old ?? "")"
            }
            return "\(value.column) \(old) → \(new)"
        }
        return [key, values.joined(separator: ", ")].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

extension RowCounts {
    /// In one line.
    package var summary: String {
        let parts = [("changed", changed), ("only in the old", onlyOld), ("only in the new", onlyNew)].filter {
            $0.1 > 0
        }
        let differences = parts.map { "\(Rows.count($0.1)) \($0.0)" }.joined(separator: ", ")
        return "\(Rows.text(old, "row")) before, \(Rows.count(new)) now: "
            + (parts.isEmpty ? "equal" : "\(Rows.count(equal)) equal, \(differences)")
    }
}

extension VolumeAudit.Window {
    /// The beginning, in UTC.
    fileprivate var text: String {
        guard let milliseconds else { return "no time" }
        return String(CivilTime.text(milliseconds: milliseconds).dropLast(8)).replacing("T", with: " ")
    }
}

extension AuditReport {
    /// For people; ends with a line end.
    package var text: String {
        var text = AuditText(self)
        return text.render()
    }
}

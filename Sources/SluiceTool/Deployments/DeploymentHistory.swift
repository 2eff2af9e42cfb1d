import HostSystem

// The log book of a deployed job, from `GET /v1/deployments/:job/history`: transitions of its versions, ends of their workers
// and audits, by time, a line each:
//
//     2026-01-02 03:04:05.678Z  orders@2  IN_SYNC -> AUDITING  the first audit (server)
//     2026-01-02 03:04:07.120Z  orders@2  audit against orders@1: PASS
//     2026-01-02 03:05:00.004Z  orders@2  READY -> CUTTING_OVER  (promote orders --yes)

package struct DeploymentHistory: Equatable, Sendable {
    fileprivate enum Event: Equatable, Sendable {
        case transition(from: String?, to: String, reason: String, by: String)
        case exit(ending: String, lastLine: String?)
        case audit(oldVersion: Int, verdict: String)
    }

    private struct Entry: Equatable, Sendable {
        var at: Int
        var version: Int
        var event: Event
    }

    /// By time; what happened in one millisecond as the server has it.
    private let entries: [Entry]

    package init(_ json: JSONValue) throws(MalformedAnswer) {
        var entries = try json.map("transitions") { (item) throws(MalformedAnswer) in
            Entry(
                at: try item.integer("at"), version: try item.integer("version"),
                event: .transition(
                    from: item.optionalText("from"), to: try item.text("to"), reason: item.optionalText("reason") ?? "",
                    by: Self.author(item)))
        }
        entries += try json.map("exits") { (item) throws(MalformedAnswer) in
            Entry(
                at: try item.integer("at"), version: try item.integer("version"),
                event: .exit(
                    ending: try item.text("ending"), lastLine: item.texts("lastLines").last { !$0.isEmpty }))
        }
        entries += try json.map("audits") { (item) throws(MalformedAnswer) in
            Entry(
                at: try item.integer("at"), version: try item.integer("newVersion"),
                event: .audit(oldVersion: try item.integer("oldVersion"), verdict: try item.text("verdict")))
        }
        self.entries = entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }

    private static func author(_ item: JSONValue) -> String {
        let by = item.optionalText("by") ?? ""
        if let command = item.optionalText("command"), !command.isEmpty { return command }
        guard by == "journal", let position = item.optionalInteger("journalPosition") else { return by }
        return "journal, position \(position)"
    }

    /// - Parameter version: nil: of all.
    package func lines(_ job: String, version: Int? = nil) -> [StyledLine] {
        let shown = entries.filter { version == nil || $0.version == version }
        let cells = shown.map { StyledLine("\(job)@\($0.version)").cells }.max() ?? 0
        return shown.map { entry in
            let name = StyledLine("\(job)@\(entry.version)")
            var line = StyledLine(SpanText.time(milliseconds: entry.at) + "  ", .faint)
            line.add(name.text + String(repeating: " ", count: cells - name.cells + 2))
            line.add(entry.event, job)
            return line
        }
    }
}

extension StyledLine {
    fileprivate mutating func add(_ event: DeploymentHistory.Event, _ job: String) {
        switch event {
        case .transition(let from, let to, let reason, let by):
            add((from.map { "\($0) -> " } ?? "") + to, .strong)
            if !reason.isEmpty { add("  \(reason)") }
            if !by.isEmpty { add("  (\(by))", .faint) }
        case .exit(let ending, let lastLine):
            add("the worker ended: \(ending)", .caution)
            if let lastLine { add(": \(lastLine)") }
        case .audit(let oldVersion, let verdict):
            add("audit against \(job)@\(oldVersion): ")
            add(verdict, verdict == "PASS" ? .good : verdict == "WARN" ? .caution : .bad)
        }
    }
}

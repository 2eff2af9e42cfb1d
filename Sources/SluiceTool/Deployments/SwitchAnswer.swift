import HostSystem

/// What a switch of versions came to, as `POST …/promote` and `…/rollback` have it.
package struct SwitchAnswer: Equatable, Sendable {
    package struct Change: Equatable, Sendable {
        package var name: String
        package var rows: Int
    }

    package var live: Int
    package var previous: Int?
    package var pauseMilliseconds: Double?
    package var journalPosition: Int?
    package var changes: [Change]

    package init(_ json: JSONValue) throws(MalformedAnswer) {
        live = try json.integer("live")
        previous = json.optionalInteger("previous")
        pauseMilliseconds = json["pauseMilliseconds"]?.doubleValue
        journalPosition = json.optionalInteger("journalPosition")
        changes =
            json["changedRows"] == nil
            ? []
            : try json.map("changedRows") { (change) throws(MalformedAnswer) in
                Change(name: try change.text("name"), rows: try change.integer("rows"))
            }
    }

    package func text(_ verb: VersionSelection.Verb, _ job: String) -> String {
        var text = "\(job)@\(live) is live"
        if let previous { text += ", \(job)@\(previous) " + (verb == .rollback ? "is rolled back" : "stands by") }
        if let pauseMilliseconds { text += "; publication paused for \(StatusText.latency(pauseMilliseconds))" }
        for change in changes { text += "\n\(change.name): a difference of \(StatusText.rows(change.rows))" }
        return text
    }
}

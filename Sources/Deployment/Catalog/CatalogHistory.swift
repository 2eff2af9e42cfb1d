import GRDB

/// The log book: transitions, audits, and how workers ended.
extension Catalog {
    /// Of each version, the newest ones.
    package static let keptExits = 100

    /// Writes transitions, in order, and what is wanted from then on, as one. Each must begin with the state that its
    /// version is in, and lead to one that may follow, except where the journal says so.
    package func record(
        _ transitions: [Transition], wanted: [VersionID: WantedState] = [:]
    ) throws(CatalogError) {
        try write { db in
            for transition in transitions {
                let id = transition.version
                try db.checkIsThere(id)
                let found = try db.state(of: id)
                guard found == transition.from else {
                    throw CatalogError.stateChanged(id, expected: transition.from, found: found)
                }
                guard transition.by == .journal || transition.to.mayFollow(found) else {
                    throw CatalogError.notAllowed(id, from: found, to: transition.to)
                }
                try db.append(transition)
            }
            for (id, wanted) in wanted {
                try db.checkIsThere(id)
                try db.setWanted(wanted, of: id, at: transitions.map(\.at).max() ?? 0)
            }
        }
    }

    /// nil: there is no such version.
    package func state(of id: VersionID) throws(CatalogError) -> VersionState? {
        try read { db in try db.state(of: id) }
    }

    /// Transitions in the order in which they were written.
    /// - Parameters:
    ///   - number: nil for all versions of the job.
    ///   - newest: at most so many, the last ones.
    package func history(
        of job: String, number: Int? = nil, newest limit: Int? = nil
    ) throws(CatalogError) -> [Transition] {
        try read { db in
            let sql = """
                SELECT job, number, at, from_state, to_state, reason, author, command, journal_position FROM transitions
                WHERE job = ?1 AND (?2 IS NULL OR number = ?2) ORDER BY sequence DESC LIMIT ?3
                """
            return try db.rows(sql, [job, number, limit ?? -1]) { row in
                Transition(
                    try row.version(0), at: try row.integer(2),
                    from: try row.optionalText(3) == nil ? nil : try row.name(3, as: VersionState.self),
                    to: try row.name(4, as: VersionState.self), reason: try row.text(5), by: try row.author(6),
                    journalPosition: try row.optionalInteger(8) == nil ? nil : try row.position(8))
            }.reversed()
        }
    }

    // MARK: Audits

    package func add(_ audit: AuditRecord) throws(CatalogError) {
        try write { db in
            try db.checkIsThere(VersionID(audit.job, audit.oldVersion))
            try db.checkIsThere(VersionID(audit.job, audit.newVersion))
            var values = CatalogArguments()
            try values.version(VersionID(audit.job, audit.oldVersion))
            values.integer(Int64(audit.newVersion))
            try values.position(audit.oldPosition)
            try values.position(audit.newPosition)
            try values.text(audit.verdict.rawValue, "a verdict")
            try values.text(audit.text, "a report")
            try values.text(audit.json, "a report")
            values.integer(audit.at)
            try values.author(audit.by)
            try db.insert(into: "audits (\(auditColumns))", values)
        }
    }

    /// Of a version against those before it, the newest first.
    package func audits(of id: VersionID, newest limit: Int? = nil) throws(CatalogError) -> [AuditRecord] {
        try read { db in
            let sql = """
                SELECT \(auditColumns) FROM audits WHERE job = ? AND new_number = ? ORDER BY sequence DESC LIMIT ?
                """
            return try db.rows(sql, [id.job, id.number, limit ?? -1]) { row in
                AuditRecord(
                    job: try row.text(0), oldVersion: try row.number(1), newVersion: try row.number(2),
                    oldPosition: try row.position(3), newPosition: try row.position(4),
                    verdict: try row.name(5, as: AuditRecord.Verdict.self), text: try row.text(6),
                    json: try row.text(7), at: try row.integer(8), by: try row.author(9))
            }
        }
    }

    // MARK: Exits

    /// Zero bytes of log lines are shown as what they are not: text.
    package func add(_ exit: WorkerExit) throws(CatalogError) {
        try write { db in
            try db.checkIsThere(exit.version)
            let (ending, code) = exit.ending.named
            let lines = exit.lastLines.map { $0.replacing("\0", with: "\u{FFFD}").replacing("\n", with: " ") }
            var values = CatalogArguments()
            try values.version(exit.version)
            values.integer(exit.at)
            try values.text(ending, "an ending")
            values.integer(Int64(code))
            try values.text(lines.joined(separator: "\n"), "lines of a log")
            try db.insert(into: "worker_exits (job, number, at, ending, code, last_lines)", values)
            let version: StatementArguments = [exit.version.job, exit.version.number, Catalog.keptExits]
            try db.execute(
                sql: """
                    DELETE FROM worker_exits WHERE job = ?1 AND number = ?2 AND sequence NOT IN
                      (SELECT sequence FROM worker_exits WHERE job = ?1 AND number = ?2 ORDER BY sequence DESC LIMIT ?3)
                    """, arguments: version)
        }
    }

    /// The newest first.
    package func exits(of id: VersionID, newest limit: Int? = nil) throws(CatalogError) -> [WorkerExit] {
        try read { db in
            let sql = """
                SELECT job, number, at, ending, code, last_lines FROM worker_exits
                WHERE job = ? AND number = ? ORDER BY sequence DESC LIMIT ?
                """
            return try db.rows(sql, [id.job, id.number, limit ?? -1]) { row in
                guard let code = Int32(exactly: try row.integer(4)),
                    let ending = WorkerEnding(named: try row.text(3), code: code)
                else {
                    throw row.unexpected(3)
                }
                let lines = try row.text(5)
                return WorkerExit(
                    try row.version(0), at: try row.integer(2), ending: ending,
                    lastLines: lines.isEmpty
                        ? [] : lines.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
            }
        }
    }
}

private let auditColumns = """
    job, old_number, new_number, old_position, new_position, verdict, report_text, report_json, at, author, command
    """

extension Database {
    /// nil: there is no such version.
    func state(of id: VersionID) throws -> VersionState? {
        try rows(
            "SELECT to_state FROM transitions WHERE job = ? AND number = ? ORDER BY sequence DESC LIMIT 1",
            [id.job, id.number]
        ) { try $0.name(0, as: VersionState.self) }.first
    }

    func append(_ transition: Transition) throws {
        var values = CatalogArguments()
        try values.version(transition.version)
        values.integer(transition.at)
        try values.optionalText(transition.from?.rawValue, "a state")
        try values.text(transition.to.rawValue, "a state")
        try values.text(transition.reason, "a reason")
        try values.author(transition.by)
        try values.position(transition.journalPosition)
        let columns = "job, number, at, from_state, to_state, reason, author, command, journal_position"
        try insert(into: "transitions (\(columns))", values)
    }
}

import GRDB

/// Jobs, their versions, and what is wanted of them.
extension Catalog {
    /// Names of jobs, sorted.
    package func jobs() throws(CatalogError) -> [String] {
        try read { db in try db.rows("SELECT name FROM jobs ORDER BY name") { try $0.text(0) } }
    }

    /// Writes a new version, PLANNED, and its job where it is the first.
    package func add(
        _ record: VersionRecord, wanted: WantedState, reason: String, by author: Transition.Author
    ) throws(CatalogError) {
        try write { db in
            try db.checkIsNew(record.id)
            try db.insertJob(record.id.job, at: record.createdAt)
            try db.insert(record)
            try db.setWanted(wanted, of: record.id, at: record.createdAt)
            try db.append(
                Transition(record.id, at: record.createdAt, from: nil, to: .planned, reason: reason, by: author))
        }
    }

    package func version(_ id: VersionID) throws(CatalogError) -> VersionRecord? {
        try read { db in try db.versionRecords(id.job, number: id.number).first }
    }

    /// Ascending.
    package func versions(of job: String) throws(CatalogError) -> [VersionRecord] {
        try read { db in try db.versionRecords(job, number: nil) }
    }

    /// nil where there is none.
    package func newestVersion(of job: String) throws(CatalogError) -> Int? {
        try read { db in try db.newestVersion(of: job) }
    }

    /// All versions of one job or of all, by job and number.
    package func summaries(of job: String? = nil) throws(CatalogError) -> [VersionSummary] {
        try read { db in
            let sql = """
                SELECT v.job, v.number, v.created_at, t.to_state, w.wanted, t.at, t.reason
                FROM versions v
                JOIN workers w ON w.job = v.job AND w.number = v.number
                JOIN transitions t ON t.sequence =
                  (SELECT max(sequence) FROM transitions WHERE job = v.job AND number = v.number)
                WHERE ?1 IS NULL OR v.job = ?1
                ORDER BY v.job, v.number
                """
            return try db.rows(sql, [job]) { row in
                VersionSummary(
                    id: try row.version(0), createdAt: try row.integer(2),
                    state: try row.name(3, as: VersionState.self), wanted: try row.name(4, as: WantedState.self),
                    since: try row.integer(5), reason: try row.text(6))
            }
        }
    }

    package func setWanted(_ wanted: WantedState, of id: VersionID, at: Int64) throws(CatalogError) {
        try write { db in
            try db.checkIsThere(id)
            try db.setWanted(wanted, of: id, at: at)
        }
    }
}

extension Database {
    func newestVersion(of job: String) throws -> Int? {
        try rows("SELECT number FROM versions WHERE job = ? ORDER BY number DESC LIMIT 1", [job]) {
            try $0.number(0)
        }.first
    }

    func checkIsThere(_ id: VersionID) throws {
        let found = try rows("SELECT 1 FROM versions WHERE job = ? AND number = ?", [id.job, id.number]) { _ in true }
        guard !found.isEmpty else { throw CatalogError.noVersion(id) }
    }

    fileprivate func checkIsNew(_ id: VersionID) throws {
        guard id.number > 0 else { throw CatalogError.unstorable("a version with the number \(id.number)") }
        guard let newest = try newestVersion(of: id.job), newest >= id.number else { return }
        let found = try rows("SELECT 1 FROM versions WHERE job = ? AND number = ?", [id.job, id.number]) { _ in true }
        throw found.isEmpty ? CatalogError.versionOutOfOrder(id, newest: newest) : CatalogError.versionExists(id)
    }

    func setWanted(_ wanted: WantedState, of id: VersionID, at: Int64) throws {
        try execute(
            sql: """
                INSERT INTO workers (job, number, wanted, changed_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (job, number) DO UPDATE SET wanted = excluded.wanted, changed_at = excluded.changed_at
                """, arguments: [id.job, id.number, wanted.rawValue, at])
    }

    fileprivate func insertJob(_ name: String, at: Int64) throws {
        guard try rows("SELECT 1 FROM jobs WHERE name = ?", [name], { _ in true }).isEmpty else { return }
        var values = CatalogArguments()
        try values.text(name, "a job's name")
        values.integer(at)
        try insert(into: "jobs (name, created_at)", values)
    }

    fileprivate func insert(_ record: VersionRecord) throws {
        var values = CatalogArguments()
        try values.version(record.id)
        try values.text(record.sql, "a job's text")
        try values.text(record.fileName, "a file's name")
        try values.text(record.engineVersion, "an engine's version")
        values.integer(record.createdAt)
        try values.start(record.start)
        try values.options(record.options)
        try insert(into: "versions (\(versionColumns))", values)
        for (position, line) in record.planFingerprint.enumerated() {
            var values = CatalogArguments()
            try values.version(record.id)
            values.integer(Int64(position))
            try values.text(line, "a line of a plan")
            try insert(into: "version_plan (job, number, position, line)", values)
        }
        for (position, setting) in record.settings.enumerated() {
            var values = CatalogArguments()
            try values.version(record.id)
            values.integer(Int64(position))
            try values.text(setting.key, "a setting")
            try values.text(setting.value, "a setting")
            try insert(into: "version_settings (job, number, position, key, value)", values)
        }
    }

    /// - Parameter number: nil for all versions of the job.
    fileprivate func versionRecords(_ job: String, number: Int?) throws -> [VersionRecord] {
        let sql =
            "SELECT \(versionColumns) FROM versions WHERE job = ?1 AND (?2 IS NULL OR number = ?2) ORDER BY number"
        var records = try rows(sql, [job, number]) { try VersionRecord($0) }
        for index in records.indices {
            let id = [job, records[index].id.number] as [(any DatabaseValueConvertible)?]
            records[index].planFingerprint = try rows(
                "SELECT line FROM version_plan WHERE job = ? AND number = ? ORDER BY position", id
            ) { try $0.text(0) }
            records[index].settings = try rows(
                "SELECT key, value FROM version_settings WHERE job = ? AND number = ? ORDER BY position", id
            ) { Setting(try $0.text(0), try $0.text(1)) }
        }
        return records
    }
}

private let versionColumns = """
    job, number, sql, file_name, engine_version, created_at, start_mode, savepoint_path, max_lag_ms, guard_ms, keep_ms, \
    cutover_timeout_ms, live_latency_ms, promotion, audit_folder, memory_bytes
    """

extension VersionRecord {
    /// Of `versionColumns`.
    fileprivate init(_ row: CatalogRow) throws {
        var options = DeploymentOptions()
        options.maxLagMilliseconds = try row.integer(8)
        options.guardMilliseconds = try row.integer(9)
        options.keepMilliseconds = try row.integer(10)
        options.cutoverTimeoutMilliseconds = try row.integer(11)
        options.liveLatencyMilliseconds = try row.optionalInteger(12)
        options.promotion = try row.name(13, as: DeploymentOptions.Promotion.self)
        options.auditFolder = try row.optionalText(14)
        options.memoryBytes = try row.optionalInteger(15)
        self.init(
            id: try row.version(0), sql: try row.text(2), fileName: try row.text(3), planFingerprint: [],
            engineVersion: try row.text(4), createdAt: try row.integer(5), start: try row.start(6), options: options)
    }
}

extension CatalogRow {
    fileprivate func start(_ index: Int) throws -> StartMode {
        switch try text(index) {
        case "beginning": .beginning
        case "now": .now
        case "resume": .resume
        case "savepoint": .savepoint(path: try text(index + 1))
        default: throw unexpected(index)
        }
    }
}

extension CatalogArguments {
    fileprivate mutating func start(_ start: StartMode) throws(CatalogError) {
        switch start {
        case .beginning: try text("beginning", "a start")
        case .now: try text("now", "a start")
        case .resume: try text("resume", "a start")
        case .savepoint(let path):
            try text("savepoint", "a start")
            return try text(path, "a savepoint's path")
        }
        integer(nil)
    }

    fileprivate mutating func options(_ options: DeploymentOptions) throws(CatalogError) {
        integer(options.maxLagMilliseconds)
        integer(options.guardMilliseconds)
        integer(options.keepMilliseconds)
        integer(options.cutoverTimeoutMilliseconds)
        integer(options.liveLatencyMilliseconds)
        try text(options.promotion.rawValue, "a promotion")
        try optionalText(options.auditFolder, "a folder's name")
        integer(options.memoryBytes)
    }
}

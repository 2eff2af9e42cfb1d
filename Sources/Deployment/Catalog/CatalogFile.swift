import GRDB
import HostSystem

// How the file of a catalog comes to be. It is made under a hidden name, with its schema, synced, and then renamed; so a
// catalog that is there was complete once, and anything less is damage.

struct CatalogFile {
    private let path: String
    private let files: any FileSystem

    init(_ path: String, _ files: any FileSystem) {
        self.path = path
        self.files = files
    }

    static func configuration(busySeconds: Int) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Double(busySeconds))
        configuration.foreignKeysEnabled = true
        configuration.label = "catalog"
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
        }
        return configuration
    }

    func prepare(_ whenMissing: Catalog.WhenMissing) throws(CatalogError) {
        if try isThere() { return }
        guard whenMissing == .make else { throw .missing(path: path) }
        // One maker at a time; whoever comes second finds the file.
        let lock = try onFiles { () throws(FileError) in try files.lock(path + ".lock", wait: true) }
        defer { lock?.release() }
        if try !isThere() { try make() }
    }

    private func isThere() throws(CatalogError) -> Bool {
        guard let status = try onFiles({ () throws(FileError) in try files.status(path) }) else {
            // Its rollback would be done to a new file.
            for rest in ["-journal", "-wal"]
            where try onFiles({ () throws(FileError) in try files.exists(path + rest) }) {
                throw .damaged(path: path, detail: "'\(path)\(rest)' is there, and the file that it belongs to is not")
            }
            return false
        }
        guard status.sizeBytes > 0 else { throw .damaged(path: path, detail: "the file is empty") }
        return true
    }

    private func make() throws(CatalogError) {
        let hidden = path + ".new"
        for rest in ["", "-journal"] {
            try onFiles { () throws(FileError) in
                if try files.exists(hidden + rest) { try files.remove(hidden + rest) }
            }
        }
        try Catalog.access(hidden) {
            let queue = try DatabaseQueue(
                path: hidden, configuration: Self.configuration(busySeconds: Catalog.busySeconds))
            try queue.inDatabase { db in
                try db.execute(sql: "PRAGMA application_id = \(CatalogSchema.applicationID)")
                try Self.migrate(db, path)
            }
            try queue.close()
        }
        try onFiles { () throws(FileError) in
            try files.renameNew(hidden, to: path)
            try files.syncDirectory(FilePath.parent(of: path))
        }
    }

    private func onFiles<Value>(_ body: () throws(FileError) -> Value) throws(CatalogError) -> Value {
        do throws(FileError) {
            return try body()
        } catch {
            throw error.isOutOfSpace ? .diskFull(path: path) : .unreachable(path: path, detail: "\(error)")
        }
    }

    // MARK: The open file

    /// Refuses what is no whole catalog.
    static func check(_ db: Database, _ path: String) throws {
        let id = try db.rows("PRAGMA application_id") { try $0.number(0) }.first
        guard id == CatalogSchema.applicationID else {
            throw CatalogError.damaged(path: path, detail: "it is not marked as a catalog of Sluice")
        }
        let problems = try db.rows("PRAGMA quick_check(1)") { try $0.text(0) }
        guard problems == ["ok"] else {
            throw CatalogError.damaged(path: path, detail: problems.first ?? "SQLite's check says nothing")
        }
        // Somebody may have set another one, which stays with the file.
        try db.execute(sql: "PRAGMA journal_mode = DELETE")
    }

    /// In one transaction, from whatever version the file has.
    static func migrate(_ db: Database, _ path: String) throws {
        if try version(db) == CatalogSchema.version { return }
        try db.inTransaction(.immediate) {
            let found = try version(db)
            guard found <= CatalogSchema.version else {
                throw CatalogError.newerSchema(path: path, found: found, newest: CatalogSchema.version)
            }
            for migration in CatalogSchema.migrations[found...] { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA user_version = \(CatalogSchema.version)")
            return .commit
        }
    }

    private static func version(_ db: Database) throws -> Int {
        let found = try db.rows("PRAGMA user_version") { try $0.number(0) }.first ?? -1
        guard found >= 0 else { throw UnexpectedValue(column: "user_version", value: "\(found)") }
        return found
    }
}

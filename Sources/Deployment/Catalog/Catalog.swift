// What was intended, and what came of it: jobs, versions, transitions, audits. The journal is the truth about names and
// roles; where the two differ the catalog is corrected.
//
// The file is `catalog.sqlite` in the data directory (`Docs/Formats/catalog.md`). Every function is one transaction, durable
// when it returns: SQLite's rollback journal with `synchronous = EXTRA`, so that a process killed at any moment leaves the
// state before or after, and the file at rest is one file.
//
// A file that is there is never made anew: not an empty one, not one that SQLite cannot read, not one whose name is gone
// while its rollback journal is left. A new one gets its name when it is complete.

import GRDB
import HostSystem

package final class Catalog: Sendable {
    package static let fileName = "catalog.sqlite"
    /// How long one process waits for another one.
    package static let busySeconds = 5

    package enum WhenMissing: Sendable { case make, refuse }

    package let path: String
    private let queue: DatabaseQueue

    /// Opens the catalog of a data directory on the machine's own disk, checks it, and brings its schema up to date.
    package init(
        dataDirectory: String, whenMissing: WhenMissing = .make, busySeconds: Int = Catalog.busySeconds
    ) throws(CatalogError) {
        let path = FilePath.join(dataDirectory, Self.fileName)
        self.path = path
        try CatalogFile(path, PosixFileSystem()).prepare(whenMissing)
        queue = try Self.access(path) {
            try DatabaseQueue(path: path, configuration: CatalogFile.configuration(busySeconds: busySeconds))
        }
        do throws(CatalogError) {
            try Self.access(path) {
                try queue.inDatabase { db in
                    try CatalogFile.check(db, path)
                    try CatalogFile.migrate(db, path)
                }
            }
        } catch {
            close()
            throw error
        }
    }

    /// Nothing can be asked afterwards.
    package func close() {
        do { try queue.close() } catch { preconditionFailure("no statement outlives its function: \(error)") }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        try Self.access(path) { try queue.read(body) }
    }

    /// All of what `body` does, or nothing.
    func write<Value>(_ body: (Database) throws -> Value) throws(CatalogError) -> Value {
        try Self.access(path) { try queue.write(body) }
    }

    static func access<Value>(_ path: String, _ body: () throws -> Value) throws(CatalogError) -> Value {
        do {
            return try body()
        } catch let error as CatalogError {
            throw error
        } catch let error as DatabaseError {
            throw CatalogError(error, path)
        } catch let error as UnexpectedValue {
            throw .damaged(path: path, detail: "column \(error.column) holds \(error.value)")
        } catch {
            throw .unreachable(path: path, detail: "\(error)")
        }
    }
}

import Dataflow
import GRDB

/// Why the catalog did not do what was asked. Nothing of it was written then.
package enum CatalogError: Error, Equatable, Sendable {
    /// Another process held it for longer than is waited for.
    case busy(path: String)
    case diskFull(path: String)
    /// The file is not what was written there.
    case damaged(path: String, detail: String)
    case newerSchema(path: String, found: Int, newest: Int)
    case missing(path: String)
    /// Permission, a failed read or write.
    case unreachable(path: String, detail: String)

    case versionExists(VersionID)
    /// Numbers of versions only grow.
    case versionOutOfOrder(VersionID, newest: Int)
    case noVersion(VersionID)
    /// Somebody else has moved the version in the meantime.
    case stateChanged(VersionID, expected: VersionState?, found: VersionState?)
    case notAllowed(VersionID, from: VersionState?, to: VersionState)
    /// A text with a zero byte in it, or a number beyond what a column holds.
    case unstorable(String)

    /// As the catalog's own texts, ready to be shown.
    package var failure: JobFailure {
        switch self {
        case .busy(let path):
            JobFailure(
                .conflict, "the catalog '\(path)' is in use",
                detail: "another process has held it for \(Catalog.busySeconds) s", hint: "try again")
        case .diskFull(let path):
            JobFailure(
                .world, "the catalog '\(path)' cannot be written: the disk is full",
                hint: "nothing was changed; make room and try again")
        case .damaged(let path, let detail):
            JobFailure(
                .damage, "the catalog '\(path)' is damaged", detail: detail,
                hint: "restore it from a backup; names and roles stand in the journal and are not touched by this")
        case .newerSchema(let path, let found, let newest):
            JobFailure(
                .conflict, "the catalog '\(path)' has schema version \(found)",
                detail: "the newest that this binary reads is \(newest)",
                hint: "use the binary that wrote it, or a newer one")
        case .missing(let path):
            JobFailure(
                .world, "there is no catalog '\(path)'", hint: "a server makes one: sluice server --data DIRECTORY")
        case .unreachable(let path, let detail):
            JobFailure(
                .world, "the catalog '\(path)' cannot be reached", detail: detail,
                hint: "nothing was changed; try again when the cause is gone")
        case .versionExists(let id):
            JobFailure(.conflict, "there is a version \(id) already")
        case .versionOutOfOrder(let id, let newest):
            JobFailure(
                .conflict, "version \(id) does not follow the newest one", detail: "which is \(id.job)@\(newest)")
        case .noVersion(let id):
            JobFailure(
                .conflict, "there is no version \(id)", hint: "sluice versions \(id.job) lists those that there are")
        case .stateChanged(let id, let expected, let found):
            JobFailure(
                .conflict, "version \(id) is \(found?.rawValue ?? "not there")",
                detail: "it was \(expected?.rawValue ?? "not there") when this began", hint: "look again, then decide")
        case .notAllowed(let id, let from, let to):
            JobFailure(
                .conflict, "version \(id) cannot become \(to.rawValue)",
                detail: from.map { "it is \($0.rawValue)" } ?? "it is new")
        case .unstorable(let what):
            JobFailure(.data, "the catalog cannot keep \(what)")
        }
    }
}

extension CatalogError: CustomStringConvertible {
    package var description: String {
        let failure = failure
        return failure.message + (failure.detail.map { ": " + $0 } ?? "")
    }
}

extension CatalogError {
    init(_ error: DatabaseError, _ path: String) {
        let message = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
        case .SQLITE_FULL: self = .diskFull(path: path)
        // Rules of the schema hold for all that is written here: what breaks one found other rows than we wrote.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_SCHEMA, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_ERROR:
            self = .damaged(path: path, detail: message)
        case .SQLITE_TOOBIG: self = .unstorable("a text that long")
        default: self = .unreachable(path: path, detail: message)
        }
    }
}

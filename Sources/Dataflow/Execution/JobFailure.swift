import HostSystem

// Why a job stopped. The kind decides what may help: nothing but a change by the user (`data`, `memory`), a start once the
// cause is gone (`world`), or another command (`conflict`).

/// The one error of a running job, in PostgreSQL's message style: message in lower case, then detail, then a hint.
package struct JobFailure: Error, Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// A record, or an expression on a row. A restart would meet it again.
        case data
        /// Disk, permission, a removed input. Nothing committed is lost; the next start goes on.
        case world
        /// State, old values and channels together passed the budget.
        case memory
        /// Somebody else holds the name or a folder, or the plan does not fit the state.
        case conflict
        /// Files of ours that are not what they must be.
        case damage
        /// Of a version of a deployed job: another one is live than when the epoch began. The last checkpoint stands.
        case rolesChanged
        /// Of a version of a deployed job: it has read what the live version has not. The last checkpoint stands; one that
        /// has none yet waits.
        case aheadOfLive
    }

    package var kind: Kind
    package var message: String
    package var detail: String?
    package var hint: String?

    package init(_ kind: Kind, _ message: String, detail: String? = nil, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.detail = detail
        self.hint = hint
    }

    /// Runs file operations; what fails is the world's fault, met while doing what is named.
    package static func onFiles<Result: ~Copyable>(
        _ doing: String, _ body: () throws(FileError) -> Result
    ) throws(JobFailure) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw .file(error, while: doing)
        }
    }

    package static func file(_ error: FileError, while doing: String) -> JobFailure {
        JobFailure(
            .world, "\(doing): \(error)",
            hint: "nothing committed is lost: the next start goes on when the cause is gone")
    }
}

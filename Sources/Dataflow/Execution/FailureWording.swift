import CommitLog
import HostSystem
import KeyedState

// The errors of the modules below as a job's failure: what they mean for the user.

extension JobFailure {
    package static func state(_ error: StateError) -> JobFailure {
        switch error {
        case .file(let file): .file(file, while: "keeping state")
        case .poisoned, .rocksDB:
            JobFailure(
                .world, "\(error)", hint: "nothing committed is lost: the next start goes on from the last checkpoint")
        case .entryTooLarge: JobFailure(.data, "\(error)")
        case .damaged, .missingRecord:
            JobFailure(.damage, "\(error)", hint: "restore the data directory from a copy, or start over with --fresh")
        case .unsupportedVersion:
            JobFailure(.conflict, "\(error)", hint: "use the binary that wrote it, or start over with --fresh")
        }
    }

    package static func journal(_ error: JournalError) -> JobFailure {
        switch error {
        case .file(let file): .file(file, while: "writing the journal")
        case .syncFailed:
            JobFailure(
                .world, "\(error)", hint: "nothing committed is lost: the next start goes on from the last checkpoint")
        case .refused(.deployment(.rolesChanged)), .refused(.deployment(.standsStill)):
            JobFailure(.rolesChanged, "\(error)")
        case .refused(.deployment(.aheadOfLive)): JobFailure(.aheadOfLive, "\(error)")
        case .refused(.deployment(.owned)):
            JobFailure(
                .conflict, "\(error)", hint: "change the job and deploy it again; or write to a topic of another name")
        case .refused: JobFailure(.conflict, "\(error)")
        case .damaged: JobFailure(.damage, "\(error)", hint: "restore the data directory from a copy")
        case .unsupportedVersion: JobFailure(.conflict, "\(error)", hint: "use the binary that wrote it")
        }
    }
}

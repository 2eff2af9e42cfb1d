import CommitLog
import Dataflow
import HostSystem

// A candidate writes what the live version has written: its state and its outputs. A disk that would not hold that, besides a
// reserve for the live versions and the producers, is seen before a replay has filled it; and where it fills up all the same,
// the candidate waits.

/// What the disk of the data directory has for a new version.
struct DiskEstimate: Equatable, Sendable {
    /// The live version's state and outputs; nil: there is none to take for a measure.
    var neededBytes: Int?
    var space: DiskSpace

    /// Kept free of candidates: a fiftieth of the disk, at most 1 GiB.
    static func reserveBytes(_ space: DiskSpace) -> Int { min(space.totalBytes / 50, 1 << 30) }

    var reserveBytes: Int { Self.reserveBytes(space) }

    var isEnough: Bool {
        guard let neededBytes else { return true }
        return neededBytes <= space.freeBytes - min(space.freeBytes, reserveBytes)
    }

    var json: JSONValue {
        .object([
            ("neededBytes", neededBytes.map { .integer($0) } ?? .null), ("freeBytes", .integer(space.freeBytes)),
            ("reserveBytes", .integer(reserveBytes)), ("isEnough", .boolean(isEnough)),
        ])
    }
}

extension DeploymentServer {
    /// nil: it cannot be told.
    private var space: DiskSpace? {
        if let disk = configuration.disk { return disk() }
        do throws(FileError) {
            return try files.space(configuration.dataDirectory)
        } catch {
            return nil
        }
    }

    /// nil: it cannot be told.
    func diskEstimate(_ job: String, in state: JournalState) throws(JobFailure) -> DiskEstimate? {
        guard let space else { return nil }
        guard let deployment = state.deployments[job], let live = deployment.versions[deployment.live] else {
            return DiskEstimate(neededBytes: nil, space: space)
        }
        let folder = folder(of: VersionID(job, Int(deployment.live))).path
        return try JobFailure.onFiles("looking at the size of version \(deployment.live)") { () throws(FileError) in
            var bytes = try files.treeBytes(folder + "/run")
            for output in live.outputs {
                guard let topic = state.topics[output.topic] else { continue }
                for number in topic.partitions.indices {
                    bytes += try files.treeBytes(log.directory(of: topic.name, partition: number))
                }
            }
            return DiskEstimate(neededBytes: bytes, space: space)
        }
    }

    func checkDisk(_ estimate: DiskEstimate?, for job: String) throws(OperationFailure) {
        guard let estimate, !estimate.isEnough, let needed = estimate.neededBytes else { return }
        throw OperationFailure(
            .conflict, "the disk would not hold another version of job \"\(job)\"",
            detail:
                "the live version has \(byteText(needed)) of state and output; \(byteText(estimate.space.freeBytes)) "
                + "are free, of which \(byteText(estimate.reserveBytes)) are kept for what runs",
            hint:
                "make room: 'sluice topic trim' drops rows that nobody needs any more, and 'sluice status' shows what else runs"
        )
    }

    /// Why a candidate is to wait; nil: there is room.
    /// - Parameter isPaused: it waits already: it goes on when there is a quarter more than the reserve.
    func diskShortage(isPaused: Bool) -> String? {
        guard let space else { return nil }
        let reserve = DiskEstimate.reserveBytes(space)
        guard space.freeBytes < (isPaused ? reserve + reserve / 4 : reserve) else { return nil }
        return "\(byteText(space.freeBytes)) of the disk are free, and \(byteText(reserve)) are kept for what runs"
    }
}

import HostSystem

/// Why a partition could not be read or written. `directory` is the partition's folder.
package enum LogError: Error, Equatable, Sendable {
    /// Published rows are not what was written. `offset` is the first row that is not there.
    case damaged(directory: String, partition: UInt32, offset: UInt64, detail: String)
    case unsupportedVersion(file: String, version: UInt32)
    /// Somebody else, in this process or another, writes the partition.
    case locked(directory: String)
    /// Rows before `firstKept` have been given up by retention.
    case dropped(directory: String, partition: UInt32, offset: UInt64, firstKept: UInt64)
    case file(FileError)
    /// What was appended since the last sync is lost to this writer: open another, which cuts it, and append anew.
    case syncFailed(FileError)
    /// An earlier error has ended this writer, or it was closed.
    case writerIsOver(directory: String)
    case frameTooLarge(directory: String, bytes: Int)
    /// The owner could not merge frames, or gave other rows than it got. The segment stays as it was.
    case notMerged(directory: String, offset: UInt64, detail: String)
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damaged(let directory, let partition, let offset, let detail):
            "partition \(partition) in \"\(directory)\" is damaged at offset \(offset): \(detail)"
        case .unsupportedVersion(let file, let version):
            "segment \"\(file)\" has format version \(version), newer than \(SegmentHeader.version), "
                + "the newest that this binary reads"
        case .locked(let directory):
            "somebody else is writing to the partition in \"\(directory)\""
        case .dropped(let directory, let partition, let offset, let firstKept):
            "offset \(offset) of partition \(partition) in \"\(directory)\" is not kept any more; "
                + "the first one that is: \(firstKept)"
        case .file(let error):
            "\(error)"
        case .syncFailed(let error):
            "appended rows did not become durable: \(error)"
        case .writerIsOver(let directory):
            "the writer of the partition in \"\(directory)\" has ended"
        case .frameTooLarge(let directory, let bytes):
            "a frame of \(bytes) bytes is larger than \(FrameHeader.largestChunksBytes), the most that a partition "
                + "takes at once (\"\(directory)\")"
        case .notMerged(let directory, let offset, let detail):
            "frames from offset \(offset) on in \"\(directory)\" were not merged: \(detail)"
        }
    }
}

/// Runs a file operation, its error as this part's.
func onSegments<Result>(_ body: () throws(FileError) -> Result) throws(LogError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}

import CommitLog
import HostSystem

// The delta log as its store sees it: which records stand where, how far they are committed and how far materialised.
// It holds no lock; `StateStore` does.

/// Committed records on their way into the state base.
package struct Materialisation: Sendable {
    /// In the order of their commits; at least one.
    let records: [DeltaRecordPlace]
    /// The last of them.
    package let reached: CommittedCheckpoint
    let keepsDeletions: Bool
}

/// What a savepoint takes of the deltas.
struct PinnedDeltas: Sendable {
    var committed: CommittedCheckpoint
    /// The files that hold records up to the committed one.
    var paths: [String]
    /// The committed record itself, unless it is materialised.
    var last: DeltaRecordPlace?
}

/// The records above what is materialised, and the place where the next one goes.
struct DeltaLog: Sendable {
    let directory: String
    var appender: DeltaAppender
    /// In the order of their numbers; the last one may not be committed yet.
    private(set) var records: [DeltaRecordPlace] = []
    private(set) var fileSizes: [String: Int] = [:]
    private(set) var committed: CommittedCheckpoint?
    /// How far the state base reaches.
    private(set) var materialisedNumber: UInt64?
    private(set) var committedBytes = 0
    private var lastIdentity: UInt64 = 0
    private var nextNumber: UInt64 = 0
    var isMaterialising = false
    /// True until a materialisation was begun, or a savepoint taken over: only then is it certain that the base holds no key.
    private(set) var isBaseEmpty = true

    init(directory: String, appender: DeltaAppender) {
        self.directory = directory
        self.appender = appender
    }

    /// What a start found: the chain of records up to the committed one.
    mutating func restore(_ found: RecoveredDeltas, isBaseEmpty: Bool) {
        records = found.records
        fileSizes = found.fileSizes
        committed = found.committed
        materialisedNumber = found.materialisedNumber
        self.isBaseEmpty = isBaseEmpty
        committedBytes = records.reduce(0) { $0 + $1.sizeBytes }
        lastIdentity = found.committed.recordChecksum
        nextNumber = found.committed.number + 1
        if let last = records.last {
            // Without the rule `cut` the file goes on behind what should have been cut.
            appender.resume(at: last.path, endBytes: fileSizes[last.path] ?? last.end)
        }
    }

    mutating func append(_ record: CheckpointRecord, _ changes: [StateChanges]) throws(StateError)
        -> CommittedCheckpoint
    {
        precondition(record.number == nextNumber, "checkpoints are numbered without a hole")
        for section in changes where section.refusedBytes > 0 {
            throw .entryTooLarge(operatorID: section.operatorID, bytes: section.refusedBytes)
        }
        var checkpoint = ByteWriter()
        record.encode(to: &checkpoint)
        let place = try appender.append(
            number: record.number, previousIdentity: lastIdentity, checkpoint: checkpoint.bytes,
            changes: changes.filter { !$0.isEmpty })
        records.append(place)
        fileSizes[place.path] = appender.endBytes
        lastIdentity = place.header.identity
        nextNumber += 1
        return CommittedCheckpoint(number: record.number, recordChecksum: lastIdentity)
    }

    mutating func commit(_ checkpoint: CommittedCheckpoint) {
        guard let place = records.last(where: { $0.number == checkpoint.number }) else {
            preconditionFailure("what is committed was appended")
        }
        precondition(place.header.identity == checkpoint.recordChecksum, "what is committed is what was appended")
        committed = checkpoint
        committedBytes += place.sizeBytes
    }

    /// What the next materialisation takes: all that is committed. From now on new records go into a new file.
    /// nil where there is nothing to take, or one is running.
    mutating func beginMaterialisation() -> Materialisation? {
        guard !isMaterialising, let committed else { return nil }
        let taken = records.filter { $0.number <= committed.number }
        if taken.isEmpty { return nil }
        isMaterialising = true
        appender.close()
        defer { isBaseEmpty = false }
        return Materialisation(records: taken, reached: committed, keepsDeletions: !isBaseEmpty)
    }

    /// The base was filled with what a savepoint held.
    mutating func baseIsInherited() { isBaseEmpty = false }

    /// What a savepoint of the last commit links. From now on new records go into a new file: what is linked stays as it
    /// is. nil before the first commit.
    mutating func pin() -> PinnedDeltas? {
        guard let committed else { return nil }
        appender.close()
        let taken = records.filter { $0.number <= committed.number }
        return PinnedDeltas(
            committed: committed, paths: Set(taken.map(\.path)).sorted(),
            last: taken.last { $0.number == committed.number })
    }

    /// The state base reaches this record now. Returns the files that hold nothing above it any more.
    mutating func endMaterialisation(at reached: UInt64) -> [String] {
        isMaterialising = false
        materialisedNumber = reached
        committedBytes -= records.reduce(0) { $1.number <= reached ? $0 + $1.sizeBytes : $0 }
        records.removeAll { $0.number <= reached }
        let needed = Set(records.map(\.path) + [appender.path].compactMap(\.self))
        let dropped = fileSizes.keys.filter { !needed.contains($0) }.sorted()
        for path in dropped { fileSizes[path] = nil }
        return dropped
    }
}

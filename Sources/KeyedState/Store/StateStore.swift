import CommitLog
import HostSystem
import Synchronization

// A run's state on disk: a delta log over a state base.
//
//     append      changes and checkpoint record → delta log, synced         (the journal's entry is the commit)
//     committed   the entry is durable: the record counts
//     materialise committed deltas, merged → state base, in one step; then their files are dropped
//     recover     the base, and above it the chain of deltas up to the record that the journal names
//
// The thread that commits and the one that materialises meet at the lock, which neither holds while the other's files
// are read or written: a materialisation reads files that nothing is appended to any more.

package final class StateStore: Sendable {
    package static let defaultMaterialisationBytes = 32 << 20

    package let directory: String
    package let run: RunID
    private let files: any FileSystem
    private let base: any StateBase
    private let safeguards: Safeguards
    private let materialisationBytes: Int
    private let log: Mutex<DeltaLog>

    private init(
        directory: String, run: RunID, files: any FileSystem, base: any StateBase, safeguards: Safeguards,
        materialisationBytes: Int
    ) {
        self.directory = directory
        self.run = run
        self.files = files
        self.base = base
        self.safeguards = safeguards
        self.materialisationBytes = materialisationBytes
        let deltas = directory + "/delta"
        let appender = DeltaAppender(directory: deltas, run: run, files: files, safeguards: safeguards)
        log = Mutex(DeltaLog(directory: deltas, appender: appender))
    }

    /// The state of a new run; its first checkpoint is number 0.
    /// - Parameters:
    ///   - directory: made where it is missing, and durable.
    ///   - materialisationBytes: of committed deltas, from which on they are to be materialised.
    /// Errors: `damaged` where a run's state is there already.
    package static func create(
        directory: String, run: RunID, files: any FileSystem, base: any StateBase, safeguards: Safeguards = .all,
        materialisationBytes: Int = defaultMaterialisationBytes
    ) throws(StateError) -> StateStore {
        let deltas = directory + "/delta"
        try onFiles { () throws(FileError) in try files.makeDurableDirectories(deltas) }
        guard try base.materialisedCheckpoint() == nil else {
            throw .damaged(path: directory, offset: 0, detail: "the state of another run is in the way of a new one")
        }
        // A start that ended before checkpoint 0 was committed may have left a file with that one record.
        for name in try onFiles({ () throws(FileError) in try files.list(deltas) }) {
            guard let number = DeltaFileName.firstNumber(in: name) else { continue }
            let path = deltas + "/" + name
            let left = try DeltaFile.scan(path, firstNumber: number, run: run, files)
            guard number == 0, left.sizeBytes <= (1 << 20), left.records.count <= 1 else {
                throw .damaged(path: path, offset: 0, detail: "the state of another run is in the way of a new one")
            }
            try onFiles { () throws(FileError) in try files.remove(path) }
        }
        return StateStore(
            directory: directory, run: run, files: files, base: base, safeguards: safeguards,
            materialisationBytes: materialisationBytes)
    }

    /// The state of a run that has committed before; `recover` comes next.
    package static func open(
        directory: String, run: RunID, files: any FileSystem, base: any StateBase, safeguards: Safeguards = .all,
        materialisationBytes: Int = defaultMaterialisationBytes
    ) -> StateStore {
        StateStore(
            directory: directory, run: run, files: files, base: base, safeguards: safeguards,
            materialisationBytes: materialisationBytes)
    }

    /// Goes back to the last commit: drops and cuts whatever is not part of it, and returns its record.
    /// The journal was settled, synced and read to its end before. Reads every delta once, to check it.
    package func recover(to committed: CommittedCheckpoint) throws(StateError) -> CheckpointRecord {
        let materialised = try base.materialisedCheckpoint().map { (bytes) throws(StateError) in
            try MaterialisedCheckpoint(bytes, path: directory)
        }
        let recovery = DeltaRecovery(
            directory: directory + "/delta", run: run, files: files, safeguards: safeguards)
        let found = try recovery.recover(to: committed, materialised: materialised?.committed)
        log.withLock { $0.restore(found) }
        if let materialised, materialised.committed.number == committed.number { return materialised.record }
        guard let last = found.records.last else {
            throw .missingRecord(path: directory + "/delta", number: committed.number)
        }
        return try last.load(files).checkpointRecord()
    }

    /// Gives an operator's state back, oldest first: of several entries of a key the last one counts; no value stands
    /// for a deleted key. Called after `recover`, before anything is appended. The buffers are valid during a call only.
    /// - Parameter apply: throws where an entry is not what the operator writes.
    package func restore(
        operatorID: UInt32, keyGroups: Range<Int> = 0..<Int(UInt16.max) + 1,
        apply: (_ keyGroup: KeyGroup, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?)
            throws(CorruptBytes) -> Void
    ) throws(StateError) {
        precondition(operatorID != StateChanges.reservedOperatorID, "the operator id is reserved")
        let (records, materialised) = log.withLock { ($0.records, $0.materialisedNumber) }
        if materialised != nil { try restoreBase(operatorID, keyGroups, apply) }
        for record in records {
            try record.load(files).forEachEntry(of: operatorID) { (keyGroup, key, value) throws(CorruptBytes) in
                if keyGroups.contains(Int(keyGroup.index)) { try apply(keyGroup, key, value) }
            }
        }
    }

    private func restoreBase(
        _ operatorID: UInt32, _ keyGroups: Range<Int>,
        _ apply: (KeyGroup, UnsafeRawBufferPointer, UnsafeRawBufferPointer?) throws(CorruptBytes) -> Void
    ) throws(StateError) {
        let from = StateBaseKey.bound(operatorID: operatorID, keyGroup: keyGroups.lowerBound)
        let to = StateBaseKey.bound(operatorID: operatorID, keyGroup: keyGroups.upperBound)
        try base.scan(from: from, to: to) { (key, value) throws(StateError) in
            let group = KeyGroup(index: UInt16(bigEndian: key.loadUnaligned(fromByteOffset: 4, as: UInt16.self)))
            do throws(CorruptBytes) {
                try apply(group, UnsafeRawBufferPointer(rebasing: key[StateBaseKey.prefixBytes...]), value)
            } catch {
                throw .damaged(path: directory, offset: error.offset, detail: "expected \(error.expected)")
            }
        }
    }

    /// Makes a checkpoint durable; it counts when the journal names what is returned.
    /// Errors: after `file` only a new start leads on; `entryTooLarge` leaves everything as it was.
    package func append(
        _ record: CheckpointRecord, changes: [StateChanges]
    ) throws(StateError) -> CommittedCheckpoint {
        try log.withLock { (log) throws(StateError) in try log.append(record, changes) }
    }

    /// The journal's entry that names this checkpoint is durable.
    package func committed(_ checkpoint: CommittedCheckpoint) {
        log.withLock { $0.commit(checkpoint) }
    }

    package var isMaterialisationDue: Bool {
        log.withLock { !$0.isMaterialising && $0.committedBytes >= materialisationBytes }
    }

    /// Merges the committed deltas into the state base and drops them. May run beside `append`, on another thread.
    /// Errors: `append` stays possible after any, and so does the next `materialise`.
    package func materialise() throws(StateError) {
        guard let materialisation = beginMaterialisation() else { return }
        try ingest(materialisation)
        try drop(materialisation)
    }

    /// The first step of `materialise`: from now on new records go into a new file.
    /// nil where nothing is to be materialised, or a materialisation is under way.
    package func beginMaterialisation() -> Materialisation? { log.withLock { $0.beginMaterialisation() } }

    /// The second step. After an error there is no third.
    package func ingest(_ materialisation: Materialisation) throws(StateError) {
        do throws(StateError) {
            let records = materialisation.records
            let entries = try SortedEntries(
                merging: records, from: files, keepsDeletions: materialisation.keepsDeletions)
            let reached = MaterialisedCheckpoint.encode(
                materialisation.reached.recordChecksum, try records[records.count - 1].load(files).checkpointBytes)
            if !safeguards.contains(.ingest) { try drop(materialisation) }
            try base.ingest(entries, checkpoint: reached)
        } catch {
            log.withLock { $0.isMaterialising = false }
            throw error
        }
        FaultPoint.afterIngest.reached()
    }

    /// The last step. The removed names are not synced: a file that comes back is ignored by `recover`.
    package func drop(_ materialisation: Materialisation) throws(StateError) {
        for path in log.withLock({ $0.endMaterialisation(at: materialisation.reached.number) }) {
            try onFiles { () throws(FileError) in try files.remove(path) }
        }
        FaultPoint.afterMaterialise.reached()
    }

    /// On disk: deltas and base.
    package func sizeBytes() throws(StateError) -> Int {
        let deltas = log.withLock { $0.fileSizes.values.reduce(0, +) }
        return try deltas + base.sizeBytes()
    }

    /// Nothing is called after it, and no materialisation is running.
    package func close() {
        log.withLock { $0.appender.close() }
        base.close()
    }
}

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
// are read or written: a materialisation reads files that nothing is appended to any more. Whoever looks keys up in the
// base, from any thread, takes no part in that.

package final class StateStore: Sendable {
    package static let defaultMaterialisationBytes = 32 << 20
    private static let mostMaterialisationsDue = 4

    package let directory: String
    package let run: RunID
    let files: any FileSystem
    let base: any StateBase
    package let safeguards: Safeguards
    private let materialisationBytes: Int
    let log: Mutex<DeltaLog>
    /// Held while the base is changed or deltas are dropped, and while a savepoint is taken of both. Taken before `log`.
    let baseAccess = Mutex<Void>(())
    /// The operators that the base may hold keys of.
    private let operatorsInBase = Mutex<Set<UInt32>>([])

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
        if let reached = try base.materialisedCheckpoint() {
            guard reached.isEmpty else {
                throw .damaged(
                    path: directory, offset: 0, detail: "the state of another run is in the way of a new one")
            }
            try base.discard()
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

    /// The state of a new run that begins with what a savepoint holds; its first checkpoint is number 0. The savepoint
    /// stays as it is: its base is taken over, and its deltas are merged into that. The base reaches no checkpoint of the
    /// new run yet, so it is told an empty one, by which a start also knows the remains of an import that was never
    /// committed.
    /// Errors: `damaged` or `missingRecord` where the savepoint is not whole, with the file that is missing or wrong.
    package static func importing(
        _ savepoint: SavepointManifest, directory: String, run: RunID, files: any FileSystem, base: any StateBase,
        safeguards: Safeguards = .all, materialisationBytes: Int = defaultMaterialisationBytes
    ) throws(StateError) -> StateStore {
        try savepoint.checkFiles(files)
        let store = try create(
            directory: directory, run: run, files: files, base: base, safeguards: safeguards,
            materialisationBytes: materialisationBytes)
        var reached: CommittedCheckpoint?
        if savepoint.hasBase, let bytes = try base.inherit(from: savepoint.baseDirectory, files), !bytes.isEmpty {
            reached = try MaterialisedCheckpoint(bytes, path: savepoint.baseDirectory).committed
        }
        let recovery = DeltaRecovery(
            directory: savepoint.deltaDirectory, run: savepoint.run, files: files, safeguards: safeguards)
        let records = try recovery.chain(to: savepoint.committed, from: reached)
        let merge = try DeltaMerge(records, from: files, into: base, partBytes: base.mergeBytes)
        if !merge.isEmpty { try base.ingest(merge, checkpoint: MaterialisedCheckpoint.none) }
        try store.readBaseOperators()
        return store
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
        let materialised = try materialised()
        let recovery = DeltaRecovery(
            directory: directory + "/delta", run: run, files: files, safeguards: safeguards)
        let found = try recovery.recover(to: committed, materialised: materialised?.committed)
        let isBaseEmpty = try base.materialisedCheckpoint() == nil
        log.withLock { $0.restore(found, isBaseEmpty: isBaseEmpty) }
        try readBaseOperators()
        if let materialised, materialised.committed.number == committed.number { return materialised.record }
        guard let last = found.records.last else {
            throw .missingRecord(path: directory + "/delta", number: committed.number)
        }
        return try last.load(files).checkpointRecord()
    }

    /// What the base reaches, of this run's checkpoints.
    func materialised() throws(StateError) -> MaterialisedCheckpoint? {
        guard let bytes = try base.materialisedCheckpoint(), bytes != MaterialisedCheckpoint.none else { return nil }
        return try MaterialisedCheckpoint(bytes, path: directory)
    }

    /// Finds out which operators the base has keys of.
    func readBaseOperators() throws(StateError) {
        let operators = try base.operatorIDs()
        operatorsInBase.withLock { $0 = operators }
        if !operators.isEmpty { log.withLock { $0.baseIsInherited() } }
    }

    // MARK: Reading

    /// Gives back what was changed in an operator's state since the last materialisation, oldest first; all before is in
    /// the base. Called after `recover`, before anything is appended; from several threads if need be.
    /// - Parameter apply: throws where an entry is not what the operator writes.
    package func restoreChanges(
        operatorID: UInt32, keyGroups: Range<Int> = 0..<Int(UInt16.max) + 1,
        apply: (StateChange) throws(CorruptBytes) -> Void
    ) throws(StateError) {
        for record in log.withLock({ $0.records }) {
            try record.load(files).forEachChange(
                of: operatorID, in: keyGroups, withoutRanges: !safeguards.contains(.deletedRanges), apply)
        }
    }

    /// The last checkpoint whose changes are all in the base; nil before the first materialisation.
    package var materialisedNumber: UInt64? { log.withLock { $0.materialisedNumber } }

    /// False where `lookUp` and `scan` cannot find anything of this operator. Cheap enough to be asked for every batch.
    package func baseMayHold(operatorID: UInt32) -> Bool { operatorsInBase.withLock { $0.contains(operatorID) } }

    /// Looks keys up in the base: what was materialised, and nothing above it. On any thread, several at once, also
    /// beside a materialisation.
    /// - Parameters:
    ///   - keyGroups: of each key.
    ///   - keys: all keys, one behind the other.
    ///   - starts: where each key begins in `keys`, ascending, and where the last one ends.
    ///   - body: called once for each key, in any order, with its number; no value where the base has no such key. The
    ///     buffer is valid during the call only. Throws where a value is not what the operator writes.
    package func lookUp(
        operatorID: UInt32, keyGroups: [KeyGroup], keys: [UInt8], starts: [Int],
        body: (_ index: Int, _ value: UnsafeRawBufferPointer?) throws(CorruptBytes) -> Void
    ) throws(StateError) {
        let sought = SoughtKeys(operatorID: operatorID, keyGroups: keyGroups, keys: keys, starts: starts)
        if sought.count == 0 { return }
        try base.lookUp(sought) { (index, value) throws(StateError) in
            try onOperatorBytes { () throws(CorruptBytes) in try body(index, value) }
        }
    }

    /// Calls `body` for the keys of an operator and key group that the base holds, in their order, until it returns
    /// false; all of one moment. The buffers are valid during the call only.
    /// - Parameters:
    ///   - from: the first key, if it is there.
    ///   - to: the key before which the scan ends; nil: the end of the key group.
    package func scan(
        operatorID: UInt32, keyGroup: KeyGroup, from: [UInt8] = [], to: [UInt8]? = nil,
        body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(CorruptBytes) -> Bool
    ) throws(StateError) {
        let group = Int(keyGroup.index)
        let prefix = StateBaseKey.bound(operatorID: operatorID, keyGroup: group)
        let end = to.map { prefix + $0 } ?? StateBaseKey.bound(operatorID: operatorID, keyGroup: group + 1)
        try base.scan(KeyRange(from: prefix + from, to: end)) { (key, value) throws(StateError) in
            try onOperatorBytes { () throws(CorruptBytes) in
                try body(UnsafeRawBufferPointer(rebasing: key[StateBaseKey.prefixBytes...]), value)
            }
        }
    }

    /// Gives an operator's whole state back, oldest first: of several entries of a key the last one counts; no value
    /// stands for a deleted key. For operators that delete nothing by range and keep all their keys in memory.
    package func restore(
        operatorID: UInt32, keyGroups: Range<Int> = 0..<Int(UInt16.max) + 1,
        apply: (_ keyGroup: KeyGroup, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?)
            throws(CorruptBytes) -> Void
    ) throws(StateError) {
        let range = KeyRange(
            from: StateBaseKey.bound(operatorID: operatorID, keyGroup: keyGroups.lowerBound),
            to: StateBaseKey.bound(operatorID: operatorID, keyGroup: keyGroups.upperBound))
        try base.scan(range) { (key, value) throws(StateError) in
            let group = KeyGroup(index: UInt16(bigEndian: key.loadUnaligned(fromByteOffset: 4, as: UInt16.self)))
            try onOperatorBytes { () throws(CorruptBytes) in
                try apply(group, UnsafeRawBufferPointer(rebasing: key[StateBaseKey.prefixBytes...]), value)
            }
            return true
        }
        try restoreChanges(operatorID: operatorID, keyGroups: keyGroups) { (change) throws(CorruptBytes) in
            switch change {
            case .put(let puts):
                for index in 0..<puts.count { try apply(puts.keyGroups[index], puts.key(index), puts.value(index)) }
            case .delete(let group, let key): try apply(group, key, nil)
            case .deleteBelow: throw CorruptBytes(offset: 0, expected: "no range deletion")
            }
        }
    }

    private func onOperatorBytes<Result>(_ body: () throws(CorruptBytes) -> Result) throws(StateError) -> Result {
        do throws(CorruptBytes) {
            return try body()
        } catch {
            throw .damaged(path: directory, offset: error.offset, detail: "expected \(error.expected)")
        }
    }

    // MARK: Committing

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

    // MARK: Materialising

    package var isMaterialisationDue: Bool {
        log.withLock { !$0.isMaterialising && $0.committedBytes >= materialisationBytes }
    }

    /// False where so much is not materialised that a start would take long to read it: who has changed state should wait.
    package var mayGrow: Bool {
        log.withLock { $0.committedBytes <= Self.mostMaterialisationsDue * materialisationBytes }
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
            let merge = try DeltaMerge(
                records, from: files, into: materialisation.keepsDeletions ? base : nil, partBytes: base.mergeBytes)
            let reached = MaterialisedCheckpoint.encode(
                materialisation.reached.recordChecksum, try records[records.count - 1].load(files).checkpointBytes)
            if !safeguards.contains(.ingest) { try drop(materialisation) }
            operatorsInBase.withLock { $0.formUnion(merge.operatorIDs) }
            try baseAccess.withLock { (_) throws(StateError) in try base.ingest(merge, checkpoint: reached) }
            if merge.deletesRanges { FaultPoint.afterRangeIngest.reached() }
        } catch {
            log.withLock { $0.isMaterialising = false }
            throw error
        }
        FaultPoint.afterIngest.reached()
    }

    /// The last step. The removed names are not synced: a file that comes back is ignored by `recover`.
    package func drop(_ materialisation: Materialisation) throws(StateError) {
        try baseAccess.withLock { (_) throws(StateError) in
            for path in log.withLock({ $0.endMaterialisation(at: materialisation.reached.number) }) {
                try onFiles { () throws(FileError) in try files.remove(path) }
            }
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

extension StateBase {
    /// Those that have keys: one look for each.
    fileprivate func operatorIDs() throws(StateError) -> Set<UInt32> {
        var found: Set<UInt32> = []
        var from = StateBaseKey.bound(operatorID: 0, keyGroup: 0)
        while true {
            var next: UInt32?
            try scan(KeyRange(from: from, to: StateBaseKey.checkpoint)) { key, _ in
                next = UInt32(bigEndian: key.loadUnaligned(as: UInt32.self))
                return false
            }
            guard let next else { return found }
            found.insert(next)
            if next >= StateChanges.reservedOperatorID - 1 { return found }
            from = StateBaseKey.bound(operatorID: next + 1, keyGroup: 0)
        }
    }
}

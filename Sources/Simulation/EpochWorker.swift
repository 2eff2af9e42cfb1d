// One life of a worker: recovers, reads rows, commits epochs, and does the work that is left to the background, one step
// at a time, so that whoever drives it decides what happens in between. The order of a commit is that of
// `Docs/Architecture.md`: parts, delta record, journal entry; then renames and materialising.

import CommitLog
import HostSystem
import KeyedState
import Operators

struct EpochWorker {
    static let job = "job"
    private static let sourceID: UInt32 = 1
    private static let sinkIDs: [UInt32] = [2, 3]
    private static let counterID: UInt32 = 4

    let files: SimulatedFileSystem
    let safeguards: Safeguards
    let rolling: RollingPolicy
    private let journal: Journal
    let run: RunID
    private let store: StateStore
    private let sinks: [PartFiles]
    private var table: [[UInt8]: EpochCounter] = [:]
    private var position = 0
    private var number: UInt64 = 0

    // The epoch under way.
    private var dirty: Set<[UInt8]> = []
    private var lines: [[String]] = [[], []]
    private var sinkStates: [[UInt8]] = []
    private var delta: CommittedCheckpoint?

    private var materialisation: Materialisation?
    private var isIngested = false

    struct Machine {
        var files: SimulatedFileSystem
        var time: SimulatedTime
        var safeguards: Safeguards
        var rolling: RollingPolicy
        var journalRollBytes: Int
        /// Where the state base of a run lives.
        var storage: (RunID) -> OrderedMapStorage
        var newRun: RunID
    }

    /// A start: from the last commit, or with checkpoint 0.
    init(_ machine: Machine, _ truth: inout EpochTruth) throws(EpochFailure) {
        files = machine.files
        safeguards = machine.safeguards
        rolling = machine.rolling
        let journal = try onJournal { () throws(JournalError) in
            try Journal.open(
                directory: "data/journal", files: machine.files, time: machine.time, safeguards: machine.safeguards,
                rollBytes: machine.journalRollBytes)
        }
        self.journal = journal
        let live = try onJournal { () throws(JournalError) in try journal.settle() }.jobs[EpochWorker.job]
        try truth.journalSays(live?.last)
        run = live?.run ?? machine.newRun
        let base = OrderedMapStateBase(machine.storage(run), process: machine.files)
        let directory = "data/jobs/\(EpochWorker.job)/\(run)"
        guard let live else {
            let run = run
            store = try onState { () throws(StateError) in
                try StateStore.create(
                    directory: directory, run: run, files: machine.files, base: base, safeguards: machine.safeguards)
            }
            sinks = try EpochWorker.begin(machine, run)
            try prepare(closing: false, now: machine.time.wallMilliseconds())
            try appendDelta(number: 0)
            try commit(&truth)
            return
        }
        let store = StateStore.open(
            directory: directory, run: run, files: machine.files, base: base, safeguards: machine.safeguards)
        self.store = store
        let record = try onState { () throws(StateError) in try store.recover(to: live.last) }
        number = record.number
        sinks = try EpochWorker.recover(machine, record)
        position = Int(try EpochWorker.number(record.part(of: EpochWorker.sourceID, subtask: 0)))
        try restoreTable()
        try truth.check(position: position, table: table)
        try truth.checkComplete(files, run: run, open: true)
    }

    private static func begin(_ machine: Machine, _ run: RunID) throws(EpochFailure) -> [PartFiles] {
        var sinks: [PartFiles] = []
        for folder in EpochTruth.folders {
            sinks.append(
                try onParts { () throws(PartFileError) in
                    try PartFiles.begin(
                        folder: folder, subtask: 0, run: run, files: machine.files, rolling: machine.rolling,
                        safeguards: machine.safeguards)
                })
        }
        return sinks
    }

    private static func recover(_ machine: Machine, _ record: CheckpointRecord) throws(EpochFailure) -> [PartFiles] {
        var sinks: [PartFiles] = []
        for (folder, id) in zip(EpochTruth.folders, sinkIDs) {
            guard let state = record.part(of: id, subtask: 0) else { throw .violation("a sink's state is missing") }
            sinks.append(
                try onParts { () throws(PartFileError) in
                    try PartFiles.recover(
                        folder: folder, state: state, files: machine.files, rolling: machine.rolling,
                        safeguards: machine.safeguards)
                })
        }
        return sinks
    }

    private static func number(_ bytes: [UInt8]?) throws(EpochFailure) -> UInt64 {
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes ?? [])
            return try reader.read(UInt64.self)
        } catch {
            throw .violation("a position that is none: \(error)")
        }
    }

    private mutating func restoreTable() throws(EpochFailure) {
        var found: [[UInt8]: EpochCounter] = [:]
        let store = store
        try onState { () throws(StateError) in
            try store.restore(operatorID: EpochWorker.counterID) { (_, key, value) throws(CorruptBytes) in
                guard let value else {
                    found[Array(key)] = nil
                    return
                }
                var reader = ByteReader(Array(value))
                found[Array(key)] = EpochCounter(
                    count: try reader.read(UInt64.self), stamp: try reader.read(UInt64.self))
            }
        }
        table = found
    }

    // MARK: An epoch

    /// Reads the next row of the input. `stamp`: different each time.
    mutating func processRow(stamp: UInt64, now: Int64) throws(EpochFailure) {
        let row = position
        let key = EpochInput.key(row)
        let count = (table[key]?.count ?? 0) + 1
        table[key] = EpochInput.removes(count) ? nil : EpochCounter(count: count, stamp: stamp)
        dirty.insert(key)
        for (i, sink) in sinks.enumerated() where EpochInput.goes(row, into: i) {
            let line = "\(row) \(stamp)"
            lines[i].append(line)
            try onParts { () throws(PartFileError) in
                try (Array(line.utf8) + [0x0A]).span.bytes.withUnsafeBytes { (raw) throws(PartFileError) in
                    try sink.write(raw, atMilliseconds: now)
                }
            }
        }
        position += 1
    }

    /// Step 3, the sinks' half.
    mutating func prepare(closing: Bool, now: Int64) throws(EpochFailure) {
        sinkStates = []
        for sink in sinks {
            sinkStates.append(
                try onParts { () throws(PartFileError) in
                    try sink.prepare(closing: closing, nowMilliseconds: now)
                })
        }
    }

    /// Step 3, the state's half.
    mutating func appendDelta() throws(EpochFailure) { try appendDelta(number: number + 1) }

    private mutating func appendDelta(number next: UInt64) throws(EpochFailure) {
        var source = ByteWriter()
        source.write(UInt64(position))
        var parts = [
            CheckpointRecord.OperatorPart(operatorID: EpochWorker.sourceID, subtask: 0, bytes: source.bytes)
        ]
        for (id, state) in zip(EpochWorker.sinkIDs, sinkStates) {
            parts.append(CheckpointRecord.OperatorPart(operatorID: id, subtask: 0, bytes: state))
        }
        let record = CheckpointRecord(number: next, run: run, fingerprint: "plan", parts: parts)
        let changes = changes()
        let store = store
        delta = try onState { () throws(StateError) in try store.append(record, changes: [changes]) }
    }

    private func changes() -> StateChanges {
        var changes = StateChanges(operatorID: EpochWorker.counterID)
        for key in dirty.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let group = KeyGroup(index: UInt16(key.count % 5))
            if let counter = table[key] {
                var value = ByteWriter()
                value.write(counter.count)
                value.write(counter.stamp)
                changes.put(keyGroup: group, key: key, value: value.bytes)
            } else {
                changes.delete(keyGroup: group, key: key)
            }
        }
        return changes
    }

    /// Step 4: the entry, and what it allows.
    mutating func commit(_ truth: inout EpochTruth) throws(EpochFailure) {
        guard let delta else { preconditionFailure("the delta record comes before its entry") }
        if !safeguards.contains(.entrysync) {
            acknowledge(delta)
            while try publishNext() {}
            try materialise()
        }
        let entry = JournalEntry.Body.checkpoint(job: EpochWorker.job, run: run, delta)
        truth.asks(for: EpochCommit(checkpoint: delta, position: position, table: table, lines: lines))
        let journal = journal
        _ = try onJournal { () throws(JournalError) in try journal.append(entry) }
        truth.acknowledged()
        files.promised()
        if safeguards.contains(.entrysync) { acknowledge(delta) }
        number = delta.number
        self.delta = nil
        dirty = []
        lines = [[], []]
    }

    private func acknowledge(_ delta: CommittedCheckpoint) {
        store.committed(delta)
        for sink in sinks { sink.acknowledgeCommit() }
    }

    // MARK: Background

    /// Renames one finished part. False where there is none.
    func publishNext() throws(EpochFailure) -> Bool {
        for sink in sinks where try onParts({ () throws(PartFileError) in try sink.renameNextPending() }) {
            return true
        }
        return false
    }

    func syncFolder(_ sink: Int) throws(EpochFailure) {
        try onParts { () throws(PartFileError) in try sinks[sink].syncFolder() }
    }

    /// One step of a materialisation that runs beside the epochs.
    mutating func stepMaterialisation() throws(EpochFailure) {
        let store = store
        guard let running = materialisation else {
            materialisation = store.beginMaterialisation()
            isIngested = false
            return
        }
        if isIngested {
            materialisation = nil
            try onState { () throws(StateError) in try store.drop(running) }
        } else {
            try onState { () throws(StateError) in try store.ingest(running) }
            isIngested = true
        }
    }

    /// A whole materialisation, after the one that is under way.
    mutating func materialise() throws(EpochFailure) {
        while materialisation != nil { try stepMaterialisation() }
        let store = store
        try onState { () throws(StateError) in try store.materialise() }
    }
}

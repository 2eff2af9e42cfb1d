import CommitLog
import HostSystem
import KeyedState
import Simulation

/// What a keyed operator holds: the store's answers are judged by it.
typealias Table = [UInt32: [TableKey: [UInt8]]]

struct TableKey: Hashable {
    var keyGroup: KeyGroup
    var bytes: [UInt8]
}

extension StateStore {
    /// All that is stored of some operators: what the base holds, and what was changed above it.
    func table(of operators: [UInt32]) throws(StateError) -> Table {
        var table: Table = [:]
        for operatorID in operators {
            var entries: [TableKey: [UInt8]] = [:]
            for group in Array(0...130) + [0xABCD, 0xFFFF] {
                let keyGroup = KeyGroup(index: UInt16(group))
                try scan(operatorID: operatorID, keyGroup: keyGroup) { key, value in
                    entries[TableKey(keyGroup: keyGroup, bytes: Array(key))] = Array(value)
                    return true
                }
            }
            if !entries.isEmpty, !baseMayHold(operatorID: operatorID) {
                throw .damaged(path: directory, offset: 0, detail: "the base holds what it may not hold")
            }
            try restoreChanges(operatorID: operatorID) { entries.apply($0) }
            table[operatorID] = entries.isEmpty ? nil : entries
        }
        return table
    }
}

extension [TableKey: [UInt8]] {
    mutating func apply(_ change: StateChange) {
        switch change {
        case .put(let puts):
            for index in 0..<puts.count {
                let key = TableKey(keyGroup: puts.keyGroups[index], bytes: Array<UInt8>(puts.key(index)))
                self[key] = Array<UInt8>(puts.value(index))
            }
        case .delete(let keyGroup, let key):
            self[TableKey(keyGroup: keyGroup, bytes: Array<UInt8>(key))] = nil
        case .deleteBelow(let keyGroup, let bound):
            deleteBelow(keyGroup, Array<UInt8>(bound))
        }
    }

    mutating func deleteBelow(_ keyGroup: KeyGroup, _ bound: [UInt8]) {
        for key in keys where key.keyGroup == keyGroup && key.bytes.lexicographicallyPrecedes(bound) { self[key] = nil }
    }
}

/// Random epochs over few keys, so that keys are overwritten, deleted, by range too, and come back.
struct RandomEpochs {
    static let operators: [UInt32] = [1, 7, 0xFFFF_FFFE]
    var random: SplitMix64

    mutating func next(_ table: inout Table) -> [StateChanges] {
        RandomEpochs.operators.map { operatorID in
            var changes = StateChanges(operatorID: operatorID)
            for _ in 0..<random.below(6) { change(&changes, &table[operatorID, default: [:]]) }
            if table[operatorID]?.isEmpty == true { table[operatorID] = nil }
            return changes
        }
    }

    private mutating func change(_ changes: inout StateChanges, _ entries: inout [TableKey: [UInt8]]) {
        let number = random.below(12)
        // Lengths on both sides of the eight bytes that are compared first.
        let key = TableKey(
            keyGroup: KeyGroup(index: UInt16(number % 3)),
            bytes: [UInt8](repeating: UInt8(number % 2), count: number))
        if random.oneIn(8) {
            changes.deleteBelow(keyGroup: key.keyGroup, bound: key.bytes)
            entries.deleteBelow(key.keyGroup, key.bytes)
        } else if random.oneIn(4) {
            changes.delete(keyGroup: key.keyGroup, key: key.bytes)
            entries[key] = nil
        } else {
            let value = (0..<random.below(4)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            changes.put(keyGroup: key.keyGroup, key: key.bytes, value: value)
            entries[key] = value
        }
    }
}

extension CheckpointRecord {
    static func sample(_ number: UInt64, run: RunID = RunID(high: 1, low: 2)) -> CheckpointRecord {
        CheckpointRecord(
            number: number, run: run, fingerprint: "f", planLines: ["source", "sink"], maximumParallelism: 4,
            journalMilliseconds: Int64(number), wallMilliseconds: -1,
            parts: [OperatorPart(operatorID: 3, subtask: 0, bytes: [UInt8](repeating: 9, count: Int(number % 7)))])
    }
}

/// A worker that dies again and again, and the journal that outlives it.
struct MortalWorker {
    struct Wrong: Error, CustomStringConvertible {
        var description: String
    }

    let disk: SimulatedDisk
    let safeguards: Safeguards
    let run: RunID
    private let storage = OrderedMapStorage()
    private var epochs: RandomEpochs
    private var random: SplitMix64
    private var committed: CommittedCheckpoint?
    private var expected: Table = [:]
    private var materialising: Materialisation?
    private var isIngested = false

    init(seed: UInt64, safeguards: Safeguards) {
        disk = SimulatedDisk(seed: seed)
        self.safeguards = safeguards
        random = SplitMix64(seed: seed &+ 1)
        run = RunID(high: seed, low: 0)
        epochs = RandomEpochs(random: SplitMix64(seed: seed &+ 2))
    }

    /// Lives some lives, the last one without faults. Throws what a user would call a bug.
    mutating func live() throws {
        for _ in 0..<(3 + random.below(4)) {
            let plan = FaultPlan(
                drawnFrom: &random, within: 60, kills: true, powerLoss: true, errors: true)
            try live(disk.start(plan), epochs: 8)
            if random.oneIn(4) { disk.losePower() }
        }
        try live(disk.start(), epochs: 1)
    }

    private mutating func live(_ files: SimulatedFileSystem, epochs count: Int) throws {
        defer { files.kill() }
        materialising = nil
        do throws(StateError) {
            let store = try start(files)
            for _ in 0..<random.below(count + 1) {
                guard try runEpoch(on: store) else { break }
            }
        } catch .file {
            return
        } catch .poisoned {
            return
        } catch {
            throw Wrong(description: "\(error)")
        }
    }

    private mutating func start(_ files: SimulatedFileSystem) throws(StateError) -> StateStore {
        let base = OrderedMapStateBase(storage, process: files, mergeBytes: random.oneIn(2) ? 700 : .max)
        guard let committed else {
            let store = try StateStore.create(
                directory: "jobs/j/run", run: run, files: files, base: base, safeguards: safeguards)
            let first = try store.append(.sample(0, run: run), changes: [])
            self.committed = first
            store.committed(first)
            return store
        }
        let store = StateStore.open(
            directory: "jobs/j/run", run: run, files: files, base: base, safeguards: safeguards)
        let record = try store.recover(to: committed)
        let table = try store.table(of: RandomEpochs.operators)
        if record != .sample(committed.number, run: run) || table != expected {
            throw .damaged(path: "", offset: 0, detail: "checkpoint \(committed.number) is not what was committed")
        }
        return store
    }

    /// False where the worker dies before or after the journal's entry.
    private mutating func runEpoch(on store: StateStore) throws(StateError) -> Bool {
        var table = expected
        let changes = epochs.next(&table)
        let checkpoint = try store.append(.sample((committed?.number ?? 0) + 1, run: run), changes: changes)
        if random.oneIn(8) { return false }
        committed = checkpoint
        expected = table
        if random.oneIn(8) { return false }
        store.committed(checkpoint)
        if random.oneIn(4) { try store.materialise() }
        try stepBesides(store)
        return true
    }

    /// A materialisation on another thread is anywhere between its steps while epochs are committed.
    private mutating func stepBesides(_ store: StateStore) throws(StateError) {
        if let materialisation = materialising {
            if random.oneIn(2) { return }
            if !isIngested {
                try store.ingest(materialisation)
                isIngested = true
            } else {
                materialising = nil
                try store.drop(materialisation)
            }
        } else if random.oneIn(3) {
            materialising = store.beginMaterialisation()
            isIngested = false
        }
    }
}

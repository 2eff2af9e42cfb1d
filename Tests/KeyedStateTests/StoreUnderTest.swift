import CommitLog
import HostSystem
import KeyedState
import Simulation

/// A store whose journal is a variable.
final class StoreUnderTest {
    let directory = "run"
    let run = RunID(high: 1, low: 2)
    var files: SimulatedFileSystem
    var storage = OrderedMapStorage()
    var committed: CommittedCheckpoint?
    var materialisationBytes = StateStore.defaultMaterialisationBytes

    var mergeBytes = Int.max

    init(_ files: SimulatedFileSystem) { self.files = files }

    private var base: OrderedMapStateBase {
        OrderedMapStateBase(storage, process: files, mergeBytes: mergeBytes)
    }

    func create() throws(StateError) -> StateStore {
        try StateStore.create(
            directory: directory, run: run, files: files, base: base, materialisationBytes: materialisationBytes)
    }

    func commit(_ store: StateStore, _ number: UInt64, _ changes: [StateChanges] = []) throws(StateError) {
        let checkpoint = try store.append(.sample(number, run: run), changes: changes)
        committed = checkpoint
        store.committed(checkpoint)
    }

    /// Starts from the last commit.
    func reopen() throws(StateError) -> (store: StateStore, record: CheckpointRecord) {
        let store = StateStore.open(
            directory: directory, run: run, files: files, base: base, materialisationBytes: materialisationBytes)
        guard let committed else { throw .missingRecord(path: directory, number: 0) }
        return (store, try store.recover(to: committed))
    }

    func deltaNames() throws(FileError) -> [String] { try files.list(directory + "/delta").sorted() }

    func deltaPath(_ number: Int) -> String {
        let digits = String(number)
        return directory + "/delta/" + String(repeating: "0", count: 20 - digits.count) + digits + ".delta"
    }
}

extension StateChanges {
    /// Operator 1's changes.
    static func of(_ entries: [UInt8: String?]) -> StateChanges { of(1, entries) }

    /// One operator's changes by key: nil deletes.
    static func of(_ operatorID: UInt32, _ entries: [UInt8: String?]) -> StateChanges {
        var changes = StateChanges(operatorID: operatorID)
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
            if let value {
                changes.put(keyGroup: KeyGroup(index: 3), key: [key], value: Array(value.utf8))
            } else {
                changes.delete(keyGroup: KeyGroup(index: 3), key: [key])
            }
        }
        return changes
    }
}

extension StateStore {
    /// Operator 1's state as text.
    func texts() throws(StateError) -> [UInt8: String] {
        var texts: [UInt8: String] = [:]
        for (key, value) in try table(of: [1])[1] ?? [:] {
            texts[key.bytes[0]] = String(decoding: value, as: UTF8.self)
        }
        return texts
    }
}

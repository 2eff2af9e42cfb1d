import CommitLog
import HostSystem
import KeyedState
import Simulation
import Testing

@Suite struct StateStoreTests {
    @Test func aRunGoesOnFromItsLastCommit() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        let store = try state.create()
        try state.commit(store, 0)
        try state.commit(store, 1, [.of([1: "a", 2: "b"]), .of(9, [1: "other"])])
        try state.commit(store, 2, [.of([1: nil, 3: "c"])])
        _ = try store.append(.sample(3), changes: [.of([2: "never committed"])])
        let (again, record) = try state.reopen()
        #expect(record == .sample(2))
        #expect(try again.texts() == [2: "b", 3: "c"])
        #expect(try again.table(of: [9])[9]?.count == 1)
        try state.commit(again, 3, [.of([4: "d"])])
        #expect(try state.reopen().store.texts() == [2: "b", 3: "c", 4: "d"])
    }

    @Test func aRangeOfKeyGroupsIsRestored() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        let store = try state.create()
        var changes = StateChanges(operatorID: 1)
        for group in 0..<8 { changes.put(keyGroup: KeyGroup(index: UInt16(group)), key: [0], value: [UInt8(group)]) }
        try state.commit(store, 0, [changes])
        try store.materialise()
        changes.removeAll()
        for group in [2, 6] { changes.put(keyGroup: KeyGroup(index: UInt16(group)), key: [1], value: [UInt8(group)]) }
        try state.commit(store, 1, [changes])
        var found: [UInt8] = []
        try state.reopen().store.restore(operatorID: 1, keyGroups: 2..<5) { _, _, value in
            if let value { found.append(contentsOf: value) }
        }
        #expect(found == [2, 3, 4, 2])
    }

    @Test func anEntryOfTheWrongShapeIsDamage() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        try state.commit(try state.create(), 0, [.of([1: "a"])])
        let store = try state.reopen().store
        #expect(throws: StateError.self) {
            try store.restore(operatorID: 1) { _, _, _ throws(CorruptBytes) in
                throw CorruptBytes(offset: 0, expected: "a count")
            }
        }
    }

    @Test func materialisingKeepsTheStateAndDropsTheDeltas() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        state.materialisationBytes = 300
        let store = try state.create()
        try state.commit(store, 0)
        #expect(!store.isMaterialisationDue)
        try state.commit(store, 1, [.of([1: "a", 2: "b", 3: "c"])])
        #expect(store.isMaterialisationDue)
        try store.materialise()
        #expect(!store.isMaterialisationDue)
        #expect(try state.deltaNames() == [])
        try store.materialise()
        try state.commit(store, 2, [.of([2: nil, 3: "d"])])
        #expect(try state.reopen().store.texts() == [1: "a", 3: "d"])
        let (again, record) = try state.reopen()
        #expect(record == .sample(2))
        try again.materialise()
        #expect(try state.reopen().record == .sample(2))
        #expect(try state.reopen().store.texts() == [1: "a", 3: "d"])
        #expect(state.storage.count == 2)
    }

    @Test func epochsAreCommittedWhileOneMaterialises() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        let store = try state.create()
        try state.commit(store, 0, [.of([1: "a"])])
        let appended = try store.append(.sample(1), changes: [.of([2: "b"])])
        let materialisation = try #require(store.beginMaterialisation())
        #expect(store.beginMaterialisation() == nil)
        state.committed = appended
        store.committed(appended)
        try state.commit(store, 2, [.of([3: "c"])])
        try store.ingest(materialisation)
        #expect(try state.reopen().store.texts() == [1: "a", 2: "b", 3: "c"])
        try store.drop(materialisation)
        #expect(try state.deltaNames() == ["00000000000000000000.delta", "00000000000000000002.delta"])
        #expect(try state.reopen().store.texts() == [1: "a", 2: "b", 3: "c"])
        try store.materialise()
        #expect(try state.deltaNames() == [])
    }

    /// Disk follows the live state, not the history.
    @Test func overwrittenKeysTakeNoRoom() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        state.materialisationBytes = 4000
        let store = try state.create()
        var largest = 0
        for number in UInt64(0)..<400 {
            try state.commit(store, number, [.of(Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, "\(number)") }))])
            if store.isMaterialisationDue { try store.materialise() }
            largest = max(largest, try store.sizeBytes())
        }
        #expect(largest < 6000)
        #expect(try state.reopen().store.texts().values.allSatisfy { $0 == "399" })
    }

    @Test func aFailedSyncPoisons() throws {
        let state = StoreUnderTest(SimulatedDisk(seed: 4).start(FaultPlan([Fault(.failedSync, at: 12)])))
        let store = try state.create()
        var failed: StateError?
        for number in UInt64(0)..<20 {
            do throws(StateError) { try state.commit(store, number) } catch {
                failed = error
                break
            }
        }
        guard case .file(let error) = failed else { return #expect(Bool(false), "no sync failed: \(failed as Any)") }
        #expect(error.operation == .sync)
        let next = try #require(state.committed).number + 1
        #expect(throws: StateError.poisoned(path: state.deltaPath(0))) { try state.commit(store, next) }
        let again = try state.reopen().store
        try state.commit(again, next, [.of([1: "a"])])
        #expect(try state.reopen().store.texts() == [1: "a"])
    }

    @Test func aNewRunFindsNoOther() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        // A start that died before checkpoint 0 was committed is no run.
        _ = try state.create().append(.sample(0), changes: [])
        let store = try state.create()
        try state.commit(store, 0)
        try state.commit(store, 1)
        #expect(throws: StateError.self) { try state.create() }
        try store.materialise()
        #expect(throws: StateError.self) { try state.create() }
        #expect(try state.reopen().record == .sample(1))
    }
}

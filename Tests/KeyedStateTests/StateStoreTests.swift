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

    @Test func changesAboveTheBaseAreRestoredByKeyGroup() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        let store = try state.create()
        var changes = StateChanges(operatorID: 1)
        for group in 0..<8 { changes.put(keyGroup: KeyGroup(index: UInt16(group)), key: [0], value: [UInt8(group)]) }
        try state.commit(store, 0, [changes])
        #expect(store.materialisedNumber == nil && !store.baseMayHold(operatorID: 1))
        try store.materialise()
        #expect(store.materialisedNumber == 0 && store.baseMayHold(operatorID: 1))
        changes.removeAll()
        for group in [2, 3, 6] { changes.put(keyGroup: KeyGroup(index: UInt16(group)), key: [1], value: [9]) }
        changes.delete(keyGroup: KeyGroup(index: 4), key: [0])
        changes.deleteBelow(keyGroup: KeyGroup(index: 3), bound: [1])
        changes.deleteBelow(keyGroup: KeyGroup(index: 7), bound: [1])
        try state.commit(store, 1, [changes])
        let again = try state.reopen().store
        #expect(again.materialisedNumber == 0)
        #expect(again.baseMayHold(operatorID: 1) && !again.baseMayHold(operatorID: 2))
        var found: [String] = []
        try again.restoreChanges(operatorID: 1, keyGroups: 2..<5) { change in
            switch change {
            case .put(let puts):
                for index in 0..<puts.count {
                    let group = puts.keyGroups[index].index
                    found.append("put \(group) \(Array(puts.key(index))) \(Array(puts.value(index)))")
                }
            case .delete(let group, let key): found.append("delete \(group.index) \(Array(key))")
            case .deleteBelow(let group, let bound): found.append("delete below \(group.index) \(Array(bound))")
            }
        }
        #expect(found == ["put 2 [1] [9]", "put 3 [1] [9]", "delete 4 [0]", "delete below 3 [1]"])
    }

    @Test func changesPileUpSoFarUntilTheyAreMaterialised() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        state.materialisationBytes = 1 << 12
        let store = try state.create()
        var number: UInt64 = 0
        while store.mayGrow {
            #expect(number < 40)
            try state.commit(store, number, [.of([UInt8(number): String(repeating: "x", count: 1 << 10)])])
            number += 1
        }
        #expect(number > 12 && store.isMaterialisationDue)
        try store.materialise()
        #expect(store.mayGrow && !store.isMaterialisationDue)
    }

    @Test func anEntryOfTheWrongShapeIsDamage() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        let first = try state.create()
        try state.commit(first, 0, [.of([1: "a"])])
        let wrong = CorruptBytes(offset: 0, expected: "a count")
        #expect(throws: StateError.self) {
            try state.reopen().store.restoreChanges(operatorID: 1) { _ throws(CorruptBytes) in throw wrong }
        }
        try first.materialise()
        let store = try state.reopen().store
        #expect(throws: StateError.self) {
            try store.lookUp(operatorID: 1, keyGroups: [KeyGroup(index: 3)], keys: [1], starts: [0, 1]) {
                (_, _) throws(CorruptBytes) in throw wrong
            }
        }
        #expect(throws: StateError.self) {
            try store.scan(operatorID: 1, keyGroup: KeyGroup(index: 3)) { (_, _) throws(CorruptBytes) in throw wrong }
        }
    }

    /// Never more than a part of a long chain is sorted at once, and none of it is left out.
    @Test(arguments: [1, 100, 300, 1000])
    func aLongChainIsMergedInParts(mergeBytes: Int) throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        state.mergeBytes = mergeBytes
        let store = try state.create()
        var epochs = RandomEpochs(random: SplitMix64(seed: 8))
        var table: Table = [:]
        for number in UInt64(0)..<40 {
            try state.commit(store, number, epochs.next(&table))
            if number % 15 == 9 { try store.materialise() }
        }
        try store.materialise()
        #expect(store.materialisedNumber == 39)
        #expect(try state.deltaNames() == [])
        #expect(try state.reopen().store.table(of: RandomEpochs.operators) == table)
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

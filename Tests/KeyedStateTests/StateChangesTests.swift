import HostSystem
import KeyedState
import Simulation
import Testing

@Suite struct StateChangesTests {
    private let group = KeyGroup(index: 0xABCD)

    @Test func fieldByFieldIsTheSameAsWhole() throws {
        var whole = StateChanges(operatorID: 5)
        var fields = StateChanges(operatorID: 5)
        for round in 0..<2 {
            if round == 1 {
                whole.removeAll()
                fields.removeAll()
                #expect(fields.isEmpty && fields.sizeBytes == 0)
            }
            whole.put(keyGroup: group, key: [1, 0, 0, 0, 9], value: [2, 0])
            whole.delete(keyGroup: group, key: [7])
            whole.put(keyGroup: group, key: [], value: [])
            whole.deleteBelow(keyGroup: group, bound: [1, 0])
            whole.put(keyGroup: group, key: [0], value: [8])
            fields.withWriter(reservingBytes: 64) { writer in
                writer.begin(KeyGroup(index: 0xABCD))
                writer.write(UInt32(1))
                writer.write(UInt8(9))
                writer.endKey()
                writer.write(Int16(2))
                writer.endValue()
                writer.begin(KeyGroup(index: 0xABCD))
                writer.write(UInt8(7))
                writer.endDelete()
                writer.begin(KeyGroup(index: 0xABCD))
                writer.endKey()
                writer.endValue()
                writer.begin(KeyGroup(index: 0xABCD))
                writer.write(UInt16(1))
                writer.endDeleteBelow()
                writer.begin(KeyGroup(index: 0xABCD))
                writer.write(UInt8(0))
                writer.endKey()
                writer.write(UInt8(8))
                writer.endValue()
            }
        }
        #expect(fields.count == 5 && whole.count == 5)
        #expect(fields.sizeBytes == 5 * 8 + 5 + 2 + 1 + 2 + 2)
        #expect(try stored([fields]) == stored([whole]))
        let entries = try stored([fields])
        #expect(
            entries == [
                5: [
                    TableKey(keyGroup: group, bytes: [1, 0, 0, 0, 9]): [2, 0],
                    TableKey(keyGroup: group, bytes: [0]): [8],
                ]
            ])
    }

    @Test func growingKeepsWhatIsThere() throws {
        var changes = StateChanges(operatorID: 5)
        for i in 0..<3000 {
            changes.put(
                keyGroup: KeyGroup(index: UInt16(i % 128)), key: Array("key \(i)".utf8), value: Array("\(i)".utf8))
        }
        let entries = try #require(try stored([changes])[5])
        #expect(entries.count == 3000)
        for (key, value) in entries { #expect(Array(key.bytes.dropFirst(4)) == value) }
    }

    /// Refused as a whole, with the state as it was: not cut off, and not a trap.
    @Test func anOverlongFieldIsRefusedAtTheCommit() throws {
        let long = [UInt8](repeating: 1, count: StateChanges.largestFieldBytes + 1)
        var whole = StateChanges(operatorID: 5)
        whole.put(keyGroup: group, key: [1], value: long)
        var key = StateChanges(operatorID: 5)
        key.delete(keyGroup: group, key: long)
        var fields = StateChanges(operatorID: 5)
        fields.withWriter(reservingBytes: long.count + 9) { writer in
            writer.begin(KeyGroup(index: 1))
            writer.write(UInt8(1))
            writer.endKey()
            long.withUnsafeBytes { writer.write($0) }
            writer.endValue()
        }
        var bound = StateChanges(operatorID: 5)
        bound.deleteBelow(keyGroup: group, bound: long)
        for changes in [whole, key, bound, fields] {
            #expect(throws: StateError.entryTooLarge(operatorID: 5, bytes: long.count)) { try stored([changes]) }
            #expect(changes.isEmpty)
        }
    }

    @Test func keyGroupsCoverTheirRange() {
        var random = SplitMix64(seed: 9)
        for parallelism in [1, 2, 128, KeyGroup.largestMaximumParallelism] {
            #expect(KeyGroup(hash: 0, maximumParallelism: parallelism).index == 0)
            #expect(Int(KeyGroup(hash: .max, maximumParallelism: parallelism).index) == parallelism - 1)
            for _ in 0..<100 {
                #expect(Int(KeyGroup(hash: random.next(), maximumParallelism: parallelism).index) < parallelism)
            }
        }
    }

    /// What comes back of changes that were committed.
    private func stored(_ changes: [StateChanges]) throws(StateError) -> Table {
        let files = SimulatedFileSystem()
        let state = StoreUnderTest(files)
        let store = try state.create()
        try state.commit(store, 0, changes)
        return try state.reopen().store.table(of: [5])
    }
}

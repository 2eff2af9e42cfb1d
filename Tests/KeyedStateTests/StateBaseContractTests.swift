import CommitLog
import HostSystem
import KeyedState
import Simulation
import TestSupport
import Testing

/// What both bases promise, each behind a store on a real disk.
@Suite struct StateBaseContractTests {
    enum Kind: CaseIterable, Sendable {
        case rocksDB, orderedMap
    }

    private final class Place {
        let workspace: Workspace
        let files = PosixFileSystem()
        private let kind: Kind
        private let storage = OrderedMapStorage()
        private let run = RunID(high: 1, low: 2)
        private var committed = CommittedCheckpoint(number: 0, recordChecksum: 0)
        private(set) var store: StateStore

        init(_ kind: Kind, memoryBytes: Int = RocksDBStateBase.defaultMemoryBytes) throws {
            workspace = try Workspace()
            self.kind = kind
            let directory = workspace.path + "/run"
            let base: any StateBase =
                switch kind {
                case .rocksDB:
                    RocksDBStateBase(path: directory + "/rocksdb", files: files, memoryBytes: memoryBytes)
                case .orderedMap: OrderedMapStateBase(storage, mergeBytes: memoryBytes / 8)
                }
            store = try StateStore.create(directory: directory, run: run, files: files, base: base)
            try commit([])
        }

        private var number: UInt64 = 0

        func commit(_ changes: [StateChanges]) throws {
            committed = try store.append(.sample(number), changes: changes)
            store.committed(committed)
            number += 1
        }

        func commitAndMaterialise(_ changes: StateChanges...) throws {
            try commit(changes)
            try store.materialise()
        }

        func reopen() throws {
            store.close()
            let directory = workspace.path + "/run"
            let base: any StateBase =
                switch kind {
                case .rocksDB: RocksDBStateBase(path: directory + "/rocksdb", files: files)
                case .orderedMap: OrderedMapStateBase(storage)
                }
            store = StateStore.open(directory: directory, run: run, files: files, base: base)
            _ = try store.recover(to: committed)
        }

        /// By number of the key; each is expected to be given once.
        func lookUp(_ keys: [TableKey], of operatorID: UInt32 = 1) throws -> [[UInt8]?] {
            var starts = [0]
            for key in keys { starts.append(starts[starts.count - 1] + key.bytes.count) }
            var found = [[UInt8]??](repeating: nil, count: keys.count)
            try store.lookUp(
                operatorID: operatorID, keyGroups: keys.map(\.keyGroup), keys: keys.flatMap(\.bytes) + [7, 7],
                starts: starts
            ) { index, value in
                #expect(found[index] == nil, "key \(index) is given twice")
                found[index] = .some(value.map { Array($0) })
            }
            return try found.map { try #require($0, "a key is not given") }
        }
    }

    private let group = KeyGroup(index: 3)

    private func key(_ bytes: UInt8...) -> TableKey { TableKey(keyGroup: group, bytes: bytes) }

    @Test(arguments: Kind.allCases)
    func keysAreLookedUpByBatch(kind: Kind) throws {
        let place = try Place(kind)
        defer { place.store.close() }
        #expect(try place.lookUp([key(1), key(2)]) == [nil, nil])
        var random = SplitMix64(seed: 5)
        var expected: [TableKey: [UInt8]] = [:]
        for _ in 0..<6 {
            var changes = StateChanges(operatorID: 1)
            for _ in 0..<700 {
                let key = TableKey.random(&random)
                if random.oneIn(5) {
                    changes.delete(keyGroup: key.keyGroup, key: key.bytes)
                    expected[key] = nil
                } else {
                    let value = [UInt8](repeating: UInt8(random.below(256)), count: random.below(40))
                    changes.put(keyGroup: key.keyGroup, key: key.bytes, value: value)
                    expected[key] = value
                }
            }
            try place.commitAndMaterialise(changes)
            let sought = Array(Set((0..<2000).map { _ in TableKey.random(&random) }))
            #expect(try place.lookUp(sought) == sought.map { expected[$0] }, "seed 5")
            #expect(try place.lookUp(sought, of: 2).allSatisfy { $0 == nil })
        }
        try place.reopen()
        #expect(try place.lookUp([]) == [])
        #expect(try place.lookUp(Array(expected.keys)) == Array(expected.values))
    }

    @Test(arguments: Kind.allCases)
    func aLargeValueComesBack(kind: Kind) throws {
        let place = try Place(kind)
        defer { place.store.close() }
        let value = [UInt8](repeating: 5, count: 3 << 20)
        var changes = StateChanges(operatorID: 1)
        changes.put(keyGroup: group, key: [], value: value)
        changes.put(keyGroup: group, key: [1], value: [])
        try place.commitAndMaterialise(changes)
        #expect(try place.lookUp([key(1), key()]) == [[], value])
    }

    /// A scan keeps to its operator and key group, begins and ends where it should, and stops when told.
    @Test(arguments: Kind.allCases)
    func aScanStopsAndGoesOn(kind: Kind) throws {
        let place = try Place(kind)
        defer { place.store.close() }
        let last = StateChanges.reservedOperatorID - 1
        var sections: [StateChanges] = []
        for operatorID in [0, 1, 2, last] {
            var changes = StateChanges(operatorID: operatorID)
            for group in [0, 1, 2, 0xFF, 0x100, 0xFFFE, 0xFFFF] as [UInt16] {
                for key in UInt8(0)..<10 {
                    changes.put(keyGroup: KeyGroup(index: group), key: [key], value: [key, key])
                }
                changes.put(keyGroup: KeyGroup(index: group), key: [], value: [])
                changes.put(keyGroup: KeyGroup(index: group), key: [255, 255, 255], value: [1])
            }
            sections.append(changes)
        }
        try place.commit(sections)
        try place.store.materialise()
        try place.reopen()
        for operatorID in [0, 1, last] {
            #expect(place.store.baseMayHold(operatorID: operatorID))
            for group in [0, 0xFF, 0xFFFF] as [UInt16] {
                func scan(_ from: [UInt8], _ to: [UInt8]?, _ limit: Int) throws -> [[UInt8]] {
                    var keys: [[UInt8]] = []
                    try place.store.scan(
                        operatorID: operatorID, keyGroup: KeyGroup(index: group), from: from, to: to
                    ) { key, _ in
                        keys.append(Array(key))
                        return keys.count < limit
                    }
                    return keys
                }
                let all = [[]] + (UInt8(0)..<10).map { [$0] } + [[255, 255, 255]]
                #expect(try scan([], nil, .max) == all)
                #expect(try scan([], nil, 3) == [[], [0], [1]])
                #expect(try scan([1, 0], nil, 3) == [[2], [3], [4]])
                #expect(try scan([3], [5], .max) == [[3], [4]])
                #expect(try scan([3], [3], .max) == [])
                #expect(try scan([255, 255, 255, 0], nil, .max) == [])
            }
        }
        #expect(!place.store.baseMayHold(operatorID: 3))
    }

    /// A deletion by range takes what older files hold, and nothing that is put after it, be it in the same file.
    @Test(arguments: Kind.allCases)
    func aRangeIsDeletedBeforeWhatIsPutAfterIt(kind: Kind) throws {
        let place = try Place(kind)
        defer { place.store.close() }
        var changes = StateChanges(operatorID: 1)
        for key in UInt8(0)..<8 { changes.put(keyGroup: group, key: [key], value: [0]) }
        changes.put(keyGroup: KeyGroup(index: 4), key: [0], value: [0])
        try place.commitAndMaterialise(changes)
        changes.removeAll()
        changes.put(keyGroup: group, key: [1], value: [1])
        changes.deleteBelow(keyGroup: group, bound: [5])
        changes.put(keyGroup: group, key: [2], value: [2])
        changes.deleteBelow(keyGroup: group, bound: [2])
        changes.delete(keyGroup: group, key: [3])
        changes.put(keyGroup: group, key: [1], value: [3])
        try place.commitAndMaterialise(changes)
        func check() throws {
            let keys = (UInt8(0)..<8).map { key($0) } + [TableKey(keyGroup: KeyGroup(index: 4), bytes: [0])]
            #expect(try place.lookUp(keys) == [nil, [3], [2], nil, nil, [0], [0], [0], [0]])
            #expect(try place.store.table(of: [1])[1]?.count == 6)
        }
        try check()
        try place.reopen()
        try check()
        // Compactions must not bring anything back.
        changes.removeAll()
        for round in UInt8(0)..<30 {
            changes.removeAll()
            changes.put(keyGroup: KeyGroup(index: 5), key: [round], value: [])
            try place.commitAndMaterialise(changes)
        }
        changes.removeAll()
        for round in UInt8(0)..<30 { changes.delete(keyGroup: KeyGroup(index: 5), key: [round]) }
        try place.commitAndMaterialise(changes)
        try check()
    }

    @Test(arguments: Kind.allCases, UInt64(1)...4)
    func randomEpochsReadBack(kind: Kind, seed: UInt64) throws {
        // Little memory: several ingests each time.
        let place = try Place(kind, memoryBytes: seed % 2 == 0 ? 8 << 10 : 8 << 20)
        defer { place.store.close() }
        var epochs = RandomEpochs(random: SplitMix64(seed: seed))
        var random = SplitMix64(seed: seed &+ 100)
        var table: Table = [:]
        for epoch in 0..<80 {
            try place.commit(epochs.next(&table))
            if random.oneIn(4) { try place.store.materialise() }
            if random.oneIn(8) { try place.reopen() }
            let found = try place.store.table(of: RandomEpochs.operators)
            #expect(found == table, "\(kind), seed \(seed), epoch \(epoch)")
            if found != table { return }
        }
    }

    /// Several threads read while epochs are materialised: what they see is never older than what was there before.
    @Test(arguments: Kind.allCases)
    func readersGoOnBesideAMaterialisation(kind: Kind) async throws {
        let place = try Place(kind)
        let store = place.store
        defer { store.close() }
        let keys = 300
        let keyGroups = (0..<keys).map { KeyGroup(index: UInt16($0 % 7)) }
        let bytes = (0..<keys).flatMap { [UInt8($0 / 256), UInt8($0 % 256)] }
        let starts = (0...keys).map { $0 * 2 }
        func write(_ round: UInt8) throws {
            var changes = StateChanges(operatorID: 1)
            for i in 0..<keys {
                changes.put(keyGroup: keyGroups[i], key: Array(bytes[2 * i..<2 * i + 2]), value: [round])
            }
            try place.commitAndMaterialise(changes)
        }
        try write(0)
        let readers = (0..<3).map { _ in
            Task {
                var last: UInt8 = 0
                while last < 40 {
                    var least = UInt8.max
                    try store.lookUp(operatorID: 1, keyGroups: keyGroups, keys: bytes, starts: starts) { _, value in
                        least = min(least, value?.first ?? 0)
                    }
                    guard least >= last else { throw StateError.poisoned(path: "\(least) after \(last)") }
                    last = least
                    await Task.yield()
                }
            }
        }
        for round in UInt8(1)...40 { try write(round) }
        for reader in readers { try await reader.value }
    }
}

extension TableKey {
    fileprivate static func random(_ random: inout SplitMix64) -> TableKey {
        let length = random.below(12)
        let bytes = (0..<length).map { _ in UInt8(random.below(3)) }
        return TableKey(keyGroup: KeyGroup(index: UInt16(random.below(3) * 300)), bytes: bytes)
    }
}

import CommitLog
import Glibc
import HostSystem
import KeyedState
import TestSupport
import Testing

/// The real base, on a real disk.
@Suite struct RocksDBStateBaseTests {
    private struct Place {
        let workspace: Workspace
        let files = PosixFileSystem()
        var directory: String { workspace.path + "/run" }
        var database: String { directory + "/rocksdb" }

        init() throws { workspace = try Workspace() }

        func store(new: Bool) throws(StateError) -> StateStore {
            let base = RocksDBStateBase(path: database, files: files)
            let run = RunID(high: 1, low: 2)
            if new { return try StateStore.create(directory: directory, run: run, files: files, base: base) }
            return StateStore.open(directory: directory, run: run, files: files, base: base)
        }
    }

    private func commit(
        _ store: StateStore, _ number: UInt64, _ changes: [StateChanges]
    ) throws(StateError) -> CommittedCheckpoint {
        let checkpoint = try store.append(.sample(number), changes: changes)
        store.committed(checkpoint)
        return checkpoint
    }

    @Test func itIsMadeByTheFirstMaterialisation() throws {
        let place = try Place()
        let store = try place.store(new: true)
        let first = try commit(store, 0, [.of([1: "a"])])
        #expect(try !place.files.exists(place.database))
        try store.materialise()
        #expect(try place.files.exists(place.database + "/CURRENT"))
        store.close()
        let again = try place.store(new: false)
        #expect(try again.recover(to: first) == .sample(0))
        #expect(try again.texts() == [1: "a"])
        again.close()
    }

    @Test func randomEpochsReadBackAfterEachStart() throws {
        let place = try Place()
        for seed in UInt64(1)...3 {
            let seeded = try Place()
            var epochs = RandomEpochs(random: SplitMix64(seed: seed))
            var random = SplitMix64(seed: seed &+ 100)
            var table: Table = [:]
            var store = try seeded.store(new: true)
            for number in UInt64(0)..<60 {
                let committed = try commit(store, number, epochs.next(&table))
                if random.oneIn(4) { try store.materialise() }
                if random.oneIn(8) {
                    store.close()
                    store = try seeded.store(new: false)
                    #expect(try store.recover(to: committed) == .sample(number), "seed \(seed)")
                }
                #expect(try store.table(of: RandomEpochs.operators) == table, "seed \(seed), epoch \(number)")
            }
            store.close()
        }
        #expect(try !place.files.exists(place.directory))
    }

    /// A crash after a file was taken over may leave its first name too: it must not be written over.
    @Test func aLeftFileIsNotWrittenOver() throws {
        let place = try Place()
        let store = try place.store(new: true)
        _ = try commit(store, 0, [.of([1: "a", 2: "b"])])
        try store.materialise()
        let sorted = try #require(try place.files.list(place.database).first { $0.hasSuffix(".sst") })
        #expect(link(place.database + "/" + sorted, place.database + ".incoming.0") == 0)
        let last = try commit(store, 1, [.of([3: "c"])])
        try store.materialise()
        store.close()
        let again = try place.store(new: false)
        _ = try again.recover(to: last)
        #expect(try again.texts() == [1: "a", 2: "b", 3: "c"])
        again.close()
    }

    /// Disk follows the live state, also where compaction has to be asked for.
    @Test func overwrittenKeysTakeNoRoom() throws {
        let place = try Place()
        let store = try place.store(new: true)
        var changes = StateChanges(operatorID: 1)
        var largest = 0
        var single = 0
        for number in UInt64(0)..<120 {
            var random = SplitMix64(seed: number)
            changes.removeAll()
            for key in UInt64(0)..<2000 {
                changes.withWriter(reservingBytes: 32) { writer in
                    writer.begin(KeyGroup(index: UInt16(key % 128)))
                    writer.write(key.bigEndian)
                    writer.endKey()
                    writer.write(random.next())
                    writer.endValue()
                }
            }
            _ = try commit(store, number, [changes])
            try store.materialise()
            let size = try sortedFileBytes(place)
            if number == 0 { single = size }
            largest = max(largest, size)
        }
        #expect(largest <= 24 * single, "\(largest) bytes, one epoch has \(single)")
        store.close()
    }

    private func sortedFileBytes(_ place: Place) throws -> Int {
        try place.files.list(place.database).filter { $0.hasSuffix(".sst") }.reduce(0) { sum, name in
            sum + (try place.files.status(place.database + "/" + name)?.sizeBytes ?? 0)
        }
    }

    @Test func aBrokenDatabaseIsToldWithItsPath() throws {
        let place = try Place()
        let store = try place.store(new: true)
        let committed = try commit(store, 0, [.of([1: "a"])])
        try store.materialise()
        store.close()
        let manifest = try #require(try place.files.list(place.database).first { $0.hasPrefix("MANIFEST") })
        try place.files.remove(place.database + "/" + manifest)
        let again = try place.store(new: false)
        do throws(StateError) {
            _ = try again.recover(to: committed)
            #expect(Bool(false), "a database without manifest was opened")
        } catch {
            guard case .rocksDB(let path, let message) = error else {
                return #expect(Bool(false), "\(error)")
            }
            #expect(path == place.database && !message.isEmpty)
        }
        again.close()
    }

    @Test func epochsAreCommittedBesideAMaterialisation() async throws {
        let place = try Place()
        let store = try place.store(new: true)
        var last = try commit(store, 0, [.of([0: "0"])])
        let background = Task { [store] in
            for _ in 0..<20 { try store.materialise() }
        }
        for number in UInt64(1)...100 { last = try commit(store, number, [.of([UInt8(number): "\(number)"])]) }
        try await background.value
        store.close()
        let again = try place.store(new: false)
        #expect(try again.recover(to: last) == .sample(100))
        let expected = Dictionary(uniqueKeysWithValues: (UInt8(0)...100).map { ($0, "\($0)") })
        #expect(try again.texts() == expected)
        again.close()
    }
}

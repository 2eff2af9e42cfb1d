import CommitLog
import HostSystem
import KeyedState
import Simulation
import Testing

/// Deltas that were cut, torn or changed: an error with its place, or the right state. Never another state, never a trap.
@Suite struct DamageTests {
    /// Three committed records and one that is not, in one file.
    private func prepared() throws -> (state: StoreUnderTest, committedBytes: Int, bytes: [UInt8]) {
        let state = StoreUnderTest(SimulatedFileSystem())
        let store = try state.create()
        try state.commit(store, 0)
        try state.commit(store, 1, [.of([1: "a", 2: "b"])])
        try state.commit(store, 2, [.of([1: nil, 3: "c"])])
        let committedBytes = try store.sizeBytes()
        _ = try store.append(.sample(3), changes: [.of([4: "d"])])
        return (state, committedBytes, try state.files.readAll(state.deltaPath(0)))
    }

    private func put(_ bytes: [UInt8], in state: StoreUnderTest) throws {
        let file = try state.files.open(state.deltaPath(0), .createIfMissing)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
    }

    /// nil: right; else what it was refused with.
    private func reopen(_ state: StoreUnderTest, _ what: String) throws -> StateError? {
        do throws(StateError) {
            let (store, record) = try state.reopen()
            #expect(record == .sample(2), "\(what)")
            #expect(try store.texts() == [2: "b", 3: "c"], "\(what)")
            return nil
        } catch {
            return error
        }
    }

    @Test func everyLength() throws {
        let (state, committedBytes, bytes) = try prepared()
        for length in 0...bytes.count {
            try put(Array(bytes[..<length]), in: state)
            let error = try reopen(state, "length \(length)")
            #expect((error == nil) == (length >= committedBytes), "length \(length): \(error as Any)")
        }
    }

    @Test func everyFlippedByte() throws {
        let (state, committedBytes, bytes) = try prepared()
        for offset in bytes.indices {
            var flipped = bytes
            flipped[offset] ^= 1 << UInt8(offset % 8)
            try put(flipped, in: state)
            let error = try reopen(state, "byte \(offset)")
            #expect((error == nil) == (offset >= committedBytes), "byte \(offset): \(error as Any)")
            if case .damaged(let path, let place, _) = error {
                #expect(path == state.deltaPath(0) && place <= offset && place > offset - 700)
            }
        }
    }

    @Test func everyTornTail() throws {
        let (state, committedBytes, bytes) = try prepared()
        var random = SplitMix64(seed: 11)
        for length in committedBytes...bytes.count {
            let garbage = (0..<random.below(200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            try put(Array(bytes[..<length]) + garbage, in: state)
            #expect(try reopen(state, "torn at \(length)") == nil)
            #expect(try state.files.status(state.deltaPath(0))?.sizeBytes == committedBytes)
        }
    }

    @Test func aHoleIsDamage() throws {
        let state = StoreUnderTest(SimulatedFileSystem())
        let store = try state.create()
        for number in UInt64(0)..<6 {
            try state.commit(store, number, [.of([UInt8(number): "x"])])
            // Begun and never finished: only a new file comes of it.
            if number == 1 || number == 3 { _ = store.beginMaterialisation() }
        }
        try #require(try state.deltaNames().count == 2)
        try state.files.remove(state.deltaPath(0))
        #expect(throws: StateError.missingRecord(path: "run/delta", number: 1)) { try state.reopen() }
    }

    @Test func anotherRunsFileIsNotBelieved() throws {
        let (state, _, _) = try prepared()
        let committed = try #require(state.committed)
        let other = StateStore.open(
            directory: state.directory, run: RunID(high: 8, low: 8), files: state.files,
            base: OrderedMapStateBase(state.storage))
        #expect(throws: StateError.self) { try other.recover(to: committed) }
    }

    @Test(arguments: [UInt8(1), 3])
    func anotherVersionIsRefusedByName(version: UInt8) throws {
        let (state, _, bytes) = try prepared()
        var changed = bytes
        changed[8] = version
        var checksum = Checksum.crc32c(Array(changed[..<36]))
        for i in 0..<4 {
            changed[36 + i] = UInt8(truncatingIfNeeded: checksum)
            checksum >>= 8
        }
        try put(changed, in: state)
        #expect(throws: StateError.unsupportedVersion(path: state.deltaPath(0), version: UInt32(version))) {
            try state.reopen()
        }
    }

    @Test func foreignFilesAreLeftAlone() throws {
        let (state, _, _) = try prepared()
        for name in ["notes", "1.delta", "00000000000000000009.delta.bak"] {
            try state.files.open("run/delta/" + name, .createNew).close()
        }
        #expect(try reopen(state, "foreign files") == nil)
        #expect(try state.deltaNames().count == 4)
    }

    @Test func aRecordReadsBackOrIsRefused() throws {
        let record = CheckpointRecord.sample(6)
        var writer = ByteWriter()
        record.encode(to: &writer)
        let bytes = writer.bytes
        var whole = ByteReader(bytes)
        #expect(try CheckpointRecord(from: &whole) == record)
        #expect(record.part(of: 3, subtask: 0)?.count == 6)
        #expect(record.part(of: 3, subtask: 1) == nil)
        for length in 0..<bytes.count {
            var reader = ByteReader(Array(bytes[..<length]))
            #expect(throws: CorruptBytes.self, "length \(length)") { try CheckpointRecord(from: &reader) }
        }
        for offset in bytes.indices {
            for bit in UInt8(0)..<8 {
                var flipped = bytes
                flipped[offset] ^= 1 << bit
                var reader = ByteReader(flipped)
                do throws(CorruptBytes) {
                    #expect(try CheckpointRecord(from: &reader) != record, "byte \(offset)")
                } catch {
                    continue
                }
            }
        }
    }
}

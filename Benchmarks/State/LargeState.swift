import CommitLog
import Glibc
import HostSystem
import KeyedState
import Synchronization

/// Read, modify, write: 100,000 keys an epoch, drawn evenly from all, looked up by batches of 4,096, nothing kept in
/// memory; materialised on a thread of its own.
struct LargeState {
    private static let keysPerEpoch = 100_000
    private static let keysPerBatch = 4096

    private let directory: String
    private let keyCount: UInt64
    private let memoryBytes: Int
    private let seconds: Int
    private let store: StateStore
    private let run = RunID(drawnFrom: SystemRandom())

    init(under parent: String, _ numbers: [Int]) throws {
        directory = FilePath.join(parent, "state-benchmark-" + String(SystemRandom().next(), radix: 16))
        keyCount = UInt64(numbers[0]) * 1_000_000
        memoryBytes = numbers[1] << 20
        seconds = numbers[2]
        let files = PosixFileSystem()
        let base = RocksDBStateBase(path: directory + "/rocksdb", files: files, memoryBytes: memoryBytes)
        store = try StateStore.create(directory: directory, run: run, files: files, base: base)
    }

    private func key(_ i: UInt64) -> UInt64 { i &* 0x9E37_79B9_7F4A_7C15 }

    private func group(_ key: UInt64) -> KeyGroup { KeyGroup(hash: key, maximumParallelism: 128) }

    private func commit(_ number: UInt64, _ changes: StateChanges) throws {
        let record = CheckpointRecord(number: number, run: run, fingerprint: "")
        store.committed(try store.append(record, changes: [changes]))
    }

    private func put(_ key: UInt64, _ value: UInt64, in writer: inout EntryWriter) {
        writer.begin(group(key))
        writer.write(key.bigEndian)
        writer.endKey()
        writer.write(value)
        writer.write(UInt64(1))
        writer.endValue()
    }

    func measure() throws {
        defer {
            store.close()
            remove(directory)
        }
        var changes = StateChanges(operatorID: 1)
        var clock = Clock()
        let filled = 200_000
        for first in stride(from: UInt64(0), to: keyCount, by: filled) {
            changes.removeAll()
            changes.withWriter(reservingBytes: filled * 32) { writer in
                for i in first..<min(keyCount, first + UInt64(filled)) { put(key(i), 0, in: &writer) }
            }
            try commit(first / UInt64(filled), changes)
            if store.isMaterialisationDue { try store.materialise() }
        }
        try store.materialise()
        let disk = try figures()
        report("fill \(keyCount / 1_000_000)M keys", "\(milliseconds(clock.wallMilliseconds)), \(disk)")
        clock = Clock()
        try runEpochs(from: (keyCount + UInt64(filled) - 1) / UInt64(filled), clock)
    }

    private func figures() throws -> String { "on disk \(try store.sizeBytes() >> 20) MB, RssAnon \(anonymousMB()) MB" }

    private func runEpochs(from first: UInt64, _ clock: Clock) throws {
        var random = SplitMix64(seed: 1)
        var number = first
        var changes = StateChanges(operatorID: 1)
        var lookUpMilliseconds = 0.0
        var told = 0.0
        let worker = Materialiser(store)
        while clock.wallMilliseconds < Double(seconds) * 1000 {
            changes.removeAll()
            var left = LargeState.keysPerEpoch
            while left > 0 {
                let count = min(left, LargeState.keysPerBatch)
                left -= count
                let batch = Clock()
                try change((0..<count).map { _ in key(random.next() % keyCount) }, &changes)
                lookUpMilliseconds += batch.wallMilliseconds
            }
            try commit(number, changes)
            number += 1
            worker.startIfDue()
            if clock.wallMilliseconds - told > 10_000 {
                told = clock.wallMilliseconds
                try tell(number - first, clock, lookUpMilliseconds)
            }
        }
        try tell(number - first, clock, lookUpMilliseconds)
        worker.wait()
    }

    private func change(_ keys: [UInt64], _ changes: inout StateChanges) throws {
        var bytes = [UInt8](repeating: 0, count: keys.count * 8)
        bytes.withUnsafeMutableBytes { raw in
            for (i, key) in keys.enumerated() {
                raw.storeBytes(of: key.bigEndian, toByteOffset: i * 8, as: UInt64.self)
            }
        }
        var values = [UInt64](repeating: .max, count: keys.count)
        try store.lookUp(
            operatorID: 1, keyGroups: keys.map { group($0) }, keys: bytes, starts: (0...keys.count).map { $0 * 8 }
        ) { index, value in
            if let value, value.count == 16 { values[index] = value.loadUnaligned(as: UInt64.self) }
        }
        precondition(!values.contains(.max), "every key is there")
        changes.withWriter(reservingBytes: keys.count * 32) { writer in
            for (key, value) in zip(keys, values) { put(key, value + 1, in: &writer) }
        }
    }

    private func tell(_ epochs: UInt64, _ clock: Clock, _ lookUpMilliseconds: Double) throws {
        let keys = Double(epochs) * Double(LargeState.keysPerEpoch)
        let rate = (keys / clock.wallMilliseconds).rounded()
        let cost = (clock.cpuMilliseconds * 1e5 / keys).rounded() / 100
        let lookUp = (lookUpMilliseconds * 1e5 / keys).rounded() / 100
        report(
            "\(epochs) epochs of 100,000 keys",
            "\(rate)k keys/s, CPU \(cost) us a key, look-up \(lookUp) us a key, \(try figures())")
    }
}

/// A thread for each materialisation.
private final class Materialiser: Sendable {
    private let store: StateStore
    private let isRunning = Atomic(false)

    init(_ store: StateStore) { self.store = store }

    func startIfDue() {
        guard store.isMaterialisationDue, !isRunning.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Task.detached { [self] in
            do throws(StateError) { try store.materialise() } catch { print(error) }
            isRunning.store(false, ordering: .releasing)
        }
    }

    func wait() {
        while isRunning.load(ordering: .acquiring) { usleep(1000) }
    }
}

private func anonymousMB() -> Int {
    guard let status = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(status) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, status) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("RssAnon:") {
            return (Int(text.split { $0 == " " || $0 == "\t" }.dropFirst().first ?? "") ?? 0) >> 10
        }
    }
    return 0
}

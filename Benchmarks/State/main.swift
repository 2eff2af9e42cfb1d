import CommitLog
import Glibc
import HostSystem
import KeyedState

// What a commit, a materialisation and a restart cost, on the disk of the given folder (else of the working directory);
// with `large`, what keys drawn at random cost that are looked up, changed and committed in a state of many times the
// base's memory.
//
//     swift run -c release StateBenchmark [folder]
//     swift run -c release StateBenchmark folder large [millions of keys = 10] [MB of memory = 32] [seconds = 60]

/// Keys of 8 bytes and values of 14, spread over 128 key groups: 30 bytes an entry with its header.
private func changes(from first: UInt64, count: Int) -> StateChanges {
    var changes = StateChanges(operatorID: 1)
    fill(&changes, from: first, count: count)
    return changes
}

private func fill(_ changes: inout StateChanges, from first: UInt64, count: Int) {
    changes.withWriter(reservingBytes: count * 32) { writer in
        for i in 0..<UInt64(count) {
            let hash = (first + i) &* 0x9E37_79B9_7F4A_7C15
            writer.begin(KeyGroup(hash: hash, maximumParallelism: 128))
            writer.write(hash)
            writer.endKey()
            writer.write(first + i)
            writer.write(UInt32(1))
            writer.write(UInt16(2))
            writer.endValue()
        }
    }
}

struct Clock {
    let wall = SystemTime().monotonicNanoseconds()
    let cpu = Clock.cpuNanoseconds()

    static func cpuNanoseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    /// Milliseconds since this was made.
    var wallMilliseconds: Double { Double(SystemTime().monotonicNanoseconds() - wall) / 1e6 }
    var cpuMilliseconds: Double { Double(Clock.cpuNanoseconds() - cpu) / 1e6 }
}

func report(_ what: String, _ figures: String) {
    print(what + String(repeating: " ", count: max(1, 44 - what.count)) + figures)
}

func milliseconds(_ value: Double) -> String { "\((value * 100).rounded() / 100) ms" }

private func report(_ what: String, _ clock: Clock) {
    report(what, "\(milliseconds(clock.wallMilliseconds)), CPU \(milliseconds(clock.cpuMilliseconds))")
}

private struct Benchmark {
    let directory: String
    let files = PosixFileSystem()
    let run = RunID(drawnFrom: SystemRandom())
    var number: UInt64 = 0
    var committed = CommittedCheckpoint(number: 0, recordChecksum: 0)

    init(under parent: String) {
        directory = FilePath.join(parent, "state-benchmark-" + String(SystemRandom().next(), radix: 16))
    }

    private func base() -> RocksDBStateBase { RocksDBStateBase(path: directory + "/rocksdb", files: files) }

    func create() throws(StateError) -> StateStore {
        try StateStore.create(directory: directory, run: run, files: files, base: base())
    }

    mutating func commit(_ changes: [StateChanges], to store: StateStore) throws(StateError) {
        committed = try store.append(CheckpointRecord(number: number, run: run, fingerprint: "f"), changes: changes)
        store.committed(committed)
        number += 1
    }

    mutating func reopen(_ what: String) throws(StateError) -> StateStore {
        var clock = Clock()
        let store = StateStore.open(directory: directory, run: run, files: files, base: base())
        _ = try store.recover(to: committed)
        report("recover, " + what, clock)
        clock = Clock()
        var count = 0
        var sum: UInt64 = 0
        try store.restore(operatorID: 1) { _, key, value in
            count += 1
            sum &+= key.loadUnaligned(as: UInt64.self) &+ UInt64(value?.count ?? 0)
        }
        report("restore \(count), " + what, clock)
        precondition(sum != 0, "keys are read")
        return store
    }

    mutating func runAll() throws(StateError) {
        var clock = Clock()
        var store = try create()
        try commit([], to: store)
        report("create, checkpoint 0", clock)
        try materialisations(store)
        store.close()
        store = try reopen("from the base")
        for i in 0..<10 { try commit([changes(from: UInt64(i) * 100_000, count: 100_000)], to: store) }
        store.close()
        store = try reopen("from base and deltas")
        clock = Clock()
        try store.materialise()
        report("materialise 1M overwritten keys", clock)
        store.close()
        store = try reopen("after that")
        report("on disk", "\(try store.sizeBytes() >> 20) MB")
        store.close()
    }

    mutating func runCommits() throws(StateError) {
        let store = try create()
        defer { store.close() }
        for (count, rounds) in [(100_000, 100), (1000, 200), (1, 200)] {
            var built: [Double] = []
            var appended: [Double] = []
            var reused = StateChanges(operatorID: 1)
            for _ in 0..<rounds {
                reused.removeAll()
                var clock = Clock()
                fill(&reused, from: 0, count: count)
                built.append(clock.wallMilliseconds)
                clock = Clock()
                try commit([reused], to: store)
                appended.append(clock.wallMilliseconds)
            }
            try store.materialise()
            built.sort()
            appended.sort()
            report("build \(count) entries, p50", milliseconds(built[rounds / 2]))
            report(
                "append and sync \(count) entries, p50 / p90",
                milliseconds(appended[rounds / 2]) + " / " + milliseconds(appended[rounds * 9 / 10]))
        }
    }

    private mutating func materialisations(_ store: StateStore) throws(StateError) {
        for i in 0..<10 { try commit([changes(from: UInt64(i) * 100_000, count: 100_000)], to: store) }
        let clock = Clock()
        try store.materialise()
        report("materialise 1M keys", clock)
    }
}

private func main() throws {
    let parent = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "."
    if CommandLine.arguments.count > 2, CommandLine.arguments[2] == "large" {
        let numbers = CommandLine.arguments.dropFirst(3).map { Int($0) ?? 0 }
        try LargeState(under: parent, numbers + [10, 32, 60].dropFirst(numbers.count)).measure()
        return
    }
    var commits = Benchmark(under: parent)
    defer { remove(commits.directory) }
    try commits.runCommits()
    var restarts = Benchmark(under: parent)
    defer { remove(restarts.directory) }
    try restarts.runAll()
}

func remove(_ path: String) {
    let files = PosixFileSystem()
    do throws(FileError) {
        if try files.status(path)?.isDirectory == true {
            for name in try files.list(path) { remove(FilePath.join(path, name)) }
        }
        try files.remove(path)
    } catch {
        print("left behind: \(error)")
    }
}

try main()

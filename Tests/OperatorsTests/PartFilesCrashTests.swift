import CommitLog
import HostSystem
import Operators
import Simulation
import Testing

/// A sink's worker that dies again and again, the journal that outlives it, and a consumer who takes finished files.
private struct MortalSink {
    struct Wrong: Error, CustomStringConvertible {
        var description: String
    }

    let disk: SimulatedDisk
    let safeguards: Safeguards
    private let run: RunID
    private let folder = "out/clicks"
    private let rolling = RollingPolicy(fileSizeBytes: 12, rolloverMilliseconds: 5, inactivityMilliseconds: 3)
    private var random: SplitMix64
    private var committed: (state: [UInt8], rows: [Int])?
    private var taken: Set<Int> = []
    private var nextRow = 0
    private var now: Int64 = 0

    init(seed: UInt64, safeguards: Safeguards) {
        disk = SimulatedDisk(seed: seed)
        self.safeguards = safeguards
        random = SplitMix64(seed: seed &+ 1)
        run = RunID(high: seed, low: 1)
    }

    /// Lives some lives, the last one without faults. Throws what a user would call a bug.
    mutating func live() throws {
        for _ in 0..<(3 + random.below(4)) {
            let plan = FaultPlan(drawnFrom: &random, within: 40, kills: true, powerLoss: true, errors: true)
            try live(disk.start(plan), epochs: 8)
            if random.oneIn(4) { disk.losePower() }
            try check(isEnd: false)
        }
        try live(disk.start(), epochs: 0)
        try check(isEnd: true)
    }

    /// `epochs` 0: only the last one, which closes everything.
    private mutating func live(_ files: SimulatedFileSystem, epochs: Int) throws {
        defer { files.kill() }
        do throws(PartFileError) {
            let parts = try start(files)
            for _ in 0..<random.below(epochs + 1) {
                guard try runEpoch(parts, closing: random.oneIn(5)) else { return }
                try takeOne()
            }
            if epochs > 0 { return }
            _ = try runEpoch(parts, closing: true)
            while try parts.renameNextPending() {}
            try parts.syncFolder()
        } catch .file {
            return
        } catch .poisoned {
            return
        } catch {
            throw Wrong(description: "\(error)")
        }
    }

    private mutating func start(_ files: SimulatedFileSystem) throws(PartFileError) -> PartFiles {
        guard let committed else {
            let parts = try PartFiles.begin(
                folder: folder, subtask: 0, run: run, files: files, rolling: rolling, safeguards: safeguards)
            self.committed = (try parts.prepare(closing: false, nowMilliseconds: now), [])
            try parts.committed()
            return parts
        }
        return try PartFiles.recover(
            folder: folder, state: committed.state, files: files, rolling: rolling, safeguards: safeguards)
    }

    /// False where the worker dies around the journal's entry.
    private mutating func runEpoch(_ parts: PartFiles, closing: Bool) throws(PartFileError) -> Bool {
        var rows: [Int] = []
        for _ in 0..<random.below(6) {
            now += Int64(random.below(3))
            rows.append(nextRow)
            let line = Array("\(nextRow)\n".utf8)
            nextRow += 1
            try line.span.bytes.withUnsafeBytes { (raw) throws(PartFileError) in
                try parts.write(raw, atMilliseconds: now)
            }
        }
        let state = try parts.prepare(closing: closing, nowMilliseconds: now)
        if random.oneIn(8), !closing { return false }
        committed = (state, (committed?.rows ?? []) + rows)
        if random.oneIn(8), !closing { return false }
        parts.acknowledgeCommit()
        // In the background: at any time before the next epoch's end, or after it.
        while !random.oneIn(3) {
            guard try parts.renameNextPending() else { break }
            if random.oneIn(4) { try takeOne() }
        }
        if !random.oneIn(3) { try parts.syncFolder() }
        return true
    }

    private mutating func takeOne() throws(PartFileError) {
        guard random.oneIn(6) else { return }
        let consumer = disk.start()
        defer { consumer.kill() }
        do throws(FileError) {
            let names = try consumer.list(folder).filter { $0.hasPrefix("part-") }
            guard !names.isEmpty else { return }
            let path = folder + "/" + names[random.below(names.count)]
            taken.formUnion(try rows(of: path, consumer))
            try consumer.remove(path)
        } catch {
            throw .file(error)
        }
    }

    private func rows(_ bytes: [UInt8]) -> [Int] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { Int($0) ?? -1 }
    }

    private func rows(of path: String, _ files: SimulatedFileSystem) throws(FileError) -> [Int] {
        rows(try files.readAll(path))
    }

    private func check(isEnd: Bool) throws {
        let reader = disk.start()
        defer { reader.kill() }
        guard try reader.exists(folder) else { return }
        let names = try reader.list(folder).filter { $0.hasPrefix("part-") }.sorted()
        let visible = try names.flatMap { try rows(of: folder + "/" + $0, reader) }
        let known = committed?.rows ?? []
        if visible != visible.sorted() || Set(visible).count != visible.count {
            throw Wrong(description: "rows out of order or twice: \(visible)")
        }
        if let strange = visible.first(where: { !known.contains($0) }) {
            throw Wrong(description: "row \(strange) was never committed")
        }
        if isEnd, let lost = known.first(where: { !visible.contains($0) && !taken.contains($0) }) {
            throw Wrong(description: "committed row \(lost) is lost")
        }
        let hidden = try reader.list(folder).filter { $0.hasPrefix(".part-") }
        if isEnd, !hidden.isEmpty { throw Wrong(description: "left behind: \(hidden)") }
    }
}

/// What is visible after any crash is what was committed; and each rule is missed when it is taken out.
@Suite struct PartFilesCrashTests {
    @Test func filesSurviveEveryCrash() {
        for seed in UInt64(0)..<400 {
            var sink = MortalSink(seed: seed, safeguards: .all)
            #expect(throws: Never.self, "seed \(seed)") { try sink.live() }
        }
    }

    @Test(arguments: [
        ("partsync", Safeguards.partsync), ("dirsync", .dirsync), ("pendsync", .pendsync), ("delete", .delete),
        ("openlen", .openlen), ("donesync", .donesync), ("taken", .taken), ("failstop", .failstop),
    ])
    func aMissingRuleIsNoticed(name: String, rule: Safeguards) {
        let seeds = UInt64(0)..<3000
        let caught = seeds.first { seed in
            var sink = MortalSink(seed: seed, safeguards: .all.subtracting(rule))
            do {
                try sink.live()
                return false
            } catch {
                print("without \(name): seed \(seed): \(error)")
                return true
            }
        }
        #expect(caught != nil, "nobody misses \(name)")
    }
}

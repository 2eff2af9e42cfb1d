// The epoch commit under fire: one seed gives the data, the schedule and the faults, and drives the real journal, delta
// log, state store and part files as one worker that dies and comes back, on one machine that fails. Beside it another
// process commits to the same journal, a consumer takes finished files away, and somebody puts files of his own in the
// way. `EpochTruth` judges after every recovery, after every death, and at the end.

import CommitLog
import HostSystem
import KeyedState
import Operators

package struct EpochSimulation {
    package struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
        package var seed: UInt64
        package var life: Int
        package var description: String
    }

    /// What may happen in this seed's run: fewer kinds at a time go deeper.
    private struct Weather {
        var kills: Bool
        var powerLosses: Bool
        var errors: Bool
        var takes: Bool
        var foreignFiles: Bool
        var otherWriter: Bool

        init(_ random: inout SplitMix64) {
            powerLosses = !random.oneIn(4)
            kills = random.oneIn(2) || !powerLosses
            errors = random.oneIn(2)
            takes = random.oneIn(3)
            foreignFiles = random.oneIn(4)
            otherWriter = random.oneIn(3)
        }
    }

    private let seed: UInt64
    private let safeguards: Safeguards
    private let weather: Weather
    private let rolling: RollingPolicy
    private let journalRollBytes: Int
    private var random: SplitMix64
    private let disk: SimulatedDisk
    private let time = SimulatedTime()
    private var truth = EpochTruth()
    private var storages: [RunID: OrderedMapStorage] = [:]
    private var other: EpochNeighbour?
    private var stamp: UInt64 = 0
    private var life = 0

    private init(seed: UInt64, safeguards: Safeguards) {
        self.seed = seed
        self.safeguards = safeguards
        random = SplitMix64(seed: seed)
        weather = Weather(&random)
        rolling = RollingPolicy(
            fileSizeBytes: 10 + random.below(100), rolloverMilliseconds: Int64(100 + random.below(1000)),
            inactivityMilliseconds: 1_000_000)
        journalRollBytes = 300 + random.below(2000)
        disk = SimulatedDisk(seed: random.next())
    }

    /// Returns what went wrong, nil where nothing did. `trace` is given what the processes did to the disk.
    package static func run(
        seed: UInt64, safeguards: Safeguards = .all, trace: (([String]) -> Void)? = nil
    ) -> Violation? {
        var simulation = EpochSimulation(seed: seed, safeguards: safeguards)
        do throws(EpochFailure) {
            try simulation.disk.traced(to: trace) { () throws(EpochFailure) in try simulation.run() }
            return nil
        } catch {
            let text =
                switch error {
                case .violation(let text): text
                case .foreignFile(let path): "a file stands in the way at \(path), and nobody has put it there"
                case .world: "without faults the worker fails"
                }
            return Violation(seed: seed, life: simulation.life, description: text)
        }
    }

    private mutating func run() throws(EpochFailure) {
        let lives = 3 + random.below(5)
        while life < lives {
            life += 1
            let faults = FaultPlan(
                drawnFrom: &random, within: 40 + random.below(160), kills: weather.kills,
                powerLoss: weather.powerLosses, errors: weather.errors)
            try live(disk.start(faults))
            if weather.powerLosses && random.oneIn(5) { disk.losePower() }
            try look()
        }
        life += 1
        try liveInPeace()
    }

    /// One life with faults: it ends in a death, or in peace after some epochs.
    private mutating func live(_ files: SimulatedFileSystem) throws(EpochFailure) {
        defer { files.kill() }
        do throws(EpochFailure) {
            var worker = try start(files)
            for _ in 0..<(1 + random.below(6)) { try runEpoch(&worker) }
        } catch {
            switch error {
            case .world: return
            case .violation: throw error
            case .foreignFile(let path):
                guard truth.foreign[path] != nil else { throw error }
                try look()
                try removeForeign(path)
            }
        }
    }

    /// The last life meets no faults: everything that was committed comes out.
    private mutating func liveInPeace() throws(EpochFailure) {
        for path in truth.foreign.keys.sorted() { try removeForeign(path) }
        var run: RunID?
        for _ in 0..<2 {
            let files = disk.start()
            defer { files.kill() }
            var worker = try start(files)
            run = worker.run
            try worker.processRow(stamp: nextStamp(), now: now())
            try worker.prepare(closing: true, now: now())
            try worker.appendDelta()
            try worker.commit(&truth)
            while try worker.publishNext() {}
            for sink in EpochTruth.folders.indices { try worker.syncFolder(sink) }
            if random.oneIn(2) { try worker.materialise() }
            try truth.checkComplete(files, run: worker.run, open: false)
            if random.oneIn(2) { disk.losePower() }
        }
        guard let run else { return }
        try truth.checkComplete(disk.start(), run: run, open: false)
    }

    private mutating func start(_ files: SimulatedFileSystem) throws(EpochFailure) -> EpochWorker {
        let newRun = RunID(high: random.next(), low: random.next())
        storages[newRun] = OrderedMapStorage()
        let storages = storages
        return try EpochWorker(
            EpochWorker.Machine(
                files: files, time: time, safeguards: safeguards, rolling: rolling,
                journalRollBytes: journalRollBytes, storage: { storages[$0] ?? OrderedMapStorage() }, newRun: newRun),
            &truth)
    }

    private mutating func runEpoch(_ worker: inout EpochWorker) throws(EpochFailure) {
        for _ in 0..<random.below(5) {
            try worker.processRow(stamp: nextStamp(), now: now())
            try besides(&worker)
        }
        try worker.prepare(closing: random.oneIn(3), now: now())
        try besides(&worker)
        try worker.appendDelta()
        try besides(&worker)
        try worker.commit(&truth)
        for _ in 0..<random.below(6) { try besides(&worker) }
    }

    /// What happens at the same time: a step of the background, or somebody else's.
    private mutating func besides(_ worker: inout EpochWorker) throws(EpochFailure) {
        time.advance(milliseconds: Int64(random.below(50)))
        switch random.below(12) {
        case 0, 1: _ = try worker.publishNext()
        case 2: try worker.syncFolder(random.below(EpochTruth.folders.count))
        case 3, 4: try worker.stepMaterialisation()
        case 5 where random.oneIn(4): try worker.materialise()
        case 6 where weather.takes && random.oneIn(2):
            try truth.take(random.below(EpochTruth.folders.count), disk.start())
        case 7 where weather.foreignFiles && random.oneIn(3): try plantForeign(worker)
        case 8 where weather.otherWriter: try actOther()
        case 9 where weather.kills && random.oneIn(8): worker.files.kill()
        case 10 where weather.powerLosses && random.oneIn(8): disk.losePower()
        default: break
        }
    }

    /// As somebody sees it who watches the folders.
    private mutating func look() throws(EpochFailure) {
        let files = disk.start()
        defer { files.kill() }
        try truth.checkVisible(files)
    }

    private mutating func nextStamp() -> UInt64 {
        stamp += 1
        return stamp
    }

    private func now() -> Int64 { time.wallMilliseconds() }

    // MARK: Others

    private mutating func actOther() throws(EpochFailure) {
        if other == nil {
            other = EpochNeighbour(disk: disk, time: time, safeguards: safeguards, rollBytes: journalRollBytes)
        }
        try other?.act(&random, weather.errors || weather.kills)
    }

    /// Puts a file where a part that is now hidden will be published.
    private mutating func plantForeign(_ worker: EpochWorker) throws(EpochFailure) {
        let files = disk.start()
        defer { files.kill() }
        let folder = EpochTruth.folders[random.below(EpochTruth.folders.count)]
        let names = try onDisk { () throws(FileError) in try files.list(folder) }.sorted()
        let hidden = names.compactMap(PartFileName.parse(hidden:)).last { $0.run == worker.run.description }
        guard let hidden else { return }
        let path = FilePath.join(folder, hidden.part.visible)
        if truth.foreign[path] != nil { return }
        let content = Array("somebody else's \(nextStamp())\n".utf8)
        try onDisk { () throws(FileError) in
            let file = try files.open(path, .createNew)
            try file.write(content, at: 0)
            try file.sync()
            try files.syncDirectory(folder)
        }
        truth.foreign[path] = content
    }

    private mutating func removeForeign(_ path: String) throws(EpochFailure) {
        let files = disk.start()
        defer { files.kill() }
        try truth.checkVisible(files)
        truth.foreign[path] = nil
        try onDisk { () throws(FileError) in
            try files.remove(path)
            try files.syncDirectory(FilePath.parent(of: path))
        }
    }
}

import CommitLog
import HostSystem
import Simulation
import Testing

/// Two processes take turns at a partition: they append, sync, roll, merge beside the other, drop, and die at any step. At
/// every moment a reader must find exactly what was published, as it was published.
private struct PartitionRun {
    private struct Process {
        var files: SimulatedFileSystem
        var writer: PartitionWriter?
        var due: SegmentMerge?
        var merged: MergedSegment?
    }

    let machine: PartitionMachine
    private var random: SplitMix64
    private var processes: [Process] = []
    private var reader: PartitionReader
    private var readTo: UInt64 = 0
    private let options: SegmentOptions
    private let givesUp: Bool
    /// Who wrote each published row.
    private var writers: [UInt64] = []
    private var firstKept: UInt64 = 0
    private var turn: UInt64 = 0
    private(set) var crashes = 0
    private(set) var merges = 0
    private(set) var drops = 0

    private var end: UInt64 { UInt64(writers.count) }

    /// - Parameter givesUp: now and then a process ends with rows that it has appended and nobody publishes.
    init(seed: UInt64, faults: [FaultPlan], givesUp: Bool) {
        self.givesUp = givesUp
        machine = PartitionMachine(seed: seed)
        random = SplitMix64(seed: seed)
        options = SegmentOptions(
            compression: ChunkCompression(rawValue: UInt8(random.below(3))) ?? .none,
            rollBytes: 300 + random.below(20_000), rollFrames: 2 + random.below(20))
        reader = machine.reader()
        for plan in faults { processes.append(Process(files: machine.disk.start(plan))) }
    }

    /// How many operations of the first process there were, if it is the one of the beginning.
    private(set) var operations = 0

    mutating func run(turns: Int, plan: (inout SplitMix64) -> FaultPlan) throws(LogError) {
        for _ in 0..<turns {
            turn += 1
            let index = random.below(processes.count)
            var process = processes[index]
            do throws(LogError) {
                try takeTurn(&process)
            } catch {
                switch error {
                case .damaged, .dropped, .notMerged, .unsupportedVersion, .frameTooLarge: throw error
                case .file, .syncFailed, .writerIsOver, .locked: break
                }
                // A process that met an error ends, as one that died.
                process.files.kill()
            }
            processes[index] = process
            for index in processes.indices where processes[index].files.isDead {
                crashes += 1
                processes[index] = Process(files: machine.disk.start(plan(&random)))
            }
            try check()
        }
        operations = processes[0].files.operations
        try checkAtRest()
    }

    private mutating func takeTurn(_ process: inout Process) throws(LogError) {
        if random.oneIn(3) { try merge(&process) }
        let directory = PartitionMachine.directory
        guard let claim = try PartitionClaim.take(directory, files: process.files, wait: false) else {
            Issue.record("nobody else is having a turn")
            return
        }
        if let writer = process.writer {
            try writer.resume(holding: claim, publishedEnd: end, firstKept: firstKept)
        } else {
            process.writer = try PartitionWriter.open(
                holding: claim, directory: directory, partition: PartitionMachine.partition, publishedEnd: end,
                firstKept: firstKept, files: process.files, options: options)
        }
        guard let writer = process.writer else { return }
        for _ in 0...random.below(4) { try act(writer, &process) }
        writer.pause()
    }

    private mutating func act(_ writer: PartitionWriter, _ process: inout Process) throws(LogError) {
        switch random.below(8) {
        case 0: process.due = writer.dueMerge(below: end) ?? process.due
        case 1:
            guard let merged = process.merged else { return }
            process.merged = nil
            merges += 1
            try writer.take(merged)
        case 2 where random.oneIn(3):
            // First the journal says so.
            firstKept += UInt64(random.below(Int(end - firstKept) + 1) / 3)
            drops += 1
            try writer.drop(below: firstKept)
        case 3 where random.oneIn(4): try writer.seal()
        default: try append(writer)
        }
    }

    private mutating func append(_ writer: PartitionWriter) throws(LogError) {
        var written: [UInt64] = []
        for _ in 0..<1 + random.below(6) {
            let count = 1 + random.below(random.oneIn(6) ? 60 : 5)
            let rows = (0..<count).map { LoggedRow(offset: writer.end + UInt64($0), writer: turn) }
            _ = try writer.append(.rows(rows, schemaID: random.oneIn(10) ? 1 : 0))
            written += [UInt64](repeating: turn, count: count)
        }
        // Whoever has the next turn cuts it.
        guard !givesUp || !random.oneIn(8) else { throw .writerIsOver(directory: "") }
        try writer.sync()
        // The journal's entry, which stands from here on.
        writers += written
    }

    private mutating func merge(_ process: inout Process) throws(LogError) {
        guard let due = process.due else { return }
        process.due = nil
        process.merged = nil
        var left = random.oneIn(4) ? random.below(30) : .max
        process.merged = try due.run(
            isAbandoned: {
                left -= 1
                return left < 0
            }, merge: FrameContent.joined)
    }

    // MARK: Checking

    /// A reader that goes on, unless it died with the machine, and one that begins.
    private mutating func check() throws(LogError) {
        readTo = max(readTo, firstKept)
        if random.oneIn(3) {
            do throws(LogError) {
                try compare(reader, readTo)
                readTo = end
            } catch {
                guard case .file = error else { throw error }
                reader = machine.reader()
            }
        }
        try compare(machine.reader(), firstKept + UInt64(random.below(Int(end - firstKept) + 1)))
    }

    private func compare(_ reader: PartitionReader, _ start: UInt64) throws(LogError) {
        if start == end { return }
        let read = ReadRows(reader, start..<end)
        if let failure = read.failure { throw failure }
        let right = (Int(start)..<writers.count).map { LoggedRow(offset: UInt64($0), writer: writers[$0]).value }
        #expect(read.values == right)
    }

    /// All is there, once, and nothing else is.
    private mutating func checkAtRest() throws(LogError) {
        for process in processes { process.files.kill() }
        let writer = try machine.writer(end, firstKept: firstKept, rollBytes: options.rollBytes)
        try compare(machine.reader(), firstKept)
        try writer.mergeSealed(below: end, merge: FrameContent.joined)
        try writer.drop(below: firstKept)
        try compare(machine.reader(), firstKept)
        do {
            let names = try machine.disk.start().list(PartitionMachine.directory)
            #expect(names.allSatisfy { !$0.hasSuffix(".merging") })
            let bases = try machine.segments().compactMap { UInt64($0.split(separator: "/").last?.prefix(20) ?? "") }
            #expect(bases.count < 2 || bases[1] > firstKept, "\(bases), \(firstKept)")
        } catch {
            Issue.record("\(error)")
        }
    }
}

@Suite struct PartitionCrashTests {
    @Test(arguments: 0..<100 as Range<UInt64>)
    func publishedRowsSurviveTheirWriters(seed: UInt64) throws {
        func plan(_ random: inout SplitMix64) -> FaultPlan {
            FaultPlan(drawnFrom: &random, within: 80, kills: true, powerLoss: true, errors: true)
        }
        var random = SplitMix64(seed: seed)
        var run = PartitionRun(seed: seed, faults: [plan(&random), plan(&random)], givesUp: true)
        do {
            try run.run(turns: 60, plan: plan)
        } catch {
            Issue.record("seed \(seed): \(error)")
        }
        #expect(run.crashes > 0, "seed \(seed)")
    }

    /// One process's life, ended at each of its steps in each way; another one goes on.
    @Test(arguments: 1000..<1002 as Range<UInt64>)
    func anyStepMayBeTheLast(seed: UInt64) throws {
        func run(_ plan: FaultPlan) throws -> PartitionRun {
            var run = PartitionRun(seed: seed, faults: [plan, .none], givesUp: false)
            do {
                try run.run(turns: 24) { _ in .none }
            } catch {
                Issue.record("seed \(seed), \(plan): \(error)")
            }
            return run
        }
        let whole = try run(.none)
        try #require(whole.operations > 30)
        for operation in 1...whole.operations {
            for moment in Fault.Moment.allCases {
                for kind in [Fault.Kind.kill(moment), .powerLoss(moment)] {
                    _ = try run(FaultPlan([Fault(kind, at: operation)]))
                }
            }
        }
    }
}

import Foundation
import Glibc
import HostSystem
import TestSupport
import Testing

// Two producers, a job and two readers over one topic, all at once, as processes. Each is killed, or stopped and continued
// later, in and around what it does to the log and the journal, and started again. At the end every row was published once,
// every reader has seen the same rows in the same order, from the beginning of its life, and the job's table is right.
//
// SLUICE_KILLS=n for more kills and stops, SLUICE_SEED=n for other ones.

@Suite(.serialized) struct LogKillTests {
    @Test func everyoneSeesTheSameWhoeverIsKilledOrStopped() throws {
        let settings = ProcessInfo.processInfo.environment
        let wanted = settings["SLUICE_KILLS"].flatMap { Int($0) } ?? 30
        let seed = settings["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix64(seed: seed)
        var faults = 0
        for _ in 0..<wanted where faults < wanted {
            let stage = try Stage(&random, "seed \(seed), \(faults) faults before")
            try stage.play(&random, faultsLeft: wanted - faults)
            try stage.check()
            faults += stage.faults
        }
        #expect(faults >= wanted, "seed \(seed)")
    }
}

/// One data directory, and who works on it.
private final class Stage {
    private static let linesPerProducer = 2000
    private static let turns = 60_000

    private let workspace: Workspace
    private let actors: [Actor]
    private var producers: ArraySlice<Actor> { actors[..<2] }
    private var job: Actor { actors[2] }
    private var readers: ArraySlice<Actor> { actors[3...] }
    private var query: ChildProcess?
    private(set) var faults = 0
    private let label: String

    init(_ random: inout SplitMix64, _ label: String) throws {
        self.label = label
        workspace = try Workspace()
        try workspace.write(
            """
            CREATE TABLE events (name STRING, amount BIGINT) WITH ('connector' = 'log', 'topic' = 'events');
            CREATE TABLE totals (name STRING NOT NULL, n BIGINT, total BIGINT, PRIMARY KEY (name) NOT ENFORCED)
              WITH ('connector' = 'log', 'topic' = 'totals', 'sink.partitions' = '2');
            INSERT INTO totals SELECT name, COUNT(*), SUM(amount) FROM events WHERE name IS NOT NULL GROUP BY name;
            """, to: "totals.sql")
        for name in ["a", "b"] {
            let lines = (0..<Self.linesPerProducer).map { Self.line(name, $0) + "\n" }.joined()
            try workspace.write(lines, to: name + ".jsonl")
        }
        actors =
            ["a", "b"].map { name in
                let batch = "\(40 + random.below(200))"
                return Actor(
                    .producer, ["topic", "produce", "events", name + ".jsonl", "--id", name, "--batch-rows", batch])
            }
            + [
                Actor(
                    .job,
                    [
                        "run", "totals.sql", "--parallelism", "\(1 + random.below(2))", "-D",
                        "execution.checkpointing.interval=5ms",
                    ])
            ]
            + [0, 1].map { Actor(.reader, ["topic", "consume", "events", "--from-beginning", "-p", "\($0)"]) }
        try run("topic", "create", "events", "--schema", "name STRING, amount BIGINT", "-p", "2")
    }

    private static func line(_ name: String, _ number: Int) -> String {
        "{\"name\":\"\(name)\(number % 100)\",\"amount\":\(number)}"
    }

    @discardableResult
    private func run(_ arguments: String...) throws -> String {
        let run = try SluiceRun(SluiceRun.start(arguments + ["--data", "state"], in: workspace))
        #expect(run.ending == .exit(0), "\(label): \(arguments): \(run.messages)")
        return run.output
    }

    // MARK: Playing

    /// Until the producers have come to their end, and the others have all they published.
    func play(_ random: inout SplitMix64, faultsLeft: Int) throws {
        for actor in actors { try actor.start(in: workspace, &random, isSpared: faults >= faultsLeft) }
        for _ in 0..<Self.turns {
            for actor in actors {
                faults += try actor.step(&random)
                try actor.startAgain(in: workspace, &random, isSpared: faults >= faultsLeft)
            }
            if let problem = actors.lazy.compactMap(\.problem).first {
                Issue.record("\(label): \(problem)")
                break
            }
            if producers.allSatisfy(\.isOver), try isAllSeen() { break }
        }
        for actor in actors[2...] { try actor.end() }
    }

    /// Asks beside the others: one of them may be stopped, and hold what the query waits for.
    private func isAllSeen() throws -> Bool {
        guard let asked = query else {
            let count = readers.reduce(0) { $0 + $1.lines.count }
            guard count >= 2 * Self.linesPerProducer else { return false }
            query = try SluiceRun.start(
                ["sql", "--output", "csv", "-e", "SELECT SUM(n) AS n FROM totals", "--data", "state"], in: workspace)
            return false
        }
        guard let ending = try asked.ending(withinMilliseconds: 0) else { return false }
        query = nil
        // Before the job has begun there is no such table.
        return ending == .exit(0) && asked.outputText.contains("\n\(2 * Self.linesPerProducer)\n") && job.isRunning
    }

    // MARK: Checking

    func check() throws {
        var all: [String] = []
        for (partition, reader) in readers.enumerated() {
            let text = try run("topic", "consume", "events", "--from-beginning", "--until-end", "-p", "\(partition)")
            let lines = text.split(separator: "\n").map(String.init)
            all += lines
            for life in reader.lives + [reader.lines] {
                #expect(life.elementsEqual(lines.prefix(life.count)), "\(label): a reader of partition \(partition)")
            }
        }
        let expected = ["a", "b"].flatMap { name in (0..<Self.linesPerProducer).map { Self.line(name, $0) } }
        #expect(all.sorted() == expected.sorted(), "\(label)")
        let table = try run("sql", "--output", "csv", "-e", "SELECT name, n, total FROM totals")
        #expect(table.split(separator: "\n").dropFirst().map(String.init).sorted() == Self.table().sorted(), "\(label)")
    }

    private static func table() -> [String] {
        ["a", "b"].flatMap { name in
            (0..<100).map { key in
                let numbers = stride(from: key, to: linesPerProducer, by: 100)
                return "\(name)\(key),\(Array(numbers).count),\(numbers.reduce(0, +))"
            }
        }
    }
}

/// A process that is started again when it was killed.
private final class Actor {
    enum Role { case producer, job, reader }

    private static let points: [Role: [FaultPoint]] = [
        .producer: [.afterSegmentSync, .afterJournalAppend, .beforeJournalSync, .afterJournalSync],
        .job: [
            .afterSegmentSync, .afterDeltaSync, .afterJournalAppend, .beforeJournalSync, .afterJournalSync,
            .afterCommit,
        ],
    ]

    private let role: Role
    private let arguments: [String]
    private var process: ChildProcess?
    /// A reader is killed or stopped when it has read so many lines.
    private var faultAfterLines: (count: Int, signal: Int32)?
    private var turnsStopped = 0
    private var patience = 0
    private(set) var isOver = false
    private(set) var problem: String?
    /// What readers had read when they were killed: whole lines.
    private(set) var lives: [[String]] = []

    init(_ role: Role, _ arguments: [String]) {
        self.role = role
        self.arguments = arguments
    }

    var isRunning: Bool { process != nil }

    var lines: [String] {
        guard let output = process?.outputText, let end = output.lastIndex(of: "\n") else { return [] }
        return output[..<end].split(separator: "\n").map(String.init)
    }

    func start(in workspace: Workspace, _ random: inout SplitMix64, isSpared: Bool) throws {
        var environment: [String: String] = [:]
        let stops = random.below(3) == 0
        faultAfterLines = nil
        if !isSpared, let points = Self.points[role] {
            let point = points[random.below(points.count)].rawValue
            environment["SLUICE_FAULT"] = "\(point):\(1 + random.below(8))" + (stops ? ":stop" : "")
        } else if !isSpared {
            faultAfterLines = (1 + random.below(2000), stops ? SIGSTOP : SIGKILL)
        }
        process = try SluiceRun.start(arguments + ["--data", "state"], in: workspace, environment: environment)
    }

    func startAgain(in workspace: Workspace, _ random: inout SplitMix64, isSpared: Bool) throws {
        if process == nil, !isOver { try start(in: workspace, &random, isSpared: isSpared) }
    }

    /// Looks after it for a moment. Returns how many faults have happened.
    func step(_ random: inout SplitMix64) throws -> Int {
        guard let process else { return 0 }
        if process.isStopped {
            // The others have that many moments, or wait for it.
            if turnsStopped == 0 { patience = 1 + random.below(40) }
            turnsStopped += 1
            guard turnsStopped > patience else { return 0 }
            turnsStopped = 0
            process.send(SIGCONT)
            return 1
        }
        if let fault = faultAfterLines, process.output.count(where: { $0 == 0x0A }) >= fault.count {
            process.send(fault.signal)
            faultAfterLines = nil
        }
        guard let ending = try process.ending(withinMilliseconds: 1) else { return 0 }
        if role == .reader { lives.append(lines) }
        self.process = nil
        switch ending {
        case .signal(SIGKILL): return 1
        case .exit(0) where role == .producer: isOver = true
        default: problem = "\(arguments): \(ending) \(process.messageText)"
        }
        return 0
    }

    func end() throws {
        guard let process else { return }
        process.send(SIGTERM)
        var ended: ChildProcess.Ending?
        while ended == nil {
            if process.isStopped { process.send(SIGCONT) }
            ended = try process.ending(withinMilliseconds: 10)
        }
        // A kill may have been on its way.
        guard let ending = ended, ending != .signal(SIGKILL) else { return }
        let isRight = ending == (role == .job ? .exit(0) : .signal(SIGTERM))
        #expect(isRight, "\(arguments): \(ending) \(process.messageText)")
    }
}

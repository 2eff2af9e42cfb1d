import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// One data directory: producers that go on, a job whose versions come and go, readers of what it publishes, and a server
/// that is killed with its workers at seeded moments of all that.
final class DeploymentStage {
    private enum Doing {
        case nothing
        case asking(ChildProcess)
        case commanding(String, ChildProcess, deathsBefore: Int)
    }

    private static let turns = 120_000
    private static let largestBatch = 24
    private static let rowsAtMost = 60_000

    private let workspace: Workspace
    private let log: CommitLogAccess
    private let producers: [TopicProducer]
    private let server: DeployedServer
    private var payments = Payments()
    private var totals: TotalsReader?
    private var large: LargeReader?
    private var tag = 0
    private var doing = Doing.nothing
    private var turnsToKill: Int?
    private var kills = 0
    /// What was asked for, and what happened meanwhile: for messages.
    private(set) var story: String
    /// Who was live, one after the other.
    private var lives: [UInt32] = []
    private var generation: UInt64?

    init(_ label: String) throws {
        story = label
        workspace = try Workspace()
        let topic = try SluiceRun(
            "topic", "create", "payments", "--schema", "id BIGINT, k BIGINT, amount BIGINT", "-p",
            "\(VersionedTotals.partitions)", "--data", "state", in: workspace)
        #expect(topic.ending == .exit(0), "\(topic.messages)")
        let directory = try DataDirectory(workspace.path + "/state", files: PosixFileSystem())
        let journal = try Journal.open(directory: directory.journal, files: directory.files, time: SystemTime())
        let log = CommitLogAccess(journal: journal, directory: directory, time: SystemTime())
        self.log = log
        producers = try (0..<VersionedTotals.partitions).map { try TopicProducer("payments", partition: $0, in: log) }
        server = DeployedServer("state", in: workspace)
    }

    private var deaths: Int { kills + server.deaths }

    // MARK: Playing

    /// Until so many kills have happened, and then until all is quiet.
    /// - Returns: how many there were.
    func play(_ random: inout SplitMix64, kills wanted: Int) throws -> Int {
        try server.start(&random, isSpared: false)
        for _ in 0..<Self.turns {
            if deaths >= wanted, case .nothing = doing { break }
            try turn(&random, isSpared: deaths >= wanted)
            try command(&random, isSpared: deaths >= wanted)
        }
        if deaths < wanted { throw PublishedMistake("\(deaths) kills of \(wanted), and no more: \(server.story)") }
        try settle(&random)
        return deaths
    }

    private func turn(_ random: inout SplitMix64, isSpared: Bool) throws {
        try server.step(&random, isSpared: isSpared)
        if let problem = server.problem { throw PublishedMistake(problem) }
        if random.oneIn(3), payments.counts.reduce(0, +) < Self.rowsAtMost { try produce(&random) }
        try followRoles()
        try totals?.read(payments, known: 1...max(1, tag))
        try large?.read()
        guard let left = turnsToKill else { return }
        turnsToKill = left > 0 ? left - 1 : nil
        if left == 0 { try kill(&random) }
    }

    private func produce(_ random: inout SplitMix64) throws {
        let partition = random.below(producers.count)
        try producers[partition].append(payments.next(1 + random.below(Self.largestBatch), in: partition))
        try producers[partition].publish()
    }

    private func followRoles() throws {
        guard let deployment = try log.settled().deployments[VersionedTotals.job] else { return }
        if totals == nil { (totals, large) = (try TotalsReader(log), try LargeReader(log)) }
        guard deployment.generation != generation else { return }
        guard deployment.generation == generation.map({ $0 + 1 }) ?? 0 else {
            throw PublishedMistake("generation \(deployment.generation) after \(generation ?? 0)")
        }
        generation = deployment.generation
        lives.append(deployment.live)
        story += "\n  version \(deployment.live) is live"
    }

    private func kill(_ random: inout SplitMix64) throws {
        let victim = DeployedServer.Victim.allCases[random.below(DeployedServer.Victim.allCases.count)]
        guard try server.kill(victim, live: lives.last.map { Int($0) }) else { return }
        story += "\n  killed: \(victim)"
        // The server's own deaths are counted where they are seen.
        switch victim {
        case .live, .shadow, .workers: kills += 1
        case .server, .serverAndLive, .everybody: break
        }
    }

    private func planKill(_ random: inout SplitMix64, oneIn: Int) {
        guard turnsToKill == nil, random.oneIn(oneIn) else { return }
        turnsToKill = random.below(1 << random.below(9))
    }

    // MARK: Commands

    private func command(_ random: inout SplitMix64, isSpared: Bool) throws {
        switch doing {
        case .nothing:
            doing = .asking(try start(["status", VersionedTotals.job, "--output", "json"]))
            if !isSpared { planKill(&random, oneIn: 16) }
        case .asking(let process):
            guard let ending = try process.ending(withinMilliseconds: 0) else { return }
            doing = .nothing
            guard let words = try next(&random, ending, process) else { return }
            if !isSpared { planKill(&random, oneIn: 2) }
            story += "\n\(words.joined(separator: " "))"
            doing = .commanding(words[0], try start(words), deathsBefore: deaths)
        case .commanding(let name, let process, let deathsBefore):
            guard let ending = try process.ending(withinMilliseconds: 0) else { return }
            doing = .nothing
            try check(name, ending, process, wasDisturbed: deaths > deathsBefore)
        }
    }

    private func start(_ words: [String]) throws -> ChildProcess {
        try SluiceRun.start(words + ["--data", "state"], in: workspace)
    }

    /// By what there is.
    private func next(
        _ random: inout SplitMix64, _ ending: ChildProcess.Ending, _ process: ChildProcess
    ) throws -> [String]? {
        guard ending == .exit(0) else {
            // No server just now, or it knows no such job.
            guard (process.outputText + process.messageText).contains("there is no deployed job") else { return nil }
            return try deploy(&random)
        }
        let status = try JSONValue(parsing: process.output)
        let job = VersionedTotals.job
        guard let candidate = status["candidate"]?.integerValue else {
            let standsBy = (status["versions"]?.arrayValue ?? []).contains {
                $0["state"]?.stringValue == "STANDBY" && $0["worker"]?["phase"]?.stringValue == "running"
            }
            if standsBy, random.oneIn(2) { return ["rollback", job, "--yes", "--force"] }
            return try deploy(&random)
        }
        let version = (status["versions"]?.arrayValue ?? []).first { $0["version"]?.integerValue == candidate }
        switch version?["state"]?.stringValue {
        case "IN_SYNC", "READY", "AUDITING":
            return random.oneIn(5) ? ["abort", job, "--yes"] : ["promote", job, "--yes", "--force"]
        case "FAILED": throw PublishedMistake("the candidate has failed: \(process.outputText)")
        default: return random.oneIn(64) ? ["abort", job, "--yes"] : nil
        }
    }

    private func deploy(_ random: inout SplitMix64) throws -> [String] {
        tag += 1
        let file = "totals-\(tag).sql"
        try workspace.write(VersionedTotals.text(tag: tag), to: file)
        var words = ["deploy", VersionedTotals.job, file, "--cutover-timeout", "2s"]
        if random.oneIn(2) { words += ["--guard", "10ms"] }
        if random.oneIn(4) { words += ["--keep", "300ms"] }
        return words
    }

    /// Of commands whose server is gone: that it was killed may not have been noticed yet.
    private static let excuses = ["no server is running", "ended before it had answered"]

    /// A command may fail where somebody was killed meanwhile; else it says what is in its way.
    private func check(_ name: String, _ ending: ChildProcess.Ending, _ process: ChildProcess, wasDisturbed: Bool)
        throws
    {
        story += "\n  \(ending) \(process.messageText.split(separator: "\n").joined(separator: " | "))"
        switch ending {
        case .exit(0), .exit(4): return
        case .exit(1) where wasDisturbed || Self.excuses.contains(where: process.messageText.contains): return
        default: throw PublishedMistake("\(name) ends with \(ending): \(process.messageText)")
        }
    }

    // MARK: The end

    /// Nobody is killed any more, nothing is produced: until everything that there is has been read.
    private func settle(_ random: inout SplitMix64) throws {
        if server.isFaulty { server.killServer() }
        for _ in 0..<Self.turns {
            try server.step(&random, isSpared: true)
            if let problem = server.problem { throw PublishedMistake(problem) }
            try followRoles()
            try totals?.read(payments, known: 1...max(1, tag))
            try large?.read()
            if case .asking(let process) = doing {
                guard let ending = try process.ending(withinMilliseconds: 0) else { continue }
                doing = .nothing
                if ending == .exit(0), try isQuiet(JSONValue(parsing: process.output)) { return }
            }
            doing = .asking(try start(["status", VersionedTotals.job, "--output", "json"]))
        }
        throw PublishedMistake("no end: \(try log.settled().deployments) \(server.story)")
    }

    private func isQuiet(_ status: JSONValue) throws -> Bool {
        let state = try log.settled()
        guard let deployment = state.deployments[VersionedTotals.job], deployment.openAttempt == nil,
            let live = deployment.versions[deployment.live], live.position?.ofTopics == live.inputs.end(in: state)
        else { return false }
        for version in status["versions"]?.arrayValue ?? [] {
            switch version["state"]?.stringValue {
            case "IN_SYNC", "READY", "GUARDED", "LIVE", "STANDBY":
                guard version["worker"]?["phase"]?.stringValue == "running",
                    version["lagRows"]?.integerValue == 0
                else { return false }
            case "RETIRED", "ABORTED": break
            case "ROLLED_BACK": guard version["worker"]?["phase"]?.stringValue == "stopped" else { return false }
            default: return false
            }
        }
        return true
    }

    /// When all is quiet.
    func check() throws -> DeploymentOutcome {
        let running = try server.workers().map(\.version)
        let ended = try server.end()
        #expect(ended == .exit(0), "\(server.story)")
        #expect(try server.workers().isEmpty, "workers that nobody looks after")
        let totals = try #require(totals)
        let large = try #require(large)
        return DeploymentOutcome(
            directory: workspace.path + "/state", state: try log.settled(), running: running, lives: lives,
            payments: payments, totals: totals, large: large, table: try table())
    }

    private func table() throws -> [String] {
        let run = try SluiceRun(
            "sql", "--output", "csv", "-e", "SELECT k, total, n FROM totals", "--data", "state", in: workspace)
        #expect(run.ending == .exit(0), "\(run.messages)")
        return run.output.split(separator: "\n").dropFirst().map(String.init)
    }

    var serverStory: String { server.story }
}

extension [TopicID] {
    /// Of all that is published.
    fileprivate func end(in state: JournalState) -> InputPosition {
        var ends: [TopicPartition: UInt64] = [:]
        for id in self {
            for (number, partition) in (state.topics[id]?.partitions ?? []).enumerated() {
                ends[TopicPartition(topic: id, partition: UInt32(number))] = partition.publishedEnd
            }
        }
        return InputPosition(ends)
    }
}

import Foundation
import Glibc
import HostSystem
import TestSupport

/// `sluice server` over a data directory, started again whenever it was killed, and the workers that it has.
final class DeployedServer {
    enum Victim: CaseIterable {
        case server, live, shadow, workers, serverAndLive, everybody
    }

    private let workspace: Workspace
    private let directory: String
    private var process: ChildProcess?
    /// It dies by itself somewhere.
    private(set) var isFaulty = false
    /// How often it was killed, by us or by itself.
    private(set) var deaths = 0
    private(set) var problem: String?
    private(set) var messages = ""

    private static let boundSeconds = 900
    private static let points: [FaultPoint] = [
        .afterJournalAppend, .beforeJournalSync, .afterJournalSync, .afterSegmentSync,
    ]
    /// The server's own entries are few: those of commands, and one a second.
    private static let largestFaultCount = 4

    init(_ directory: String, in workspace: Workspace) {
        self.workspace = workspace
        self.directory = directory
    }

    /// - Parameter random: draws whether it is to die by itself; nil: it is not.
    func start(_ random: inout SplitMix64, isSpared: Bool) throws {
        isFaulty = !isSpared && random.oneIn(2)
        let point = Self.points[random.below(Self.points.count)].rawValue
        let fault = "\(point):\(1 + random.below(Self.largestFaultCount))"
        process = try ChildProcess(
            BuiltProducts.program("sluice"), ["server", "--data", directory, "--port", "0"], in: workspace.path,
            environment: isFaulty ? ["SLUICE_FAULT": fault] : [:], boundSeconds: Self.boundSeconds)
    }

    func waitUntilItListens() throws {
        let listens = try process?.read { $0.messageText.contains(#""event":"server started""#) }
        if listens != true { throw PublishedMistake("the server does not listen: \(story)") }
    }

    /// Looks after it for a moment; one that was killed is started again.
    func step(_ random: inout SplitMix64, isSpared: Bool) throws {
        guard let process else { return }
        guard let ending = try process.ending(withinMilliseconds: 1) else { return }
        messages += process.messageText
        self.process = nil
        guard ending == .signal(SIGKILL) else {
            problem = "the server has ended, \(ending): \(messages.suffix(4000))"
            return
        }
        deaths += 1
        try start(&random, isSpared: isSpared)
    }

    var story: String { messages + (process?.messageText ?? "") }

    // MARK: Kills

    /// - Returns: whether there was anybody.
    func kill(_ victim: Victim, live: Int?) throws -> Bool {
        let workers = try workers()
        var chosen = workers.filter { worker in
            switch victim {
            case .server: false
            case .live, .serverAndLive: worker.version == live
            case .shadow: worker.version != live
            case .workers, .everybody: true
            }
        }.map(\.process)
        switch victim {
        case .server, .serverAndLive, .everybody: if let process { chosen.append(process.processID) }
        case .live, .shadow, .workers: break
        }
        for process in chosen { Glibc.kill(process, SIGKILL) }
        return !chosen.isEmpty
    }

    func killServer() { process?.send(SIGKILL) }

    /// Those of this data directory that are alive.
    func workers() throws -> [(version: Int, process: Int32)] {
        let end = workspace.path + "/" + directory
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap {
            name -> (version: Int, process: Int32)? in
            guard let process = Int32(name), let words = Self.commandLine(process), words.count > 4,
                words[1] == "worker", words.contains(where: { $0.hasSuffix(end) }), let at = words[2].lastIndex(of: "@")
            else { return nil }
            return Int(words[2][words[2].index(after: at)...]).map { ($0, process) }
        }
    }

    /// nil: it is gone, or is somebody else's.
    private static func commandLine(_ process: Int32) -> [String]? {
        guard let file = fopen("/proc/\(process)/cmdline", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, file)
        return bytes[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// SIGTERM; its workers end with it.
    func end() throws -> ChildProcess.Ending? {
        guard let process else { return nil }
        process.send(SIGTERM)
        let ending = try process.wait()
        messages += process.messageText
        self.process = nil
        return ending
    }

    deinit {
        // A test that has failed leaves nobody behind.
        process?.send(SIGKILL)
        do { for worker in try workers() { Glibc.kill(worker.process, SIGKILL) } } catch { print("\(error)") }
    }
}

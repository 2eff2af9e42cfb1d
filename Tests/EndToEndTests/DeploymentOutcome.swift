import CommitLog
import Deployment
import Foundation
import HostSystem
import TestSupport
import Testing

/// What a data directory holds when everything is over, and what readers have seen.
struct DeploymentOutcome {
    var directory: String
    var state: JournalState
    /// Versions whose workers ran at the end, once for each process.
    var running: [Int]
    /// Who was live, one after the other.
    var lives: [UInt32]
    var payments: Payments
    var totals: TotalsReader
    var large: LargeReader
    /// As `SELECT * FROM totals` shows it, as CSV.
    var table: [String]

    func check(_ label: String) throws {
        let deployment = try #require(state.deployments[VersionedTotals.job], "\(label)")
        let tags = try Dictionary(
            uniqueKeysWithValues: deployment.versions.keys.map { ($0, try tag(of: $0)) })
        let live = try #require(tags[deployment.live])
        #expect(lives.last == deployment.live, "\(label)")
        #expect(totals.table == payments.table(live), "\(label): what the reader has is version \(deployment.live)'s")
        let rows = totals.table.map { "\($0.key),\($0.value.total),\($0.value.count)" }
        #expect(table.sorted() == rows.sorted(), "\(label): what is selected is what the reader has")
        let order = lives.compactMap { tags[$0] }
        for seen in totals.tags { #expect(Self.follows(seen, order), "\(label): rows of \(seen), live were \(order)") }
        for partition in 0..<VersionedTotals.partitions {
            #expect(large.numbers[partition] == payments.large(partition), "\(label): partition \(partition)")
            let seen = large.tags[partition]
            #expect(Self.follows(seen, order), "\(label): payments of \(seen), live were \(order)")
        }
        try checkCatalog(deployment, label)
    }

    private func tag(of version: UInt32) throws -> Int {
        let path = VersionFolder(VersionName(VersionedTotals.job, version), in: directory).definitionPath
        return try #require(VersionedTotals.tag(of: try String(contentsOfFile: path, encoding: .utf8)))
    }

    /// In the same order, where some may be missing.
    private static func follows(_ seen: [Int], _ order: [Int]) -> Bool {
        var rest = order[...]
        for tag in seen {
            guard let place = rest.firstIndex(of: tag) else { return false }
            rest = rest[place...].dropFirst()
        }
        return true
    }

    // MARK: The catalog

    /// It says of roles what the journal says, and nothing that cannot have been.
    private func checkCatalog(_ deployment: DeploymentState, _ label: String) throws {
        let catalog = try Catalog(dataDirectory: directory)
        defer { catalog.close() }
        var wanted: [Int] = []
        for summary in try catalog.summaries() {
            let number = UInt32(summary.id.number)
            let place = "\(label): \(summary.id) is \(summary.state.rawValue), \(summary.wanted)"
            #expect(summary.state.isPublished == (deployment.live == number), "\(place)")
            if summary.state == .standby { #expect(deployment.previous == number, "\(place)") }
            let isOver = summary.state == .retired || summary.state == .aborted
            #expect(isOver == (deployment.versions[number]?.isRetired ?? true), "\(place)")
            #expect((summary.wanted == .retired) == isOver, "\(place)")
            if isOver {
                let run = VersionFolder(VersionName(VersionedTotals.job, number), in: directory).path + "/run"
                #expect(try !PosixFileSystem().exists(run), "\(place), and its state is there")
            }
            if summary.wanted == .running { wanted.append(summary.id.number) }
        }
        #expect(running.sorted() == wanted.sorted(), "\(label): one worker for each version")
        try checkHistory(catalog, label)
    }

    private func checkHistory(_ catalog: Catalog, _ label: String) throws {
        var states: [VersionID: VersionState] = [:]
        for transition in try catalog.history(of: VersionedTotals.job) {
            let line = "\(label): \(transition)"
            #expect(transition.from == states[transition.version], "\(line)")
            switch transition.by {
            case .user, .server: #expect(transition.to.mayFollow(transition.from), "\(line)")
            case .journal:
                #expect(transition.from != .aborted && transition.from != .retired, "\(line)")
                #expect(Self.statesOfTheJournal.contains(transition.to), "\(line)")
            }
            states[transition.version] = transition.to
        }
    }

    private static let statesOfTheJournal: Set<VersionState> = [
        .live, .guarded, .standby, .rolledBack, .retired, .inSync,
    ]
}

import Deployment
import GRDB
import HostSystem
import TestSupport
import Testing

@Suite struct CatalogTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private func open() throws -> Catalog { try Catalog(dataDirectory: workspace.path) }

    private static func record(_ number: Int, of job: String = "orders") -> VersionRecord {
        var options = DeploymentOptions()
        options.maxLagMilliseconds = 250
        options.guardMilliseconds = 0
        options.keepMilliseconds = .max
        options.cutoverTimeoutMilliseconds = 7
        options.liveLatencyMilliseconds = 200
        options.promotion = .automatic
        options.auditFolder = "audit's"
        return VersionRecord(
            id: VersionID(job, number), sql: "SELECT 'é\r\n\u{1F300}';\n-- ' OR 1=1", fileName: "my \"orders\".sql",
            planFingerprint: ["source: a", "", "sink: \n b"], settings: [Setting("k", "1"), Setting("k", "2")],
            engineVersion: "0.6.0", createdAt: 1_700_000_000_123 + Int64(number), start: .savepoint(path: "sp/one"),
            options: options)
    }

    private static func plain(_ number: Int, of job: String = "orders", _ start: StartMode = .beginning)
        -> VersionRecord
    {
        VersionRecord(
            id: VersionID(job, number), sql: "", fileName: "", planFingerprint: [], engineVersion: "1", createdAt: 5,
            start: start)
    }

    private func step(
        _ number: Int, _ from: VersionState?, _ to: VersionState, by author: Transition.Author = .server,
        position: UInt64? = nil
    ) -> Transition {
        Transition(
            VersionID("orders", number), at: 10, from: from, to: to, reason: "because", by: author,
            journalPosition: position)
    }

    // MARK: Versions

    @Test func aVersionIsReadAsItWasWritten() throws {
        let written = Self.record(3)
        var catalog = try open()
        try catalog.add(written, wanted: .running, reason: "deployed", by: .user(command: "deploy my.sql"))
        #expect(try catalog.version(written.id) == written)
        catalog.close()
        catalog = try open()
        #expect(try catalog.version(written.id) == written)
        #expect(try catalog.versions(of: "orders") == [written])
        #expect(try catalog.version(VersionID("orders", 2)) == nil)
        #expect(try catalog.versions(of: "nobody") == [])
        #expect(try catalog.state(of: written.id) == .planned)
        #expect(
            try catalog.history(of: "orders") == [
                Transition(
                    written.id, at: written.createdAt, from: nil, to: .planned, reason: "deployed",
                    by: .user(command: "deploy my.sql"))
            ])
    }

    @Test(arguments: [StartMode.beginning, .now, .resume, .savepoint(path: "")])
    func startsAreKept(_ start: StartMode) throws {
        let catalog = try open()
        try catalog.add(Self.plain(1, start), wanted: .stopped, reason: "", by: .server)
        #expect(try catalog.version(VersionID("orders", 1))?.start == start)
    }

    @Test func numbersOnlyGrow() throws {
        let catalog = try open()
        #expect(try catalog.newestVersion(of: "orders") == nil)
        for number in [1, 2, 5] {
            try catalog.add(Self.plain(number), wanted: .running, reason: "", by: .server)
        }
        #expect(try catalog.newestVersion(of: "orders") == 5)
        #expect(throws: CatalogError.versionExists(VersionID("orders", 2))) {
            try catalog.add(Self.record(2), wanted: .running, reason: "", by: .server)
        }
        #expect(throws: CatalogError.versionOutOfOrder(VersionID("orders", 4), newest: 5)) {
            try catalog.add(Self.record(4), wanted: .running, reason: "", by: .server)
        }
        #expect(throws: CatalogError.self) {
            try catalog.add(Self.record(0, of: "other"), wanted: .running, reason: "", by: .server)
        }
        // Nothing of what was refused is there.
        #expect(try catalog.versions(of: "orders").map(\.id.number) == [1, 2, 5])
        #expect(try catalog.jobs() == ["orders"])
        #expect(try catalog.history(of: "orders").count == 3)
    }

    @Test func listsSayHowThingsStand() throws {
        let catalog = try open()
        try catalog.add(Self.plain(1), wanted: .running, reason: "a", by: .server)
        try catalog.add(Self.plain(2), wanted: .stopped, reason: "b", by: .server)
        try catalog.add(Self.plain(1, of: "accounts"), wanted: .running, reason: "c", by: .server)
        try catalog.record([step(1, .planned, .live)])
        try catalog.setWanted(.retired, of: VersionID("orders", 2), at: 11)
        #expect(try catalog.jobs() == ["accounts", "orders"])
        let all = try catalog.summaries()
        #expect(all.map(\.id.description) == ["accounts@1", "orders@1", "orders@2"])
        #expect(all.map(\.state) == [.planned, .live, .planned])
        #expect(all.map(\.wanted) == [.running, .running, .retired])
        #expect(all.map(\.since) == [5, 10, 5])
        #expect(all.map(\.reason) == ["c", "because", "b"])
        #expect(try catalog.summaries(of: "orders") == Array(all.dropFirst()))
        #expect(throws: CatalogError.noVersion(VersionID("orders", 9))) {
            try catalog.setWanted(.running, of: VersionID("orders", 9), at: 0)
        }
    }

    @Test func aTextThatWouldBeCutIsRefused() throws {
        let catalog = try open()
        var record = Self.record(1)
        record.sql = "SELECT 1;\0 DROP"
        #expect(throws: CatalogError.unstorable("a job's text with a zero byte in it")) {
            try catalog.add(record, wanted: .running, reason: "", by: .server)
        }
        record = Self.record(1, of: "a\0b")
        #expect(throws: CatalogError.self) { try catalog.add(record, wanted: .running, reason: "", by: .server) }
        #expect(try catalog.jobs() == [])
    }

    // MARK: Transitions

    @Test func transitionsAreWrittenTogetherOrNotAtAll() throws {
        let catalog = try open()
        for number in [1, 2] { try catalog.add(Self.plain(number), wanted: .running, reason: "", by: .server) }
        let (old, new) = (VersionID("orders", 1), VersionID("orders", 2))
        try catalog.record([
            step(1, .planned, .live), step(2, .planned, .catchingUp), step(2, .catchingUp, .inSync),
            step(2, .inSync, .cuttingOver),
        ])
        let before = try catalog.history(of: "orders")
        #expect(throws: CatalogError.stateChanged(old, expected: .guarded, found: .live)) {
            try catalog.record(
                [step(2, .cuttingOver, .guarded), step(1, .guarded, .standby)], wanted: [old: .stopped])
        }
        #expect(throws: CatalogError.notAllowed(old, from: .live, to: .ready)) {
            try catalog.record([step(2, .cuttingOver, .guarded), step(1, .live, .ready)])
        }
        #expect(throws: CatalogError.noVersion(VersionID("orders", 3))) {
            try catalog.record([step(2, .cuttingOver, .guarded), step(3, .live, .standby)])
        }
        #expect(throws: CatalogError.self) {
            try catalog.record([step(2, .cuttingOver, .guarded, position: .max)])
        }
        #expect(try catalog.history(of: "orders") == before)
        let cutover = [
            step(2, .cuttingOver, .guarded, by: .journal, position: UInt64(Int64.max)),
            step(1, .live, .standby, by: .user(command: "promote --force")),
        ]
        try catalog.record(cutover, wanted: [old: .stopped])
        #expect(try catalog.history(of: "orders") == before + cutover)
        #expect(try catalog.history(of: "orders", number: 1).map(\.to) == [.planned, .live, .standby])
        #expect(try catalog.history(of: "orders", newest: 2) == cutover)
        #expect(try catalog.state(of: new) == .guarded)
        #expect(try catalog.summaries().map(\.wanted) == [.stopped, .running])
    }

    @Test func theJournalHasTheLastWord() throws {
        let catalog = try open()
        try catalog.add(Self.plain(1), wanted: .running, reason: "", by: .server)
        #expect(throws: CatalogError.self) { try catalog.record([step(1, .planned, .standby)]) }
        try catalog.record([step(1, .planned, .standby, by: .journal, position: 7)])
        #expect(try catalog.state(of: VersionID("orders", 1)) == .standby)
    }

    @Test func whatIsWrittenStays() throws {
        let catalog = try open()
        try catalog.add(Self.record(1), wanted: .running, reason: "", by: .server)
        try catalog.add(Self.record(2), wanted: .running, reason: "", by: .server)
        try catalog.add(Self.audit(at: 1))
        let raw = try DatabaseQueue(path: catalog.path)
        for table in ["versions", "version_plan", "version_settings", "transitions", "audits"] {
            for sql in ["UPDATE \(table) SET job = 'x'", "DELETE FROM \(table)"] {
                #expect(throws: DatabaseError.self, "\(sql)") { try raw.write { try $0.execute(sql: sql) } }
            }
        }
    }

    // MARK: Audits and exits

    private static func audit(at: Int64, verdict: AuditRecord.Verdict = .warn) -> AuditRecord {
        AuditRecord(
            job: "orders", oldVersion: 1, newVersion: 2, oldPosition: 17, newPosition: 18, verdict: verdict,
            text: "2 rows\nchanged", json: #"{"changed":2}"#, at: at, by: .user(command: "audit"))
    }

    @Test func auditsAreKeptWithTheVersion() throws {
        let catalog = try open()
        #expect(throws: CatalogError.noVersion(VersionID("orders", 1))) { try catalog.add(Self.audit(at: 1)) }
        for number in [1, 2] { try catalog.add(Self.plain(number), wanted: .running, reason: "", by: .server) }
        let audits = [Self.audit(at: 1), Self.audit(at: 2, verdict: .fail), Self.audit(at: 3, verdict: .pass)]
        for audit in audits { try catalog.add(audit) }
        #expect(try catalog.audits(of: VersionID("orders", 2)) == audits.reversed())
        #expect(try catalog.audits(of: VersionID("orders", 2), newest: 1) == [audits[2]])
        #expect(try catalog.audits(of: VersionID("orders", 1)) == [])
    }

    @Test func theNewestExitsAreKept() throws {
        let catalog = try open()
        for number in [1, 2] { try catalog.add(Self.plain(number), wanted: .running, reason: "", by: .server) }
        let (one, two) = (VersionID("orders", 1), VersionID("orders", 2))
        let endings = [WorkerEnding.exit(3), .signal(11), .unseen, .notStarted(2)]
        for index in 0..<(Catalog.keptExits + 7) {
            try catalog.add(
                WorkerExit(one, at: Int64(index), ending: endings[index % 4], lastLines: ["a", "", "\(index)"]))
        }
        try catalog.add(WorkerExit(two, at: 1, ending: .exit(255), lastLines: []))
        let kept = try catalog.exits(of: one)
        #expect(kept.count == Catalog.keptExits)
        #expect(kept.map(\.at) == (7..<Int64(Catalog.keptExits + 7)).reversed())
        #expect(kept.allSatisfy { $0.ending == endings[Int($0.at) % 4] && $0.lastLines == ["a", "", "\($0.at)"] })
        #expect(try catalog.exits(of: one, newest: 2) == Array(kept.prefix(2)))
        #expect(try catalog.exits(of: two) == [WorkerExit(two, at: 1, ending: .exit(255), lastLines: [])])
    }

    @Test func linesOfLogsMayHoldAnything() throws {
        let catalog = try open()
        try catalog.add(Self.plain(1), wanted: .running, reason: "", by: .server)
        let id = VersionID("orders", 1)
        try catalog.add(WorkerExit(id, at: 0, ending: .unseen, lastLines: ["a\0b", "c\nd", "\u{FFFD}"]))
        #expect(try catalog.exits(of: id)[0].lastLines == ["a\u{FFFD}b", "c d", "\u{FFFD}"])
    }
}

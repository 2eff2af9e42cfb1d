import Deployment
import GRDB
import HostSystem
import TestSupport
import Testing

/// What opening finds.
@Suite struct CatalogFileTests {
    private let workspace: Workspace

    init() throws { workspace = try Workspace() }

    private var path: String { workspace.path + "/" + Catalog.fileName }

    private func open(_ whenMissing: Catalog.WhenMissing = .make, busySeconds: Int = 5) throws(CatalogError) -> Catalog
    {
        try Catalog(dataDirectory: workspace.path, whenMissing: whenMissing, busySeconds: busySeconds)
    }

    private func filled() throws -> Catalog {
        let catalog = try open()
        for number in 1...20 {
            try catalog.add(
                VersionRecord(
                    id: VersionID("orders", number), sql: String(repeating: "SELECT 1; ", count: 200),
                    fileName: "o.sql",
                    planFingerprint: ["a", "b"], settings: [Setting("k", "v")], engineVersion: "1", createdAt: 1),
                wanted: .running, reason: "deployed", by: .server)
        }
        return catalog
    }

    @Test func oneIsMadeWhereThereIsNone() throws {
        #expect(throws: CatalogError.missing(path: path)) { try open(.refuse) }
        #expect(try workspace.files(under: ".") == [])
        try open().close()
        #expect(try Set(workspace.files(under: ".")) == [Catalog.fileName, Catalog.fileName + ".lock"])
        #expect(try open(.refuse).jobs() == [])
    }

    @Test func whatIsLeftOfOneThatWasBeingMadeIsNoCatalog() throws {
        try workspace.write("SQLite form", to: Catalog.fileName + ".new")
        try workspace.write("half", to: Catalog.fileName + ".new-journal")
        #expect(try open().jobs() == [])
        #expect(!workspace.exists(Catalog.fileName + ".new"))
    }

    @Test func twoHaveItOpen() throws {
        let (one, other) = (try filled(), try open())
        try one.setWanted(.stopped, of: VersionID("orders", 1), at: 2)
        #expect(try other.summaries()[0].wanted == .stopped)
        try other.setWanted(.retired, of: VersionID("orders", 2), at: 2)
        #expect(try one.summaries()[1].wanted == .retired)
    }

    @Test func somebodyHoldsIt() throws {
        let catalog = try filled()
        catalog.close()
        let other = try DatabaseQueue(path: path)
        let impatient = try open(busySeconds: 0)
        try other.inDatabase { db in
            try db.execute(sql: "BEGIN EXCLUSIVE")
            #expect(throws: CatalogError.busy(path: path)) {
                try impatient.setWanted(.stopped, of: VersionID("orders", 1), at: 2)
            }
            #expect(throws: CatalogError.busy(path: path)) { try impatient.jobs() }
            try db.execute(sql: "ROLLBACK")
        }
        #expect(try impatient.jobs() == ["orders"])
    }

    // MARK: Damage

    @Test func anEmptyFileIsNotANewCatalog() throws {
        try workspace.write("", to: Catalog.fileName)
        #expect(throws: CatalogError.damaged(path: path, detail: "the file is empty")) { try open() }
        #expect(try workspace.bytes(of: Catalog.fileName).isEmpty)
    }

    @Test func otherFilesAreRefused() throws {
        try workspace.write(String(repeating: "this is no database at all. ", count: 100), to: Catalog.fileName)
        #expect { try open() } throws: { error in
            if case .damaged = error as? CatalogError { true } else { false }
        }
        try workspace.remove(Catalog.fileName)
        let other = try DatabaseQueue(path: path)
        try other.write { try $0.execute(sql: "CREATE TABLE jobs (name TEXT)") }
        try other.close()
        #expect(
            throws: CatalogError.damaged(path: path, detail: "it is not marked as a catalog of Sluice")
        ) { try open() }
    }

    @Test func aRollbackJournalWithoutItsFileIsDamage() throws {
        try workspace.write("rows", to: Catalog.fileName + "-journal")
        #expect { try open() } throws: { error in
            if case .damaged = error as? CatalogError { true } else { false }
        }
        #expect(!workspace.exists(Catalog.fileName))
    }

    @Test func aNewerSchemaIsRefusedByName() throws {
        try filled().close()
        let raw = try DatabaseQueue(path: path)
        try raw.write { try $0.execute(sql: "PRAGMA user_version = 1000") }
        try raw.close()
        let error = #expect(throws: CatalogError.self) { try open() }
        guard case .newerSchema(_, 1000, _) = error else { return #expect(Bool(false), "\(error as Any)") }
        #expect(error?.failure.kind == .conflict)
        #expect(error?.failure.message == "the catalog '\(path)' has schema version 1000")
    }

    /// Damaged or not seen: never a trap, and never an empty catalog.
    @Test func flippedAndCutFilesAreFoundOut() throws {
        try filled().close()
        let whole = try workspace.bytes(of: Catalog.fileName)
        var random = SplitMix64(seed: 7)
        for round in 0..<200 {
            var bytes = whole
            if round % 10 == 0 {
                bytes.removeLast(1 + random.below(bytes.count - 1))
            } else {
                for _ in 0...random.below(4) { bytes[random.below(bytes.count)] ^= UInt8(1 + random.below(255)) }
            }
            try workspace.write(bytes, to: Catalog.fileName)
            do {
                let catalog = try open()
                defer { catalog.close() }
                let count = try catalog.versions(of: "orders").count + catalog.summaries().count
                _ = try (catalog.history(of: "orders"), catalog.exits(of: VersionID("orders", 1)))
                // A changed letter of a name is still a name.
                #expect(try count > 0 || !catalog.jobs().isEmpty, "seed 7, round \(round)")
            } catch let error as CatalogError {
                switch error {
                case .damaged, .newerSchema, .unreachable: break
                default: Issue.record("seed 7, round \(round): \(error)")
                }
            }
        }
    }

    // MARK: Crashes

    /// What a process that is killed in the middle of a transaction leaves: some pages written, and the rollback journal.
    @Test func aKilledWriterLeavesTheStateBefore() throws {
        let catalog = try filled()
        let before = try catalog.summaries()
        catalog.close()
        let crashed = try Workspace()
        let writer = try DatabaseQueue(path: path)
        try writer.inDatabase { db in
            // So small a cache that changed pages are written before the end.
            try db.execute(sql: "PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN IMMEDIATE")
            for index in 0..<500 {
                try db.execute(
                    sql: "INSERT INTO worker_exits VALUES (NULL, 'orders', 1, ?, 'exit', 1, ?)",
                    arguments: [index, String(repeating: "x", count: 500)])
            }
            try db.execute(sql: "UPDATE workers SET wanted = 'retired'")
            for name in [Catalog.fileName, Catalog.fileName + "-journal"] {
                try crashed.write(try workspace.bytes(of: name), to: name)
            }
            try db.execute(sql: "ROLLBACK")
        }
        let image = try crashed.bytes(of: Catalog.fileName)
        #expect(image.count > 250_000, "pages of the transaction have reached the file")
        let recovered = try Catalog(dataDirectory: crashed.path)
        #expect(try recovered.summaries() == before)
        #expect(try recovered.exits(of: VersionID("orders", 1)) == [])
    }

    /// Somebody has looked at it with a tool, and left another journal mode behind.
    @Test func anotherJournalModeIsTakenBack() throws {
        try filled().close()
        let raw = try DatabaseQueue(path: path)
        try raw.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        try raw.write { try $0.execute(sql: "UPDATE workers SET wanted = 'stopped'") }
        try raw.close()
        let catalog = try open()
        #expect(try catalog.summaries().allSatisfy { $0.wanted == .stopped })
        try catalog.setWanted(.running, of: VersionID("orders", 1), at: 1)
        #expect(!workspace.exists(Catalog.fileName + "-wal"))
    }
}

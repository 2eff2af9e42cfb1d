import CommitLog
import HostSystem
import KeyedState
import Simulation
import TestSupport
import Testing

/// A savepoint is the state of its commit, whole and by itself, whatever becomes of the run.
@Suite struct SavepointTests {
    /// A run over one of the bases, on a real disk.
    private final class Run {
        let kind: StateBaseContractTests.Kind
        let workspace: Workspace
        let files = PosixFileSystem()
        let name: String
        let run: RunID
        private let storage = OrderedMapStorage()
        private(set) var committed = CommittedCheckpoint(number: 0, recordChecksum: 0)
        private var number: UInt64 = 0

        init(_ kind: StateBaseContractTests.Kind, _ name: String, in workspace: Workspace) {
            self.kind = kind
            self.workspace = workspace
            self.name = name
            run = RunID(high: UInt64(name.utf8.first ?? 0), low: 2)
        }

        var directory: String { workspace.path + "/" + name }

        func makeBase() -> any StateBase {
            switch kind {
            case .rocksDB: RocksDBStateBase(path: directory + "/rocksdb", files: files)
            case .orderedMap: OrderedMapStateBase(storage, mergeBytes: 1 << 20)
            }
        }

        func create() throws -> StateStore {
            try StateStore.create(directory: directory, run: run, files: files, base: makeBase())
        }

        func importing(_ path: String) throws -> StateStore {
            try StateStore.importing(
                try SavepointManifest.load(path, files), directory: directory, run: run, files: files, base: makeBase())
        }

        func reopen() throws -> StateStore {
            let store = StateStore.open(directory: directory, run: run, files: files, base: makeBase())
            _ = try store.recover(to: committed)
            return store
        }

        func commit(_ store: StateStore, _ changes: [StateChanges] = []) throws {
            committed = try store.append(.sample(number, run: run), changes: changes)
            store.committed(committed)
            number += 1
        }
    }

    private typealias Kind = StateBaseContractTests.Kind

    @Test(arguments: StateBaseContractTests.Kind.allCases, UInt64(1)...3)
    func aSavepointIsTheStateOfItsCommit(kind: StateBaseContractTests.Kind, seed: UInt64) throws {
        let workspace = try Workspace()
        let old = Run(kind, "old", in: workspace)
        var store = try old.create()
        var epochs = RandomEpochs(random: SplitMix64(seed: seed))
        var random = SplitMix64(seed: seed &+ 100)
        var table: Table = [:]
        var savepoints: [(path: String, table: Table, number: UInt64)] = []
        for epoch in 0..<60 {
            try old.commit(store, epochs.next(&table))
            if random.oneIn(8) {
                let path = workspace.path + "/savepoints/s\(epoch)"
                try store.export(to: path, job: "a job")
                savepoints.append((path, table, old.committed.number))
            }
            if random.oneIn(6) { try store.materialise() }
            if random.oneIn(6) {
                store.close()
                store = try old.reopen()
            }
        }
        try store.materialise()
        store.close()
        #expect(savepoints.count > 2, "seed \(seed)")
        for (i, savepoint) in savepoints.enumerated() {
            let manifest = try SavepointManifest.load(savepoint.path, old.files)
            #expect(manifest.job == "a job" && manifest.run == old.run && manifest.committed.number == savepoint.number)
            #expect(manifest.record == .sample(savepoint.number, run: old.run))
            let new = Run(kind, "new\(i)", in: workspace)
            let imported = try new.importing(savepoint.path)
            #expect(try imported.table(of: RandomEpochs.operators) == savepoint.table, "seed \(seed), savepoint \(i)")
            // The new run goes on by itself, from checkpoint 0.
            var expected = savepoint.table
            for _ in 0..<5 { try new.commit(imported, epochs.next(&expected)) }
            if i % 2 == 0 { try imported.materialise() }
            imported.close()
            let again = try new.reopen()
            #expect(try again.table(of: RandomEpochs.operators) == expected, "seed \(seed), savepoint \(i)")
            again.close()
        }
        // None of the new runs has touched the savepoints, nor the old run.
        for (i, savepoint) in savepoints.enumerated() {
            let imported = try Run(kind, "third\(i)", in: workspace).importing(savepoint.path)
            #expect(try imported.table(of: RandomEpochs.operators) == savepoint.table)
            imported.close()
        }
        let last = try old.reopen()
        #expect(try last.table(of: RandomEpochs.operators) == table)
        last.close()
    }

    private struct Prepared {
        let workspace: Workspace
        let path: String
        let files = PosixFileSystem()

        init(_ kind: StateBaseContractTests.Kind) throws {
            workspace = try Workspace()
            path = workspace.path + "/savepoint"
            let run = Run(kind, "old", in: workspace)
            let store = try run.create()
            try run.commit(store)
            try run.commit(store, [.of([1: "a", 2: "b"])])
            try store.materialise()
            // Two delta files.
            try run.commit(store, [.of([3: "c"])])
            _ = store.beginMaterialisation()
            try run.commit(store, [.of([1: nil, 4: "d"])])
            try store.export(to: path, job: "j")
            store.close()
            try files.removeTree(run.directory)
        }

        func importing(_ kind: StateBaseContractTests.Kind, _ path: String) throws -> [UInt8: String] {
            let run = Run(kind, "new", in: workspace)
            defer { #expect(throws: Never.self) { try files.removeTree(run.directory) } }
            let store = try run.importing(path)
            defer { store.close() }
            return try store.texts()
        }

        /// All files, by their names in the folder.
        func names() throws -> [String] {
            var names = ["manifest"]
            for directory in ["delta", "rocksdb"] {
                names += try files.list(path + "/" + directory).map { directory + "/" + $0 }
            }
            return names.sorted()
        }

        func write(_ bytes: [UInt8], to name: String) throws {
            try files.removeTree(path + "/" + name)
            let file = try files.open(path + "/" + name, .createNew)
            try file.write(bytes, at: 0)
            file.close()
        }
    }

    /// The run is gone, and the folder is a copy elsewhere.
    @Test(arguments: StateBaseContractTests.Kind.allCases)
    func aCopiedFolderIsAsGood(kind: StateBaseContractTests.Kind) throws {
        let prepared = try Prepared(kind)
        let copy = prepared.workspace.path + "/elsewhere/copy"
        for directory in ["delta", "rocksdb"] { try prepared.files.makeDirectories(copy + "/" + directory) }
        for name in try prepared.names() { try prepared.files.copy(prepared.path + "/" + name, to: copy + "/" + name) }
        try prepared.files.removeTree(prepared.path)
        #expect(try prepared.importing(kind, copy) == [2: "b", 3: "c", 4: "d"])
    }

    @Test(arguments: StateBaseContractTests.Kind.allCases)
    func whatIsMissingOrCutIsTold(kind: StateBaseContractTests.Kind) throws {
        let prepared = try Prepared(kind)
        let names = try prepared.names()
        #expect(names.filter { $0.hasPrefix("delta/") }.count == 2 && names.contains { $0.hasPrefix("rocksdb/") })
        for name in names {
            let bytes = try prepared.files.readAll(prepared.path + "/" + name)
            for damage in ["missing", "cut", "changed"] {
                // Blocks of sorted files are checked when they are read.
                if damage == "changed", name.hasSuffix(".sst") { continue }
                var changed = bytes
                if damage == "cut" { changed.removeLast() }
                if damage == "changed" { changed[bytes.count / 2] ^= 4 }
                try prepared.write(changed, to: name)
                if damage == "missing" { try prepared.files.remove(prepared.path + "/" + name) }
                do {
                    let texts = try prepared.importing(kind, prepared.path)
                    Issue.record("\(name) is \(damage), and what came of it is \(texts)")
                } catch StateError.damaged(let path, _, _) {
                    #expect(path == prepared.path + "/" + name)
                }
                try prepared.write(bytes, to: name)
            }
        }
        #expect(try prepared.importing(kind, prepared.path) == [2: "b", 3: "c", 4: "d"])
    }

    /// As if the writer had listed too little: no hole in the records is passed over.
    @Test func aFolderThatIsNoSavepointIsRefused() throws {
        let prepared = try Prepared(.rocksDB)
        #expect(throws: StateError.self) { try prepared.importing(.rocksDB, prepared.workspace.path) }
        #expect(throws: StateError.self) { try prepared.importing(.rocksDB, prepared.workspace.path + "/nowhere") }
    }

    @Test(arguments: StateBaseContractTests.Kind.allCases)
    func aSavepointIsNeverWrittenOver(kind: StateBaseContractTests.Kind) throws {
        let workspace = try Workspace()
        let run = Run(kind, "old", in: workspace)
        let store = try run.create()
        defer { store.close() }
        try run.commit(store, [.of([1: "a"])])
        let path = workspace.path + "/savepoint"
        // The remains of one that was interrupted.
        try run.files.makeDirectories(workspace.path + "/.savepoint.incoming/delta")
        try run.files.open(workspace.path + "/.savepoint.incoming/delta/x", .createNew).close()
        try store.export(to: path, job: "j")
        #expect(throws: StateError.self) { try store.export(to: path, job: "j") }
        #expect(try run.files.list(workspace.path).sorted() == ["old", "savepoint"])
        try run.commit(store, [.of([1: "b"])])
        let imported = try Run(kind, "new", in: workspace).importing(path)
        defer { imported.close() }
        #expect(try imported.texts() == [1: "a"])
    }

    /// An import whose run was never committed leaves nothing behind for the next run.
    @Test(arguments: StateBaseContractTests.Kind.allCases)
    func anImportWithoutACommitIsForgotten(kind: StateBaseContractTests.Kind) throws {
        let prepared = try Prepared(kind)
        let run = Run(kind, "new", in: prepared.workspace)
        try run.importing(prepared.path).close()
        let again = try run.importing(prepared.path)
        #expect(try again.texts() == [2: "b", 3: "c", 4: "d"])
        again.close()
        let fresh = try run.create()
        #expect(try fresh.texts() == [:] && !fresh.baseMayHold(operatorID: 1))
        try run.commit(fresh, [.of([9: "x"])])
        try fresh.materialise()
        #expect(try fresh.texts() == [9: "x"])
        fresh.close()
    }

    /// Whole or not at all, wherever a process dies or the power goes while a savepoint is made.
    @Test func anInterruptedSavepointIsNone() throws {
        var whole = 0
        for seed in UInt64(0)..<150 {
            let disk = SimulatedDisk(seed: seed)
            let storage = OrderedMapStorage()
            let state = StoreUnderTest(disk.start())
            state.storage = storage
            var store = try state.create()
            try state.commit(store, 0, [.of([1: "a", 2: "b"])])
            try store.materialise()
            try state.commit(store, 1, [.of([1: nil, 3: "c"])])
            state.files.kill()
            var random = SplitMix64(seed: seed)
            let moment = Fault.Moment.allCases[random.below(3)]
            state.files = disk.start(FaultPlan([Fault(.powerLoss(moment), at: 1 + random.below(30))]))
            do throws(StateError) {
                store = try state.reopen().store
                try store.export(to: "savepoints/s", job: "j")
            } catch {}
            disk.losePower()
            state.files = disk.start()
            #expect(try state.reopen().store.texts() == [2: "b", 3: "c"], "seed \(seed)")
            guard try state.files.exists("savepoints/s") else { continue }
            whole += 1
            let manifest = try SavepointManifest.load("savepoints/s", state.files)
            let imported = try StateStore.importing(
                manifest, directory: "new", run: RunID(high: 9, low: 9), files: state.files,
                base: OrderedMapStateBase(OrderedMapStorage(), process: state.files))
            #expect(try imported.texts() == [2: "b", 3: "c"], "seed \(seed)")
        }
        #expect(20...130 ~= whole, "\(whole) of 150")
    }
}

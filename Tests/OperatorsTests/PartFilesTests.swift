import CommitLog
import HostSystem
import Operators
import Simulation
import Testing

private let run = RunID(high: 0xAB, low: 0xCD)
private let suffix = ".00000000000000ab00000000000000cd"
private let folder = "out"

private func begin(
    _ files: SimulatedFileSystem, rolling: RollingPolicy = RollingPolicy(), safeguards: Safeguards = .all
) throws -> PartFiles {
    try PartFiles.begin(folder: folder, subtask: 0, run: run, files: files, rolling: rolling, safeguards: safeguards)
}

private func put(_ files: SimulatedFileSystem, _ name: String, _ text: String) throws {
    try files.makeDirectories(folder)
    let file = try files.open(folder + "/" + name, .createIfMissing)
    try file.write(Array(text.utf8), at: 0)
}

private func text(_ files: SimulatedFileSystem, _ name: String) throws -> String {
    String(decoding: try files.readAll(folder + "/" + name), as: UTF8.self)
}

private func names(_ files: SimulatedFileSystem) throws -> [String] { try files.list(folder).filter { $0 != ".lock" } }

extension PartFiles {
    fileprivate func write(_ text: String, at milliseconds: Int64 = 0) throws(PartFileError) {
        let bytes = Array(text.utf8)
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(PartFileError) in
            try write(raw, atMilliseconds: milliseconds)
        }
    }

    fileprivate func commitAll(at milliseconds: Int64 = 0) throws {
        _ = try prepare(closing: true, nowMilliseconds: milliseconds)
        try committed()
    }
}

/// A state with part 0 pending with 2 bytes and part 1 open with 3, as a record would name them.
private func sampleState() -> [UInt8] {
    var state = PartFilesState(run: run, subtask: 0, firstNumber: 0, nextNumber: 2)
    state.pending = [PartFilesState.PendingPart(number: 0, sizeBytes: 2)]
    state.open = PartFilesState.OpenPart(
        number: 1, committedBytes: 3, begunMilliseconds: 0, lastWrittenMilliseconds: 0)
    return state.encoded()
}

private let hidden0 = ".part-0000000000-0" + suffix
private let hidden1 = ".part-0000000001-0" + suffix
private let visible0 = "part-0000000000-0"
private let visible1 = "part-0000000001-0"

@Suite struct PartFilesTests {
    @Test func aPartIsVisibleWhenItIsCommitted() throws {
        let files = SimulatedFileSystem()
        let parts = try begin(files)
        try parts.write("a\n")
        try parts.write("b\n")
        _ = try parts.prepare(closing: false, nowMilliseconds: 0)
        try parts.committed()
        #expect(try names(files) == [hidden0])
        try parts.write("c\n")
        _ = try parts.prepare(closing: true, nowMilliseconds: 0)
        #expect(try names(files) == [hidden0])
        try parts.committed()
        #expect(try names(files) == [visible0])
        #expect(try text(files, visible0) == "a\nb\nc\n")
        #expect(parts.numbers == 0..<1)
    }

    @Test func anIdleSinkWritesNothing() throws {
        let files = SimulatedFileSystem()
        let parts = try begin(files)
        _ = try parts.prepare(closing: false, nowMilliseconds: 0)
        try parts.committed()
        let before = files.operations
        try parts.write("")
        for closing in [false, true] {
            _ = try parts.prepare(closing: closing, nowMilliseconds: 1 << 40)
            try parts.committed()
        }
        #expect(files.operations == before)
        #expect(try names(files) == [])
    }

    @Test func aQuietOpenPartIsNotTouched() throws {
        let files = SimulatedFileSystem()
        let parts = try begin(files)
        try parts.write("a\n")
        _ = try parts.prepare(closing: false, nowMilliseconds: 0)
        try parts.committed()
        let before = files.operations
        _ = try parts.prepare(closing: false, nowMilliseconds: 1)
        try parts.committed()
        #expect(files.operations == before)
    }

    @Test func partsRollBySizeWithinAnEpoch() throws {
        let files = SimulatedFileSystem()
        let parts = try begin(files, rolling: RollingPolicy(fileSizeBytes: 3))
        for row in ["a\n", "b\n", "c\n", "d\n", "e\n"] { try parts.write(row) }
        try parts.commitAll()
        #expect(try names(files) == [visible0, visible1, "part-0000000002-0"])
        #expect(try text(files, visible0) == "a\nb\n")
        #expect(try text(files, "part-0000000002-0") == "e\n")
    }

    @Test func partsRollByAgeAndByInactivity() throws {
        let files = SimulatedFileSystem()
        let parts = try begin(files, rolling: RollingPolicy(rolloverMilliseconds: 10, inactivityMilliseconds: 4))
        #expect(parts.rolloverMilliseconds == nil)
        try parts.write("a\n", at: 100)
        #expect(parts.rolloverMilliseconds == 104)
        _ = try parts.prepare(closing: false, nowMilliseconds: 103)
        try parts.committed()
        for now in [Int64(103), 106, 109] { try parts.write("b\n", at: now) }
        #expect(parts.rolloverMilliseconds == 110)
        #expect(try names(files) == [hidden0])
        _ = try parts.prepare(closing: false, nowMilliseconds: 110)
        try parts.committed()
        #expect(try names(files) == [visible0])
    }

    @Test func numbersBeginAboveTheLargest() throws {
        let files = SimulatedFileSystem()
        for name in ["part-0000000004-3", ".part-0000000007-0." + String(repeating: "f", count: 32), "notes.txt"] {
            try put(files, name, "x")
        }
        let parts = try begin(files)
        #expect(parts.notices.count == 3)
        try parts.write("a\n")
        try parts.commitAll()
        #expect(try text(files, "part-0000000008-0") == "a\n")
        #expect(try names(files).count == 4)
    }

    @Test func theFolderIsLocked() throws {
        let files = SimulatedFileSystem()
        let parts = try begin(files)
        #expect(throws: PartFileError.locked(folder: folder)) { try begin(files) }
        #expect(throws: PartFileError.locked(folder: folder)) {
            try PartFiles.recover(folder: folder, state: sampleState(), files: files)
        }
        parts.folder.release()
        #expect(throws: Never.self) { try begin(files) }
    }

    @Test func aFileIsNoFolder() throws {
        let files = SimulatedFileSystem()
        try files.open(folder, .createNew).close()
        #expect(throws: PartFileError.notAFolder(path: folder)) { try begin(files) }
    }

    @Test func aForeignFileIsNeverReplaced() throws {
        for (safeguards, kept) in [(Safeguards.all, true), (.all.subtracting(.noreplace), false)] {
            let files = SimulatedFileSystem()
            let parts = try begin(files, safeguards: safeguards)
            try parts.write("a\n")
            try put(files, visible0, "mine")
            if kept {
                #expect(throws: PartFileError.targetExists(path: "out/" + visible0)) { try parts.commitAll() }
            } else {
                try parts.commitAll()
            }
            #expect(try text(files, visible0) == (kept ? "mine" : "a\n"))
        }
    }

    @Test func aFailedSyncPoisons() throws {
        let disk = SimulatedDisk(seed: 1)
        let files = disk.start(FaultPlan([Fault(.failedSync, at: 1)]))
        let parts = try begin(files)
        try parts.write("a\n")
        #expect(throws: PartFileError.self) { try parts.prepare(closing: true, nowMilliseconds: 0) }
        #expect(throws: PartFileError.poisoned(folder: folder)) { try parts.write("b\n") }
        #expect(throws: PartFileError.poisoned(folder: folder)) {
            try parts.prepare(closing: true, nowMilliseconds: 0)
        }
    }
}

@Suite struct PartFilesRecoveryTests {
    private func recover(_ files: SimulatedFileSystem) throws -> PartFiles {
        try PartFiles.recover(folder: folder, state: sampleState(), files: files)
    }

    @Test func aPendingPartIsRenamedAndAnOpenOneCut() throws {
        let files = SimulatedFileSystem()
        try put(files, hidden0, "a\n")
        try put(files, hidden1, "bb\nlost\n")
        try put(files, ".part-0000000002-0" + suffix, "of no record")
        try put(files, ".part-0000000002-1" + suffix, "of another subtask")
        let parts = try recover(files)
        #expect(parts.notices == [])
        #expect(try names(files) == [hidden1, ".part-0000000002-1" + suffix, visible0])
        try parts.write("c\n")
        try parts.commitAll()
        #expect(try text(files, visible1) == "bb\nc\n")
        #expect(parts.numbers == 0..<2)
    }

    @Test func aRenamedPartCountsAfterASync() throws {
        let disk = SimulatedDisk(seed: 3)
        let files = disk.start()
        try put(files, visible0, "a\n")
        try put(files, hidden1, "bb\n")
        let parts = try recover(files)
        let state = try PartFilesState(try parts.prepare(closing: false, nowMilliseconds: 0))
        #expect(state.pending == [])
        disk.losePower()
        #expect(try names(disk.start()).contains(visible0))
    }

    /// What a start cut is the length that the next one finds, and the disk may have the longer one still: because the
    /// start died before it synced, or because its sync failed.
    @Test(arguments: [false, true]) func theCutOfAnEarlierStartIsDoneAgain(syncFails: Bool) throws {
        for seed in UInt64(0)..<20 {
            let disk = SimulatedDisk(seed: seed)
            let files = disk.start(FaultPlan([Fault(.failedSync, at: 10)]))
            try put(files, visible0, "a\n")
            try put(files, hidden1, "bb\nlost\n")
            try files.open(folder + "/" + hidden1, .update).sync()
            try files.syncDirectory(folder)
            try files.syncDirectory(".")
            let first = try recover(files)
            if syncFails { #expect(throws: PartFileError.self, "seed \(seed)") { try first.commitAll() } }
            files.kill()
            let second = disk.start()
            try recover(second).commitAll()
            disk.losePower()
            #expect(try text(disk.start(), visible1) == "bb\n", "seed \(seed)")
        }
    }

    @Test func aTakenPartIsANotice() throws {
        let files = SimulatedFileSystem()
        try put(files, hidden1, "bb\n")
        #expect(try recover(files).notices.count == 1)
    }

    @Test func whatIsNotAsCommittedIsAnError() throws {
        let path0 = folder + "/" + visible0
        let path1 = folder + "/" + hidden1
        let cases: [([(String, String)], PartFileError)] = [
            (
                [(hidden0, "a\n"), (visible0, "a\n"), (hidden1, "bb\n")],
                .bothPresent(hidden: folder + "/" + hidden0, target: path0)
            ),
            ([(visible0, "a"), (hidden1, "bb\n")], .changed(path: path0, committedBytes: 2, foundBytes: 1)),
            ([(visible0, "a\nb"), (hidden1, "bb\n")], .changed(path: path0, committedBytes: 2, foundBytes: 3)),
            (
                [(hidden0, "a"), (hidden1, "bb\n")],
                .shorter(path: folder + "/" + hidden0, committedBytes: 2, foundBytes: 1)
            ),
            ([(hidden0, "a\n"), (hidden1, "bb")], .shorter(path: path1, committedBytes: 3, foundBytes: 2)),
            ([(hidden0, "a\n")], .missing(path: path1)),
        ]
        for (present, error) in cases {
            let files = SimulatedFileSystem()
            try files.makeDirectories(folder)
            for (name, content) in present { try put(files, name, content) }
            #expect(throws: error) { try recover(files) }
        }
    }

    @Test func everyCutAndFlippedStateIsRefusedOrReadsBack() throws {
        let bytes = sampleState()
        for length in 0..<bytes.count {
            #expect(throws: CorruptBytes.self, "length \(length)") { try PartFilesState(Array(bytes[..<length])) }
        }
        for i in bytes.indices {
            var flipped = bytes
            flipped[i] ^= 0x81
            do throws(CorruptBytes) {
                #expect(try PartFilesState(flipped).encoded() == flipped)
            } catch {
                continue
            }
        }
    }

    @Test func namesAreParsedStrictly() {
        #expect(PartFileName(visible: "part-0000000012-3") == PartFileName(number: 12, subtask: 3))
        for name in ["part-12-3", "part-0000000012", "part-0000000012-03", "part-0000000012-3x", "part-00000000+1-3"] {
            #expect(PartFileName(visible: name) == nil, "\(name)")
        }
        let name = PartFileName(number: 9_999_999_999, subtask: .max)
        #expect(PartFileName(visible: name.visible) == name)
        #expect(PartFileName.parse(hidden: name.hidden(run))?.part == name)
        #expect(PartFileName.parse(hidden: name.hidden(run) + ".x") == nil)
    }
}

@Suite struct PartFilesSetAsideTests {
    @Test func aRunsPartsAreSetAside() throws {
        let disk = SimulatedDisk(seed: 5)
        let files = disk.start()
        try put(files, hidden0, "a\n")
        try put(files, hidden1, "bb\nuncommitted")
        for name in ["part-0000000009-0", visible0 + "x", "part-0000000001-1"] { try put(files, name, "foreign") }
        #expect(try PartFiles.setAside(folder: folder, state: sampleState(), files: files) == "out/_set-aside-1")
        #expect(try files.list("out/_set-aside-1") == [hidden1, visible0])
        #expect(try names(files) == ["_set-aside-1", visible0 + "x", "part-0000000001-1", "part-0000000009-0"])
        #expect(try PartFiles.setAside(folder: folder, state: sampleState(), files: files) == nil)
        disk.losePower()
        #expect(try disk.start().list("out/_set-aside-1") == [hidden1, visible0])
    }

    @Test func anInterruptedCallIsFinishedByTheNext() throws {
        for seed in UInt64(0)..<60 {
            let disk = SimulatedDisk(seed: seed)
            let before = disk.start()
            for number in 0..<2 { try put(before, "part-000000000\(number)-0", "\(number)") }
            for number in 0..<2 { try before.open("out/part-000000000\(number)-0", .update).sync() }
            try before.syncDirectory(folder)
            try before.syncDirectory(".")
            before.kill()
            var random = SplitMix64(seed: seed)
            let dying = disk.start(
                FaultPlan(drawnFrom: &random, within: 10, kills: true, powerLoss: true, errors: false))
            do { _ = try PartFiles.setAside(folder: folder, state: sampleState(), files: dying) } catch {
                #expect(error == .file(error.fileError ?? FileError(.open, "", code: 0)), "seed \(seed)")
            }
            dying.kill()
            let files = disk.start()
            _ = try PartFiles.setAside(folder: folder, state: sampleState(), files: files)
            let asides = try names(files)
            #expect(asides.allSatisfy { $0.hasPrefix("_set-aside-") }, "seed \(seed)")
            let found = try asides.flatMap { try files.list("out/" + $0) }.sorted()
            #expect(found == [visible0, visible1], "seed \(seed)")
        }
    }
}

extension PartFileError {
    fileprivate var fileError: FileError? {
        if case .file(let error) = self { return error }
        return nil
    }
}
